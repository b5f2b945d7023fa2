"""What a recorded host's deltas vary by: the table is the record's own."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from seeded_study import seed_study

from search.rates.champion_worth import champion_worths
from search.rates.host_worths import host_worths
from search.rates.known_rates import KnownRates
from storage import BASELINE, AuditStore, Run, StudyNotFound

LAYERS = [0, 1, 2, 3]
LUCK = {1: 0, 2: 2, 3: -1}


def score(run: Run) -> tuple[int, int]:
    """The layer is worth what it says, the seed moves all configurations alike."""
    if run.kind == BASELINE:
        return (10, 10)
    assert run.configuration is not None
    layer, slots = run.configuration["layer"], run.configuration["slots"]
    noise = (layer * 3 + slots * 5 + run.seed * 7) % 3 - 1
    return (10 + layer + LUCK[run.seed] + noise, 10 + layer + LUCK[run.seed])


def test_the_split_and_the_means_are_of_the_records_deltas(store: AuditStore) -> None:
    seed_study(store, score, seeds=[1, 2, 3], axes={"layer": LAYERS, "slots": [1, 2]})
    (host,) = host_worths(store, "seeded")
    assert (host.seeds, host.configurations, host.left_out) == (3, 8, 0)
    runs: dict[str, list[float]] = {}
    for run in store.runs.iterate("seeded"):
        if run.kind != BASELINE:
            runs.setdefault(run.configuration_id or "", []).append(run.mean_delta or 0.0)
    assert set(host.shrunken) == set(runs)
    for name, mean in host.shrunken.items():
        assert mean.observed == pytest.approx(sum(runs[name]) / 3)
    split = host.split
    assert split is not None
    assert split.seed is not None
    assert split.seed > 20
    parts = (split.items, split.seed, split.configuration, split.seed_by_configuration)
    assert sum(part or 0 for part in parts) == pytest.approx(100)
    assert host.reason is None
    best = max(host.shrunken.values(), key=lambda mean: mean.observed)
    assert best.g1_at_fresh_seed is not None
    low, high = best.interval
    assert low < best.shrunken < high


def test_what_failed_or_is_inert_is_left_out(store: AuditStore) -> None:
    def some(run: Run) -> tuple[int, int] | None:
        layer = run.configuration["layer"] if run.configuration else None
        return None if layer == 0 and run.seed == 2 else score(run)

    seed_study(store, some, seeds=[1, 2], axes={"layer": LAYERS, "slots": [1, 2]})
    (host,) = host_worths(store, "seeded")
    assert (host.configurations, host.left_out) == (6, 2)


def test_champions_worths_are_remembered_until_a_run_has_its_verdict(store: AuditStore) -> None:
    seed_study(store, score, seeds=[1, 2], axes={"layer": LAYERS, "slots": [1, 2]})
    known, statements = KnownRates(), []
    worths = champion_worths(store, store.rates.champions("seeded"), known=known)
    (worth,) = worths.values()
    assert (worth.configurations, worth.seeds) == (8, 2)

    def read(*asked: object) -> None:
        statements.append(str(asked[2]))

    sa.event.listen(store.database.engine, "before_cursor_execute", read)
    again = champion_worths(store, store.rates.champions("seeded"), known=known)
    assert again == worths
    assert [text for text in statements if "talan_cells.outcomes" in text] == []

    with store.database.engine.begin() as connection:  # one run is open again
        undone = "UPDATE talan_runs SET g1 = NULL WHERE id = (SELECT max(id) FROM talan_runs"
        connection.execute(sa.text(f"{undone} WHERE kind = 'treatment')"))
    champions = store.rates.champions("seeded")
    later = champion_worths(store, champions, known=known)
    assert later == champion_worths(store, champions)
    assert [found.configurations for found in later.values()] == [7]


def test_one_seed_says_so(store: AuditStore) -> None:
    seed_study(store, score, seeds=[1], axes={"layer": LAYERS, "slots": [1, 2]})
    (host,) = host_worths(store, "seeded")
    assert host.split is not None
    assert host.split.unsplit is not None
    assert all(mean.g1_at_fresh_seed is None for mean in host.shrunken.values())
    assert host.reason is not None
    assert host.reason.startswith("one seed")


def test_too_few_configurations_and_no_study(store: AuditStore) -> None:
    seed_study(store, score, seeds=[1, 2], axes={"layer": [1]})
    (host,) = host_worths(store, "seeded")
    assert (host.split, dict(host.shrunken)) == (None, {})
    assert host.reason == (
        "1 of its configurations has a verdict at every seed and a changed response"
    )
    with pytest.raises(StudyNotFound):
        host_worths(store, "nowhere")
