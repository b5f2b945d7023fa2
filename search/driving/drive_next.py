"""``python -m search.driving.drive_next``: do the analyses that wait, else drive a study, then end.

The study is the one that has waited longest.

Owns: one drive in a process of its own, so that whatever Ray does to it leaves the scheduler
standing. Told by the environment, where no password shows in a process list: ``TALAN_STORAGE``,
``TALAN_RAY_ADDRESS``. Exit codes: 0 driven or nothing to do, 1 ended before the study did,
``NO_PLACE`` where the engine is well and only has no place for this study.
"""

from __future__ import annotations

import os
import sys

from search.driving.analysing import carry_out_next
from search.driving.audits import Engine, drive_next
from search.driving.interruptions import heed_signals
from search.driving.scheduler import NO_PLACE
from search.errors import PlacementError, SearchError
from storage import AuditStore, StorageError
from storage.secrets import without_secrets


def main() -> int:
    """Drive one study; what went wrong goes to stderr as one line."""
    heed_signals()
    engine = Engine(ray_address=os.environ.get("TALAN_RAY_ADDRESS") or None)
    try:
        with AuditStore.open(os.environ["TALAN_STORAGE"], create=False) as store:
            analysed = carry_out_next(store, engine=engine)  # they are short: no study waits long
            driven = None if analysed else drive_next(store, engine=engine)
    except KeyboardInterrupt:
        return 1
    except (SearchError, StorageError) as error:
        print(f"talan: {without_secrets(str(error))}", file=sys.stderr, flush=True)
        return NO_PLACE if isinstance(error, PlacementError) else 1
    if analysed:
        print(f"{analysed} analyses are done", file=sys.stderr, flush=True)
    if driven:
        print(f"study {driven[0]} is {driven[1]}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
