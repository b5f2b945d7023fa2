"""Treatments wait for their own baseline, and nothing else does."""

from search.driving.baseline_gate import BaselineGate
from storage.new_rows import BASELINE, SEED_NULL, TREATMENT
from storage.records import DueRun


def due(name: str, *, kind: str = TREATMENT, host: int = 0, seed: int = 1) -> DueRun:
    return DueRun(
        id=name,
        host=host,
        kind=kind,
        configuration=None,
        configuration_id=None,
        seed=seed,
        baseline_seed=seed,
        position=0,
        trial_number=None,
        attempt=0,
        failures=0,
    )


def test_treatments_wait_until_their_own_baseline_is_done() -> None:
    gate = BaselineGate({(0, 2)})
    runs = [due("b"), due("a"), due("other seed", seed=3), due("other host", host=1)]
    assert all(map(gate.holds, runs))
    assert not gate.holds(due("ready", seed=2))
    assert len(gate) == 4
    assert gate.open(0, seed=1) == runs[:2]
    assert not gate.holds(due("later"))
    gate.drop(["other seed", "unknown"])
    assert gate.open(0, seed=3) == []
    assert gate.open(1, seed=1) == [runs[3]]
    assert not gate


def test_baselines_and_null_runs_do_not_wait() -> None:
    gate = BaselineGate(())
    assert not gate.holds(due("baseline", kind=BASELINE))
    assert not gate.holds(due("null", kind=SEED_NULL))
    assert gate.holds(due("treatment"))


def test_with_full_verdicts_nothing_waits() -> None:
    gate = BaselineGate()
    assert not gate.holds(due("treatment"))
    assert gate.open(0, seed=1) == []
