"""Several processes that train one run together."""

from workers.distributed.ray_team import RayTeam
from workers.distributed.share import Share, joined
from workers.distributed.team import ALONE, Join, Team

__all__ = ["ALONE", "Join", "RayTeam", "Share", "Team", "joined"]
