"""G1 rows from recorded studies, every number computed again from what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from seeded_study import BENCHMARKS, finish, seed_study

from search.rates.g1_rates import g1_rows, host_rows
from search.rates.g1_row import G1Row
from search.rates.known_rates import KnownRates
from search.statistics.clopper_pearson import clopper_pearson
from storage import SEED_NULL, SHAM_NULL, TREATMENT, AuditStore, QueryError, Run, StudyNotFound
from storage.host_runs import read_host_runs

AXES = {"layer": [0, 1, 2, 3], "slots": [1, 2, 3]}
Score = Callable[[Run], Any]


def noisy(seed: int = 3, *, gain: int = 0) -> Score:
    """Right answers of baseline, treatments and null runs from one law; ``gain`` of treatments."""

    def score(run: Run) -> tuple[int, int]:
        place = (seed, run.seed, run.position, list(run.kind.encode()))
        rng = np.random.default_rng([seed, run.seed, run.position, *place[3]])
        lift = gain if run.kind == TREATMENT else 0
        right = np.clip(10 + lift + np.rint(2 * rng.normal(size=2)), 0, 20)
        return int(right[0]), int(right[1])

    return score


def recorded(store: AuditStore, kind: str, seed: int | None = None) -> list[Run]:
    return [
        run
        for run in store.runs.iterate("seeded")
        if run.kind == kind and (seed is None or run.baseline_seed == seed)
    ]


def counts_of(run: Run) -> tuple[int, ...]:
    return tuple(run.cells[name].n_correct for name in BENCHMARKS)


def rotated(rows: list[tuple[int, ...]], *, strict: bool) -> float:
    """p by its definition, one comparison at a time."""

    def reached(j: int) -> int:
        return sum(
            all(a >= b for a, b in zip(row, rows[j], strict=True))
            and not (strict and row == rows[j])
            for i, row in enumerate(rows)
            if i != j
        )

    rates = [reached(j) for j in range(len(rows))]
    return sum(rate >= rates[0] for rate in rates) / len(rows)


def fisher(a: int, n: int, b: int, m: int) -> float:
    """Fisher's two-sided p by summing the tables that are no likelier."""
    total = comb(n + m, a + b)

    def chance(k: int) -> float:
        return comb(n, k) * comb(m, a + b - k) / total

    possible = range(max(0, a + b - m), min(n, a + b) + 1)
    return sum(chance(k) for k in possible if chance(k) <= chance(a) * (1 + 1e-9))


def test_counts_rates_and_the_interval_of_one_seed(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES)
    (row,) = g1_rows(store, "seeded")
    runs = recorded(store, TREATMENT)
    (base,) = recorded(store, "baseline")
    deltas = [[a - b for a, b in zip(counts_of(run), counts_of(base), strict=True)] for run in runs]
    g1 = [min(delta) >= 0 for delta in deltas]
    strict = [held and max(delta) > 0 for held, delta in zip(g1, deltas, strict=True)]
    assert (row.count.runs, row.count.g1, row.count.strict) == (12, sum(g1), sum(strict))
    assert row.count.strict + row.count.tied + row.count.inert == row.count.g1
    assert (row.rate, row.strict_rate) == (sum(g1) / 12, sum(strict) / 12)
    assert row.interval == clopper_pearson(sum(g1), 12)
    assert row.interval_method == "clopper-pearson"


@pytest.mark.parametrize("gain", [0, 3])
def test_the_rotation_test_is_recomputed_from_stored_counts(store: AuditStore, gain: int) -> None:
    seed_study(store, noisy(gain=gain), axes=AXES)
    (row,) = g1_rows(store, "seeded")
    rows = [counts_of(run) for run in [*recorded(store, "baseline"), *recorded(store, TREATMENT)]]
    found = row.rotation
    assert found is not None
    assert (found.runs, found.baselines) == (12, 1)
    assert found.g1_p == pytest.approx(rotated(rows, strict=False))
    assert found.strict_p == pytest.approx(rotated(rows, strict=True))
    assert f"rotation test p = {found.g1_p:.2g}" in found.sentence
    assert "Fewer than 19 runs cannot reach p = 0.05." in found.sentence


