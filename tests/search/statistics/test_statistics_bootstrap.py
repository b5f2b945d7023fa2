"""Item bootstrap against its exact law, and Table 12's plausibility."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multinomial

from search.rates.reference import published_table
from search.statistics import Pairs, StatisticsError, bootstrap_mean, bootstrap_net

TABLE_12 = published_table("table12_bootstrap_items")
ITEMS = published_table("benchmark_items")
B = 2_000

CELLS = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(2, 150)).map(
    lambda counts: Pairs(counts[0], counts[1], sum(counts))
)


def exact_law(pairs: Pairs) -> dict[int, float]:
    """P(net) when items are drawn with replacement, by enumerating every multinomial outcome."""
    n = pairs.n_items
    shares = [pairs.wins / n, pairs.losses / n, 1 - pairs.discordant / n]
    law: dict[int, float] = {}
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            p = float(multinomial.pmf([wins, losses, n - wins - losses], n, shares))
            law[wins - losses] = law.get(wins - losses, 0.0) + p
    return law


def test_against_the_exact_law_of_a_small_cell() -> None:
    pairs = Pairs(wins=9, losses=4, n_items=25)
    law = exact_law(pairs)
    found = bootstrap_net(pairs, resamples=20_000, seed=3)
    assert sum(law.values()) == pytest.approx(1)
    assert found.pr_positive == pytest.approx(sum(p for k, p in law.items() if k > 0), abs=0.01)
    below = sum(p for k, p in law.items() if k < found.items[0])
    above = sum(p for k, p in law.items() if k > found.items[1])
    assert below <= 0.03
    assert above <= 0.03
    assert below + above > 0.02


@settings(max_examples=40)
@given(CELLS, st.integers(0, 2**31))
def test_an_interval_holds_its_estimate_and_is_the_same_in_both_units(
    pairs: Pairs, seed: int
) -> None:
    found = bootstrap_net(pairs, resamples=400, seed=seed)
    low, high = found.items
    assert low <= pairs.net <= high
    assert found.pp == (
        pytest.approx(100 * low / pairs.n_items),
        pytest.approx(100 * high / pairs.n_items),
    )
    assert found == bootstrap_net(pairs, resamples=400, seed=seed)


def test_the_seed_and_the_number_of_resamples_count() -> None:
    pairs = Pairs(40, 30, 300)
    shares = {bootstrap_net(pairs, seed=seed).pr_positive for seed in range(5)}
    assert len(shares) > 1
    assert bootstrap_net(pairs, resamples=7).pr_positive * 7 == pytest.approx(
        round(bootstrap_net(pairs, resamples=7).pr_positive * 7)
    )


def test_outcomes_and_counts_give_the_same_interval() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.random(200) < 0.6, rng.random(200) < 0.5
    pairs = Pairs(int((ours & ~theirs).sum()), int((~ours & theirs).sum()), 200)
    nets = [
        (ours[drawn].sum() - theirs[drawn].sum())
        for drawn in rng.integers(0, 200, size=(4_000, 200))
    ]
    low, high = np.quantile(nets, [0.025, 0.975])
    found = bootstrap_net(pairs, resamples=4_000)
    assert found.items[0] == pytest.approx(low, abs=1.5)
    assert found.items[1] == pytest.approx(high, abs=1.5)


def test_the_mean_over_cells_weighs_cells_and_not_items() -> None:
    cells = [Pairs(10, 0, 100), Pairs(0, 10, 1_000)]
    found = bootstrap_mean(cells, seed=1)
    assert found.mean_delta_pp == pytest.approx((10 - 1) / 2)
    # Var(mean delta) = sum of the cells' variances / 4; sd of cell 1 is 3 pp, of cell 2 0.31 pp.
    sd = (0.1 * 0.9 / 100 * 1e4 + 0.01 * 0.99 / 1_000 * 1e4) ** 0.5 / 2
    assert found.pp[1] - found.pp[0] == pytest.approx(2 * 1.96 * sd, rel=0.1)


def test_a_level_changes_the_width() -> None:
    pairs = Pairs(30, 20, 200)
    wide, narrow = (bootstrap_net(pairs, confidence=level).items for level in (0.99, 0.8))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"resamples": 1}, "resamples is 1; allowed: whole numbers from 2 up"),
        ({"confidence": 1.0}, "confidence is 1.0; allowed: numbers between 0 and 1"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(StatisticsError) as caught:
        bootstrap_net(Pairs(2, 1, 9), **options)  # type: ignore[arg-type]
    assert str(caught.value) == sentence


def test_no_cell_has_no_mean() -> None:
    with pytest.raises(StatisticsError, match="cells is 0"):
        bootstrap_mean([])


def test_one_item_is_no_sample() -> None:
    with pytest.raises(StatisticsError, match="n_items of a bootstrapped cell is 1"):
        bootstrap_net(Pairs(1, 0, 1))


@pytest.mark.parametrize("row", TABLE_12, ids=lambda row: f"{row['host']}-{row['benchmark']}")
def test_a_discordance_exists_that_gives_the_published_interval(row: dict[str, object]) -> None:
    """Not the paper's outcomes (it prints none): some b and c with the printed net do it."""
    n, net = ITEMS[row["benchmark"]], row["net"]
    misses = []
    for losses in range(2, 60):
        found = bootstrap_net(Pairs(net + losses, losses, n), resamples=B, seed=0)
        ends = max(abs(a - b) for a, b in zip(found.items, row["ci"], strict=True))
        misses.append((ends <= 2, abs(found.pr_positive - row["pr_positive"]) <= 0.01))
    assert (True, True) in misses


@pytest.mark.parametrize(("row", "contradicts"), zip(TABLE_12, [True, True, False], strict=True))
def test_two_published_intervals_exclude_a_zero_that_their_own_share_puts_inside(
    row: dict[str, object], contradicts: bool
) -> None:
    """With 2,000 resamples, Pr[delta > 0] below 0.9745 leaves at least 51 of them at or below 0.

    The 2.5% point lies between the 50th and 51st smallest, by whichever rule: at or below 0. A
    percentile interval from the same resamples cannot begin at +1.
    """
    not_positive = B - int((row["pr_positive"] + 0.0005) * B)
    resamples = np.concatenate([np.zeros(not_positive), np.full(B - not_positive, 5.0)])
    points = {
        float(np.quantile(resamples, 0.025, method=method))
        for method in ("inverted_cdf", "linear", "higher", "weibull", "median_unbiased")
    }
    assert points == {0.0}
    assert (row["ci"][0] > 0) is contradicts


def test_table_12_is_not_of_the_scores_of_table_8() -> None:
    scores = published_table("table8_scores")
    nets = []
    for row in TABLE_12:
        cell = scores[row["host"]][row["benchmark"]]
        from_scores = round(ITEMS[row["benchmark"]] * (cell["talan"] - cell["baseline"]) / 100)
        nets.append((row["net"], from_scores))
    assert nets == [(13, 16), (9, 5), (16, 0)]
