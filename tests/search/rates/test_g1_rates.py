"""G1 rates beside their null rates, from recorded studies."""

from __future__ import annotations

from math import comb
from typing import Any

import pytest
from seeded_study import seed_study

from search.rates.g1_rates import g1_rows
from storage import SEED_NULL, SHAM_NULL, TREATMENT, AuditStore, QueryError, Run, StudyNotFound

AXES = {"layer": [0, 1, 2, 3], "slots": [1, 2, 3]}


def fisher(a: int, n: int, b: int, m: int) -> float:
    """Fisher's two-sided p by summing the tables that are no likelier."""
    total = comb(n + m, a + b)

    def chance(k: int) -> float:
        return comb(n, k) * comb(m, a + b - k) / total

    possible = range(max(0, a + b - m), min(n, a + b) + 1)
    return sum(chance(k) for k in possible if chance(k) <= chance(a) * (1 + 1e-9))


def score(run: Run) -> tuple[int, int]:
    """Treatments are G1 on layer 0 only; of the nulls, two seeds and one sham are."""
    if run.kind == TREATMENT:
        assert run.configuration is not None
        return (12, 10) if run.configuration["layer"] == 0 else (9, 20)
    if run.kind == SEED_NULL:
        return (10, 10) if run.position % 4 == 0 else (9, 9)
    if run.kind == SHAM_NULL:
        return (15, 15) if run.seed == 0 else (15, 9)
    return (10, 10)


@pytest.fixture
def rows(store: AuditStore) -> list[dict[str, Any]]:
    seed_study(store, score, axes=AXES, null_runs={"seed": 8, "sham": 5})
    return g1_rows(store, "seeded")


def test_both_kinds_are_pooled_and_kept_apart(rows: list[dict[str, Any]]) -> None:
    (row,) = rows
    assert (row["runs"], row["g1"], row["rate"]) == (12, 3, 0.25)
    null = row["null"]
    assert (null["runs"], null["g1"], null["rate"]) == (13, 3, 3 / 13)
    assert (null["seed"]["runs"], null["seed"]["g1"], null["seed"]["rate"]) == (8, 2, 0.25)
    assert (null["sham"]["runs"], null["sham"]["g1"]) == (5, 1)
    assert null["sham"]["interval"] == pytest.approx([0.0051, 0.7164], abs=5e-5)
    assert row["expected"] is None


def test_the_rate_is_tested_against_the_null(rows: list[dict[str, Any]]) -> None:
    test = rows[0]["test"]
    assert test["fisher_p"] == pytest.approx(fisher(3, 12, 3, 13))
    assert test["seed_fisher_p"] == pytest.approx(fisher(3, 12, 2, 8))
    assert test["sham_fisher_p"] == pytest.approx(fisher(3, 12, 1, 5))
    assert (test["runs"], test["alternative"], test["adjusted_p"]) == (12, "two-sided", None)
    assert 0 < test["boschloo_p"] <= 1


def test_values_of_an_axis_are_corrected(store: AuditStore) -> None:
    seed_study(store, score, axes=AXES, null_runs={"seed": 8, "sham": 5})
    by_layer = g1_rows(store, "seeded", by="layer")
    assert [(row["value"], row["g1"], row["runs"]) for row in by_layer] == [
        (0, 3, 3),
        *((layer, 0, 3) for layer in (1, 2, 3)),
    ]
    first, *others = (row["test"] for row in by_layer)
    raw, low = fisher(3, 3, 3, 13), fisher(0, 3, 3, 13)
    assert (first["fisher_p"], first["num_tests"]) == (pytest.approx(raw), 4)
    assert first["adjusted_p"] == pytest.approx(4 * raw)
    assert all(test["adjusted_p"] == pytest.approx(min(1, 3 * low)) for test in others)
    by_rule = g1_rows(store, "seeded", by="writeback")
    assert by_rule[0]["test"]["adjusted_p"] == pytest.approx(fisher(3, 12, 3, 13))


def test_only_treatments_that_share_the_nulls_baseline_are_tested(store: AuditStore) -> None:
    def by_seed(run: Run) -> tuple[int, int]:
        if run.kind == TREATMENT and run.seed == 2:
            return (20, 20)
        return score(run)

    seed_study(store, by_seed, axes=AXES, seeds=[1, 2], null_runs={"seed": 8})
    (row,) = g1_rows(store, "seeded")
    assert (row["runs"], row["g1"]) == (24, 15)
    assert row["test"]["runs"] == 12
    assert row["test"]["fisher_p"] == pytest.approx(fisher(3, 12, 2, 8))
    assert row["test"]["sham_fisher_p"] is None
    assert row["null"]["sham"] is None


def test_without_null_runs_chance_is_told_and_marked_as_computed(store: AuditStore) -> None:
    seed_study(store, score, axes=AXES)
    (row,) = g1_rows(store, "seeded")
    assert (row["null"], row["test"]) == (None, None)
    # Outcomes are nested: 12 and 10 right differ on 2 and 0 items, 9 and 20 on 1 and 10.
    g1_like = (3 / 4) * 1.0  # of two fair coins at least one right; no item, no loss
    other = (1 / 2) * sum(comb(10, k) for k in range(5, 11)) / 2**10
    expected = row["expected"]
    assert expected["kind"] == "analytic"
    assert expected["rate"] == pytest.approx((3 * g1_like + 9 * other) / 12)
    assert expected["runs"] == 12
    assert set(expected["cells"]) == {"tiny_choice", "tiny_code"}


def test_each_host_has_its_own(store: AuditStore) -> None:
    lora = {"type": "lora", "r": 8, "alpha": 16, "target_modules": ["q_proj"]}
    seed_study(
        store,
        lambda run: (12, 12) if run.kind == SEED_NULL and run.host == 1 else score(run),
        axes=AXES,
        adapters=[lora, {**lora, "r": 4}],
        null_runs={"seed": 4},
    )
    seed_study(store, score, name="bare", axes=AXES)
    rows = {(row["study"], row["adapter"]): row for row in g1_rows(store)}
    assert rows["seeded", "lora-r8"]["null"]["g1"] < 4
    assert rows["seeded", "lora-r4"]["null"]["g1"] == 4
    assert rows["bare", "lora-r8"]["null"] is None
    assert rows["bare", "lora-r8"]["expected"]["kind"] == "analytic"
    (only,) = g1_rows(store, adapter="lora-r4")
    assert only == rows["seeded", "lora-r4"]


def test_what_is_not_there(store: AuditStore) -> None:
    assert g1_rows(store) == []
    with pytest.raises(StudyNotFound):
        g1_rows(store, "nowhere")
    with pytest.raises(QueryError, match="no axis 'depth'"):
        g1_rows(store, by="depth")