def test_discordances_beside_it(store: AuditStore) -> None:
    """Outcomes are nested here: two runs differ on as many items as their counts do."""
    seed_study(store, noisy(), axes=AXES)
    (row,) = g1_rows(store, "seeded")
    assert row.rotation is not None
    (base,), runs = recorded(store, "baseline"), recorded(store, TREATMENT)

    def apart(one: Run, other: Run) -> int:
        return sum(abs(a - b) for a, b in zip(counts_of(one), counts_of(other), strict=True))

    law = row.rotation.exchangeable
    assert law.treatment_baseline == pytest.approx(np.mean([apart(run, base) for run in runs]))
    assert law.treatment_treatment == pytest.approx(
        np.mean([apart(one, other) for one, other in combinations(runs, 2)])
    )


def test_seeds_are_tested_apart_and_combined(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES, seeds=[1, 2, 5])
    (row,) = g1_rows(store, "seeded")
    ps = []
    for seed in (1, 2, 5):
        of_seed = [*recorded(store, "baseline", seed), *recorded(store, TREATMENT, seed)]
        ps.append(rotated([counts_of(run) for run in of_seed], strict=False))
    assert row.rotation is not None
    assert (row.rotation.runs, row.rotation.baselines) == (36, 3)
    # Fisher: the tail of chi-square on 6 degrees of freedom in closed form.
    half = -float(np.log(ps).sum())
    assert row.rotation.g1_p == pytest.approx(np.exp(-half) * (1 + half + half**2 / 2))
    assert "combined by Fisher's method" in row.rotation.sentence
    assert row.interval_method == "beta-binomial over configurations"
    assert row.interval is not None
    low, high = row.interval
    assert low <= (row.rate or 0) <= high


def test_kinds_of_null_runs_are_never_pooled(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES, null_runs={"seed": 8, "sham": 5})
    (row,) = g1_rows(store, "seeded")
    (base,) = recorded(store, "baseline")
    assert set(row.null) == {"seed", "sham"}
    for name, kind in (("seed", SEED_NULL), ("sham", SHAM_NULL)):
        runs = recorded(store, kind)
        apart = [
            sum(abs(a - b) for a, b in zip(counts_of(run), counts_of(base), strict=True))
            for run in runs
        ]
        found = row.null[name]
        assert (found.runs, found.g1) == (len(runs), sum(bool(run.g1) for run in runs))
        assert found.strict == sum(run.verdict == "strict" for run in runs)
        assert found.rate == found.g1 / found.runs
        assert found.median_discordance == np.median(apart)


def matched(run: Run) -> tuple[int, int]:
    """Everything is 4 to 6 items from the baseline; of the null runs three quarters are G1."""
    if run.kind == "baseline":
        return (10, 10)
    away = run.position % 3
    if run.kind == TREATMENT:
        return (7 - away, 11) if run.configuration and run.configuration["layer"] else (13, 11)
    return (13 + away, 11) if run.position % 4 else (7 - away, 11)


def test_the_test_takes_its_direction_from_its_own_counts(store: AuditStore) -> None:
    seed_study(store, matched, axes=AXES, null_runs={"seed": 8})
    (row,) = g1_rows(store, "seeded")
    assert row.test is not None, row.test_reason
    (stratum,) = row.test.found.test.strata
    assert (stratum.null_runs, row.test.found.kind) == (8, "seed")
    assert row.test.p == pytest.approx(
        fisher(stratum.g1, stratum.runs, stratum.null_g1, stratum.null_runs)
    )
    more = stratum.g1 * stratum.null_runs > stratum.null_g1 * stratum.runs
    assert ("more often" if more else "less often") in row.test.found.sentence
    assert f"{stratum.g1} of {stratum.runs} treatments" in row.test.found.sentence


def test_null_runs_that_disturb_otherwise_leave_a_reason(store: AuditStore) -> None:
    def score(run: Run) -> tuple[int, int]:
        if run.kind == TREATMENT:
            return (10 + run.position % 3, 10)
        return (10, 10) if run.kind == "baseline" else (19, 19)

    seed_study(store, score, axes=AXES, null_runs={"seed": 8})
    (row,) = g1_rows(store, "seeded")
    assert row.test is None
    assert row.test_reason is not None
    assert "differs from its baseline on 18 items, the median treatment on 1" in row.test_reason


