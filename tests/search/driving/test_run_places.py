"""How many processes the nodes of a cluster hold."""

import pytest

from search.driving.run_places import per_process, places_held
from search.study.keys import Resources

NODES = [{"CPU": 16.0, "GPU": 4.0}, {"CPU": 6.0, "GPU": 8.0}, {"CPU": 64.0}]


@pytest.mark.parametrize(
    ("cpus", "gpus", "held"), [(4, 1, 5), (4, 0, 21), (1, 1, 10), (0.5, 0, 172), (8, 8, 0)]
)
def test_each_process_needs_all_it_takes_on_one_node(cpus: float, gpus: float, held: int):
    assert places_held(NODES, Resources(cpus_per_run=cpus, gpus_per_run=gpus)) == held


def test_what_is_not_asked_for_is_not_reserved():
    assert per_process(Resources(cpus_per_run=2)) == {"CPU": 2.0}
    assert per_process(Resources(cpus_per_run=2, gpus_per_run=1)) == {"CPU": 2.0, "GPU": 1.0}


def test_a_run_holds_what_all_its_processes_have():
    resources = Resources(cpus_per_run=4, gpus_per_run=1, processes_per_run=8)
    assert (resources.cpus_held, resources.gpus_held) == (32.0, 8.0)
