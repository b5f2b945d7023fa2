"""From a response and its item to a verdict; stored responses can be scored again."""

from workers.suites.scoring.scored import extract, score
from workers.suites.scoring.verdict import Scored

__all__ = ["Scored", "extract", "score"]
