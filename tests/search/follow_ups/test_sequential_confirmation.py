"""Seeds one by one: what comes next, what is decided, and what a failed or begun seed does."""

from __future__ import annotations

import pytest
from seeded_study import finish, seed_study

from api.views.confirmation import UntilDecided
from search.errors import StudyFileError
from search.follow_ups.confirmation import launch_confirmation
from search.follow_ups.sequential_confirmation import (
    launch_next_seed,
    noise_of,
    sequential_confirmation,
)
from search.follow_ups.studies import origin_of, seeds_of
from search.statistics.errors import StatisticsError
from storage import BASELINE, AuditStore, Run, RunFilter

ASKED = {"level": 0.05, "max_seeds": 12}


def chosen(store: AuditStore) -> Run:
    """A run with 4 and 2 of 20 items won."""
    seed_study(store, lambda run: (10, 10) if run.kind == BASELINE else (14, 12))
    return next(run for run in store.runs.iterate("seeded", RunFilter(kind="treatment")))


def one_more(store: AuditStore, run: Run, gained: tuple[int, int] | None) -> list[str]:
    """Launch the next seed and finish it with so many items won on the two benchmarks."""
    names = launch_next_seed(store, run.id, max_seeds=ASKED["max_seeds"])

    def score(found: Run) -> tuple[int, int] | None:
        if found.kind == BASELINE:
            return (10, 10)
        return None if gained is None else (10 + gained[0], 10 + gained[1])

    for name in names:
        finish(store, name, score)
    return names


def test_it_stops_as_soon_as_it_is_decided(store: AuditStore) -> None:
    run = chosen(store)
    before = sequential_confirmation(store, run.id, **ASKED)
    assert (before.seeds, before.mean_delta, before.finished) == (0, None, False)
    studies = []
    while not (state := sequential_confirmation(store, run.id, **ASKED)).finished:
        studies += one_more(store, run, (10, 8))
    assert state.verdict.decision == "better"
    assert state.seeds == state.verdict.seeds == len(studies) < 12
    assert state.mean_delta == 45.0
    assert state.sentence == (
        f"Decided after {state.seeds} seeds: better than its baseline, +45.00 pp on average "
        "(a wrong decision has a chance of 0.05 at most)."
    )
    origin = origin_of(store, run.id)
    seeds = [seed for name in studies for seed in store.studies.get(name).spec["seeds"]]
    assert seeds == seeds_of(origin, len(studies))
    shape = UntilDecided.from_record(state).model_dump()
    assert (shape["decision"], shape["seeds"]) == ("better", state.seeds)
    assert shape["up"] >= shape["needed"] == 40


def test_a_worthless_configuration_ends_at_the_most_seeds(store: AuditStore) -> None:
    run = chosen(store)
    for number in range(12):
        assert not sequential_confirmation(store, run.id, **ASKED).finished
        one_more(store, run, (1, -1) if number % 2 else (-1, 0))
    state = sequential_confirmation(store, run.id, **ASKED)
    assert (state.finished, state.verdict.decision, state.seeds) == (True, None, 12)
    assert state.sentence.startswith(
        "Not decided after 12 seeds, -1.25 pp on average: the evidence"
    )


def test_a_failed_seed_is_in_no_number_and_counts_towards_the_most(store: AuditStore) -> None:
    run = chosen(store)
    one_more(store, run, None)
    one_more(store, run, (2, 0))
    state = sequential_confirmation(store, run.id, **ASKED)
    assert (state.seeds, state.verdict.seeds, state.mean_delta) == (2, 1, 5.0)


def test_a_seed_that_was_begun_is_finished_before_the_next(store: AuditStore) -> None:
    """As after a crash: asked again, the same study is to be driven and nothing is added."""
    run = chosen(store)
    first = launch_next_seed(store, run.id, max_seeds=12)
    assert launch_next_seed(store, run.id, max_seeds=12) == first
    state = sequential_confirmation(store, run.id, **ASKED)
    assert (state.seeds, state.running, state.finished) == (0, True, False)


def test_seeds_of_an_earlier_confirmation_are_the_first_ones(store: AuditStore) -> None:
    run = chosen(store)
    (name,) = launch_confirmation(store, run.id, num_seeds=3)
    finish(store, name, lambda found: (10, 10) if found.kind == BASELINE else (12, 10))
    state = sequential_confirmation(store, run.id, **ASKED)
    assert (state.seeds, state.mean_delta) == (3, 5.0)
    (more,) = one_more(store, run, (2, 0))
    assert store.studies.get(more).spec["seeds"] == seeds_of(origin_of(store, run.id), 4)[3:]


def test_the_noise_is_of_the_chosen_runs_discordant_items(store: AuditStore) -> None:
    run = chosen(store)
    # 4 and 2 discordant of 20: sqrt(4 / 400 + 2 / 400) / 2.
    assert noise_of(run) == pytest.approx(100 * 0.015**0.5 / 2)


def test_what_is_not_allowed(store: AuditStore) -> None:
    run = chosen(store)
    with pytest.raises(StudyFileError, match="max-seeds: 0 is not allowed; allowed: 1 to 1000"):
        sequential_confirmation(store, run.id, level=0.05, max_seeds=0)
    with pytest.raises(StatisticsError, match=r"level is 5.0; allowed: numbers between 0 and 1"):
        sequential_confirmation(store, run.id, level=5.0, max_seeds=4)
