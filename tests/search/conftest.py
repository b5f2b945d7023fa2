"""Fixtures of the search tests: a Ray cluster for all of them, a record, scripted workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import scripted_executor
from ray import cloudpickle
from ray.cluster_utils import Cluster
from ray_in_process import RayInProcess
from scripted_executor import ProcessEnded, Script

from search.driving.audits import Engine

NUM_CPUS = 4


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """A Ray cluster of four CPUs; each study joins it, which is quicker than starting a Ray."""
    cloudpickle.register_pickle_by_value(scripted_executor)  # workers cannot import from here
    with pytest.MonkeyPatch.context() as patched:
        # Ray would nice its workers, and the tests beside them would starve them.
        patched.setenv("RAY_worker_niceness", "0")
        cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": NUM_CPUS,
                "include_dashboard": False,
                "include_log_monitor": False,
                "no_monitor": True,  # nothing is scaled here
            },
        )
    yield cluster.address
    cluster.shutdown()


@pytest.fixture
def scripted_on_ray(tmp_path: Path, ray_address: str) -> Callable[..., tuple[Engine, Script]]:
    """Makes an engine whose workers follow a script, in processes of a real Ray; and the script."""

    def make(**faults: Any) -> tuple[Engine, Script]:
        script = Script(folder=str(tmp_path), **faults)
        return Engine(ray_address=ray_address, make_executor=script), script

    return make


@pytest.fixture
def scripted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Engine, Script]]:
    """The same in this process: what a driver does with its pool needs no other."""
    ray = RayInProcess(num_cpus=NUM_CPUS, death=ProcessEnded)
    monkeypatch.setattr("search.driving.pool.ray", ray)
    monkeypatch.setattr("search.driving.start_ray.ray", ray)

    def make(**faults: Any) -> tuple[Engine, Script]:
        script = Script(folder=str(tmp_path), in_process=True, **faults)
        return Engine(ray_address="this process", make_executor=script), script

    return make
