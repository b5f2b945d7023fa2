"""Several processes that train one run together.

``workers.distributed.ray_team`` is not exported here: a workbench needs no Ray.
"""

from workers.distributed.share import Share, joined
from workers.distributed.team import ALONE, Join, Team

__all__ = ["ALONE", "Join", "Share", "Team", "joined"]
