"""The order in which due runs are handed out."""

from __future__ import annotations

from search.driving.due_queue import DueQueue
from storage import BASELINE, TREATMENT, DueRun

BACKBONES = {0: "small", 1: "small", 2: "large"}


def due(name: str, *, host: int = 0, kind: str = TREATMENT, position: int = 0) -> DueRun:
    return DueRun(
        id=name,
        host=host,
        kind=kind,
        configuration=None,
        configuration_id=None,
        seed=1,
        baseline_seed=1,
        position=position,
        trial_number=None,
        attempt=0,
        failures=0,
    )


def drain(queue: DueQueue, *, warm: str | None = None) -> list[str]:
    taken = []
    while run := queue.take(warm=warm):
        taken.append(run.id)
    return taken


def test_baselines_come_first_then_the_order_of_the_plan() -> None:
    runs = [
        due("t3", position=3),
        due("t1", position=1),
        due("b2", kind=BASELINE, position=2),
        due("b0", kind=BASELINE, position=0, host=1),
    ]
    queue = DueQueue(BACKBONES, runs)
    assert len(queue) == 4
    assert drain(queue) == ["b0", "b2", "t1", "t3"]
    assert len(queue) == 0


def test_a_worker_stays_with_the_backbone_it_holds_warm() -> None:
    queue = DueQueue(
        BACKBONES,
        [due("s1", position=1), due("l2", host=2, position=2), due("l3", host=2, position=3)],
    )
    first = queue.take(warm="small")
    assert first is not None
    assert first.id == "s1"
    assert drain(queue, warm="small") == ["l2", "l3"]  # nothing small is left


def test_a_cold_worker_takes_from_the_backbone_with_most_to_do() -> None:
    queue = DueQueue(
        BACKBONES,
        [due("s1", position=1), due("l2", host=2, position=2), due("l3", host=2, position=3)],
    )
    assert drain(queue, warm=None) == ["l2", "s1", "l3"]


def test_a_backbone_that_the_study_lacks_is_as_good_as_none() -> None:
    queue = DueQueue(BACKBONES, [due("s1")])
    assert drain(queue, warm="another study's") == ["s1"]


def test_what_is_put_goes_last_and_what_is_put_back_first() -> None:
    queue = DueQueue(BACKBONES, [due("s1")])
    queue.put(due("s2"))
    queue.put_back(due("s0", host=1))
    assert drain(queue) == ["s0", "s1", "s2"]


def test_what_is_dropped_is_not_handed_out() -> None:
    queue = DueQueue(BACKBONES, [due("s1"), due("s2"), due("l1", host=2)])
    queue.drop(["s1", "l1", "unknown"])
    assert drain(queue) == ["s2"]
