"""G1 counts and champions; duties held to on both databases."""

from __future__ import annotations

import pytest
from audit_plans import (
    MIXERS,
    begin,
    complete,
    complete_with,
    fail,
    outcome,
)

from storage import (
    BASELINE,
    TREATMENT,
    AuditStore,
    QueryError,
)


class TestRatesContract:
    def test_g1_is_counted_per_host_and_axis(self, store: AuditStore) -> None:
        runs = begin(store, configurations=8, hosts=2)
        for baseline in runs[BASELINE]:
            complete(store, baseline, 10)
        for run in runs[TREATMENT]:
            if run.position == 0:
                fail(store, run)
            elif run.position != 1:
                complete(
                    store, run, 10 if run.configuration["mixer"] == MIXERS[1] else 9 + run.host
                )
        whole = store.rates.g1_counts("grid")
        assert [(c.backbone, c.adapter, c.design, c.runs, c.g1) for c in whole] == [
            ("backbone-0", "lora-r8", "grid", 7, 2),
            ("backbone-1", "lora-r8", "grid", 7, 7),
        ]
        assert [(c.strict, c.tied, c.inert) for c in whole] == [(0, 0, 2), (0, 0, 7)]
        assert (whole[0].axis, whole[0].value) == (None, None)
        mixers = store.rates.g1_counts("grid", backbone="backbone-0", by="mixer")
        assert {c.value: (c.runs, c.g1) for c in mixers} == {
            MIXERS[0]: (1, 0),
            MIXERS[1]: (2, 2),
            MIXERS[2]: (2, 0),
            MIXERS[3]: (2, 0),
        }
        rules = store.rates.g1_counts(adapter="lora-r8", backbone="backbone-1", by="writeback")
        assert [(c.value, c.runs) for c in rules] == [
            ({"rule": "direct", "gate": None, "alpha": 0.008}, 3),
            ({"rule": "gate", "gate": "vector", "alpha": 0.008}, 4),
        ]
        assert [
            c.value for c in store.rates.g1_counts("grid", backbone="backbone-1", by="layer")
        ] == [0, 1]
        assert store.rates.g1_counts("grid", kind="seed_null") == []
        with pytest.raises(QueryError, match="no axis 'depth'"):
            store.rates.g1_counts("grid", by="depth")

    def test_unmatched_runs_have_no_part_in_a_rate(self, store: AuditStore) -> None:
        runs = begin(store, configurations=2)
        complete(store, runs[TREATMENT][0], 10)
        assert store.rates.g1_counts("grid") == []

    def test_a_champion_is_the_g1_run_with_the_largest_mean(self, store: AuditStore) -> None:
        runs = begin(store, configurations=6, hosts=2)
        for baseline in runs[BASELINE]:
            complete(store, baseline, 10, 10)
        marks = [(10, 12), (20, 9), (11, 11), (10, 10), (12, 10), (9, 9)]
        for run in runs[TREATMENT]:
            if run.host == 0:
                complete(store, run, *marks[run.position // 2])
        begin(store, "other", configurations=1)
        (champion,) = store.rates.champions()
        assert champion.verdict == "strict"
        assert (champion.position, champion.mean_delta) == (0, 5.0)
        assert champion.cells["b"].delta == 10.0
        assert store.rates.champions("other") == []

    def test_a_run_that_gains_nothing_is_no_champion(self, store: AuditStore) -> None:
        runs = begin(store, configurations=4, hosts=2)
        for baseline in runs[BASELINE]:
            complete(store, baseline, 10, 10, word="base")
        marks = [(10, 10), (10, 10), (10, 9), (9, 20)]
        words = ["base", "run", "run", "run"]
        for run in runs[TREATMENT]:
            place = run.position // 2
            gains = (10, 11) if run.host == 1 and place == 2 else marks[place]
            complete(store, run, *gains, word=words[place])
        first, second = store.rates.g1_counts("grid")
        assert (first.runs, first.g1, first.strict, first.tied, first.inert) == (4, 2, 0, 1, 1)
        assert (second.runs, second.g1, second.strict, second.tied, second.inert) == (4, 3, 1, 1, 1)
        assert (first.unsplit, second.unsplit) == (0, 0)
        (champion,) = store.rates.champions("grid")
        assert (champion.host, champion.mean_delta) == (1, 2.5)
        status = store.studies.status("grid")
        assert (status.g1, status.strict, status.tied, status.inert) == (5, 1, 2, 2)

    def test_a_split_that_nobody_knows_is_said(self, store: AuditStore) -> None:
        runs = begin(store, configurations=2)
        complete(store, runs[BASELINE][0], 10)
        complete(store, runs[TREATMENT][0], 10, word="unlike the baseline, which kept no digests")
        complete(store, runs[TREATMENT][1], 11)
        (counted,) = store.rates.g1_counts("grid")
        assert (counted.g1, counted.strict, counted.tied, counted.inert) == (2, 1, 0, 0)
        assert counted.unsplit == 1

    def test_equal_means_are_a_tie_that_the_plans_order_decides(self, store: AuditStore) -> None:
        """As floats the mean of the second is larger by one bit."""
        runs = begin(store, configurations=2)
        complete_with(store, runs[BASELINE][0], outcome(100, 100, 100, 100, n_items=500))
        first, second = runs[TREATMENT]
        complete_with(store, second, outcome(105, 104, 100, 100, n_items=500))
        complete_with(store, first, outcome(106, 103, 100, 100, n_items=500))
        assert [run.mean_delta for run in store.runs.iterate("grid")][:2] == [0.45, 0.45]
        assert [run.id for run in store.rates.champions("grid")] == [first.id]
