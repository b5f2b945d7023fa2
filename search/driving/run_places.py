"""Where a run's processes are placed on Ray.

Owns: the placement group of a run that several processes train, and whether the nodes hold one.
Does not cover: the actors in it (``search.driving.pool`` starts the run's own at the first place,
which starts the others, ``workers.ray_actors.training_actors``).

A group is given all its places at once or none: two runs that each hold half of their processes
and wait for the other's cannot come about. A group that finds no room waits, and its run's worker
is not up. Places are on one node where one has room for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ray.util import placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from search.study.keys import Resources


def reserve_places(resources: Resources) -> dict[str, object]:
    """Actor options that put a run's own process at the first of its places; none for one alone."""
    if resources.processes_per_run == 1:
        return {}
    group = placement_group([per_process(resources)] * resources.processes_per_run, strategy="PACK")
    first = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=0)
    return {"scheduling_strategy": first}


def per_process(resources: Resources) -> dict[str, float]:
    """What a process takes, in Ray's words."""
    wanted = {"CPU": resources.cpus_per_run, "GPU": resources.gpus_per_run}
    return {kind: float(amount) for kind, amount in wanted.items() if amount}


def places_held(nodes: Sequence[Mapping[str, float]], resources: Resources) -> int:
    """How many processes the nodes have room for."""
    wanted = per_process(resources)
    return sum(
        min(int(node.get(kind, 0.0) / amount) for kind, amount in wanted.items()) for node in nodes
    )
