"""G1 counts and champions; duties held to on both databases."""

from __future__ import annotations

import pytest
from audit_plans import (
    MIXERS,
    begin,
    complete,
    fail,
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
        assert (champion.position, champion.mean_delta) == (0, 5.0)
        assert champion.cells["b"].delta == 10.0
        assert store.rates.champions("other") == []
