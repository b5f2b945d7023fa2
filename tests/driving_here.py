"""Real runs in this process: studies are driven without a Ray, and import torch but once.

Owns: that whoever drives a study finds a Ray that is this process, with one warm executor. Does not
cover: processes; tests/test_resume.py holds the same studies on a real Ray to be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ray_in_process import RayInProcess

from workers.run.executor import RunExecutor
from workers.run.process import prepare_process


@contextmanager
def driving_here() -> Iterator[None]:
    """Drive studies in this process; one run at a time, for there is one executor."""
    prepare_process()
    ray = RayInProcess(num_cpus=1)
    with RunExecutor(device="cpu") as executor, pytest.MonkeyPatch.context() as patched:
        for module in ("pool", "start_ray"):
            patched.setattr(f"search.driving.{module}.ray", ray)
        patched.setattr("search.driving.audits.make_run_executor", lambda _: executor)
        yield