def test_values_of_an_axis_are_corrected_together(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES, null_runs={"seed": 8})
    rows = g1_rows(store, "seeded", by="layer")
    assert [row.count.value for row in rows] == [0, 1, 2, 3]
    (base,) = recorded(store, "baseline")
    raw = []
    for row in rows:
        of_value = [
            run
            for run in recorded(store, TREATMENT)
            if run.configuration and run.configuration["layer"] == row.count.value
        ]
        assert row.count.runs == len(of_value) == 3
        p = rotated([counts_of(run) for run in [base, *of_value]], strict=False)
        assert row.rotation is not None
        assert row.rotation.g1_p == pytest.approx(p)
        raw.append(p)
    expected = false_discovery_control(raw, method="bh")
    assert [row.rotation.adjusted_g1_p for row in rows if row.rotation] == pytest.approx(expected)
    assert {row.rotation.num_tests for row in rows if row.rotation} == {4}


def test_expected_is_the_sum_of_each_runs_own_chance(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES)
    (row,) = g1_rows(store, "seeded")
    (base,) = recorded(store, "baseline")

    def chance(d: int) -> float:
        return sum(comb(d, k) for k in range(-(-d // 2), d + 1)) / 2**d

    found = row.expected
    assert found is not None
    assert (found.runs, found.found) == (12, row.count.g1)
    if found.correlation == 0:  # cells are independent: a product of exact binomials
        total = sum(
            float(
                np.prod(
                    [
                        chance(abs(a - b))
                        for a, b in zip(counts_of(run), counts_of(base), strict=True)
                    ]
                )
            )
            for run in recorded(store, TREATMENT)
        )
        assert found.g1 == pytest.approx(total)
    low, high = found.g1_interval
    assert 0 <= low <= found.g1 <= high <= 12


def test_an_adaptive_design_has_no_test_and_no_interval(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES)
    counts = [replace(count, design="tpe") for count in store.rates.g1_counts("seeded")]
    runs = read_host_runs(
        store.database, study="seeded", backbone=counts[0].backbone, adapter=counts[0].adapter
    )
    (row,) = host_rows(counts, nulls={}, runs=runs, value=lambda _: None)
    assert (row.rotation, row.test, row.interval, row.interval_method) == (None, None, None, None)
    for reason in (row.rotation_reason, row.test_reason):
        assert reason is not None
        assert reason.startswith("tpe chose configurations by earlier results")


def test_without_tests_there_are_counts_and_a_reason(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES, seeds=[1, 2], null_runs={"seed": 3})
    (quick,) = g1_rows(store, "seeded", with_tests=False)
    (full,) = g1_rows(store, "seeded")
    assert (quick.count, quick.interval) == (full.count, full.interval)
    assert quick.null["seed"].g1 == full.null["seed"].g1
    assert (quick.rotation, quick.expected) == (None, None)
    assert quick.test_reason == "Tests are computed when the study is over."


def test_hosts_are_apart_and_rows_are_remembered_until_a_run_is_added(store: AuditStore) -> None:
    lora = {"type": "lora", "r": 8, "alpha": 16, "target_modules": ["q_proj"]}
    seed_study(
        store,
        lambda run: noisy(run.host)(run),
        axes=AXES,
        adapters=[lora, {**lora, "r": 4}],
    )
    known = KnownRates()
    rows = g1_rows(store, known=known)
    assert [row.count.adapter for row in rows] == ["lora-r8", "lora-r4"]
    again = g1_rows(store, known=known)
    assert [a is b for a, b in zip(rows, again, strict=True)] == [True, True]
    (only,) = g1_rows(store, adapter="lora-r4")
    assert only == rows[1]
    seed_study(store, noisy(), name="bare", axes={"layer": [0, 1]})
    finish(store, "bare", noisy())
    assert len(g1_rows(store, known=known)) == 3


def test_what_is_not_there(store: AuditStore) -> None:
    assert g1_rows(store) == []
    with pytest.raises(StudyNotFound):
        g1_rows(store, "nowhere")
    with pytest.raises(QueryError, match="no axis 'depth'"):
        g1_rows(store, by="depth")


def test_every_sentence_is_in_the_row(store: AuditStore) -> None:
    seed_study(store, noisy(), axes=AXES)
    row: G1Row = g1_rows(store, "seeded")[0]
    assert row.rotation is not None
    assert row.sentences[0] == row.rotation.sentence
    assert row.sentences[-1] == "No test against null runs: there are none."
