"""How the workers of `make test` share out the tests.

Owns: which files one worker runs together, and what is begun first. Does not cover: how many
workers there are (the Makefile).

What a session's fixture starts is started in every worker that comes upon it, and stays until the
worker ends: a Ray cluster, a browser with its server, a trained study. So the files that need one
stay together.
"""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

# The files of a group run in one worker, one after the other.
TOGETHER = {
    "Ray": (
        "tests/search/driving/test_audits.py",
        "tests/search/driving/test_distributed_runs.py",
        "tests/search/driving/test_driver.py",
        "tests/search/driving/test_interruptions.py",
        "tests/search/driving/test_pool.py",
    ),
    "pages": ("tests/dashboards/test_pages_",),
    "trained models": ("tests/models/",),
}

# What takes longest: whole systems, Ray, a browser, training. Begun first, it lets the workers end
# at the same time.
BEGUN_FIRST = (
    "tests/test_service.py",
    *TOGETHER["Ray"],
    "tests/test_resume.py",
    "tests/test_",
    *TOGETHER["pages"],
    *TOGETHER["trained models"],
    "tests/search/driving/",
    "tests/workers/",
    "tests/real_data/",
)


class FilesTogether(LoadFileScheduling):
    """Gives a worker a file, or a group of them, at a time."""

    def _split_scope(self, nodeid: str) -> str:
        for group, starts in TOGETHER.items():
            if nodeid.startswith(starts):
                return group
        return super()._split_scope(nodeid)


def place_of(nodeid: str) -> int:
    """Where a test stands in the order in which tests are begun."""
    places = (at for at, start in enumerate(BEGUN_FIRST) if nodeid.startswith(start))
    return next(places, len(BEGUN_FIRST))
