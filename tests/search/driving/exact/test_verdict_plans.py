"""Plans from a baseline and from what earlier runs came to."""

from __future__ import annotations

from collections.abc import Sequence

from search.driving.audits import launch
from search.driving.exact.verdict_plans import VerdictPlans
from search.study.file import parse_study
from search.study.plan import resolve
from storage import AuditStore
from storage.new_rows import BASELINE, SEED_NULL, TREATMENT
from storage.records import DueRun

N = 8
CHOICE, CODE = "tiny_choice", "tiny_code"


def answered(bits: Sequence[int]) -> dict[int, bool]:
    return {item: bool(bit) for item, bit in enumerate(bits)}


def empty(store: AuditStore) -> VerdictPlans:
    file = parse_study({"name": "planned", "benchmarks": [CHOICE, CODE], "verdicts": "exact"})
    launch(store, file, artifact_url="artifacts")
    return VerdictPlans(store, resolve(file))


def learn(plans: VerdictPlans, kind: str, choice: Sequence[int], code: Sequence[int], **s: float):
    plans.learn(
        0,
        kind=kind,
        seed=42,
        answers={CHOICE: answered(choice), CODE: answered(code)},
        seconds={CHOICE: s.get("choice_s", 1.0), CODE: s.get("code_s", 1.0)},
    )


def due(store: AuditStore) -> DueRun:
    (run,) = [r for r in store.dispatch.next_pending("planned", limit=9) if r.kind == TREATMENT]
    return run


def test_the_baseline_alone_orders_items_and_cheap_benchmarks_first(store: AuditStore) -> None:
    plans = empty(store)
    learn(plans, BASELINE, [1] * 6 + [0] * 2, [1, 0] * 4, choice_s=3.0, code_s=2.0)

    order, by_name = plans.of(due(store))

    assert plans.knows(due(store))
    assert order == (CODE, CHOICE)
    assert (by_name[CHOICE].baseline_correct, by_name[CODE].baseline_correct) == (6, 4)
    assert by_name[CHOICE].in_order([(0, 1), (2, 3, 4), (5, 6, 7)]) == [
        (5, 6, 7),
        (0, 1),
        (2, 3, 4),
    ]


def test_what_was_lost_before_goes_first(store: AuditStore) -> None:
    plans = empty(store)
    learn(plans, BASELINE, [1] * 6 + [0] * 2, [1, 0] * 4, choice_s=3.0, code_s=2.0)
    for _ in range(3):
        learn(plans, TREATMENT, [0] * 4 + [1] * 4, [1] * 8, choice_s=3.0, code_s=2.0)

    order, by_name = plans.of(due(store))

    assert order == (CHOICE, CODE)  # lost 3 times of 3, against never
    assert by_name[CHOICE].in_order([(4, 5), (6, 7), (0, 1)]) == [(0, 1), (6, 7), (4, 5)]


def test_items_that_were_not_asked_count_for_nothing(store: AuditStore) -> None:
    plans = empty(store)
    learn(plans, BASELINE, [1] * N, [1] * N)
    lost = {CHOICE: {6: False, 7: False}, CODE: {}}
    plans.learn(0, kind=TREATMENT, seed=42, answers=lost, seconds={CHOICE: 0.1, CODE: 0.0})

    _, by_name = plans.of(due(store))

    assert by_name[CHOICE].right_share == (0.75,) * 6 + (0.5,) * 2
    assert by_name[CODE].right_share == (0.75,) * N


def test_null_runs_teach_nothing(store: AuditStore) -> None:
    plans = empty(store)
    learn(plans, BASELINE, [1] * N, [1] * N)
    before = plans.of(due(store))
    learn(plans, SEED_NULL, [0] * N, [0] * N)
    assert plans.of(due(store)) == before
