"""What a study can see: the published figures, and powers measured on simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, ttest_1samp

from search.statistics.errors import StatisticsError
from search.statistics.mcnemar import mcnemar_test
from search.statistics.power import (
    Cell,
    detectable_delta_pp,
    detectable_rate,
    items_needed,
    run_noise_pp,
    seeds_needed,
)
from search.statistics.rotation import rotation_test

PAPER = {
    "gpqa": Cell(198, 0.186),
    "mbpp": Cell(500, 0.094),
    "math": Cell(500, 0.094),
    "gsm8k": Cell(1319, 0.094),
}


def test_gpqa_sees_eight_points_and_two_take_thousands_of_items() -> None:
    assert detectable_delta_pp(PAPER["gpqa"]) == pytest.approx(8.54, abs=0.01)
    assert items_needed(2, discordance=0.186) == 3648


def test_mcnemar_does_see_that_delta_in_four_of_five_studies() -> None:
    """Exactly: over every number of discordant items and every split of them."""
    cell = PAPER["gpqa"]
    delta = (detectable_delta_pp(cell) or 0) / 100
    helped = (cell.discordance + delta) / 2 / cell.discordance
    seen = 0.0
    for discordant in range(cell.n_items + 1):
        wins = np.arange(discordant + 1)
        small = [mcnemar_test(int(b), discordant - int(b)).two_sided.mid <= 0.05 for b in wins]
        seen += binom.pmf(discordant, cell.n_items, cell.discordance) * float(
            binom.pmf(wins, discordant, helped) @ np.array(small, dtype=float)
        )
        if discordant > 65:  # beyond it lies nothing
            break
    assert seen == pytest.approx(0.8, abs=0.02)


def test_a_delta_is_never_beyond_the_discordant_items() -> None:
    few = Cell(20, 0.094)
    delta = detectable_delta_pp(few)
    assert delta is not None
    assert delta > 9.4
    assert items_needed(delta, discordance=0.094) in (20, 21)
    assert detectable_delta_pp(Cell(3, 0.1)) is None


def test_seeds_of_a_confirmation_see_what_they_promise() -> None:
    noise = run_noise_pp(PAPER)
    assert noise == pytest.approx(0.931, abs=0.001)
    assert [seeds_needed(delta, noise_pp=noise) for delta in (0.5, 1.0)] == [30, 9]
    rng = np.random.default_rng(0)
    for delta, seeds in ((0.5, 30), (1.0, 9)):
        studies = rng.normal(delta, noise, (4000, seeds))
        p = ttest_1samp(studies, 0, axis=1).pvalue
        assert (p <= 0.05).mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("runs", "seeds"), [(60, 1), (24, 3)])
def test_the_rotation_test_does_see_that_rate(runs: int, seeds: int) -> None:
    """With the test itself, on studies drawn anew."""
    found = detectable_rate(runs, cells=4, seeds=seeds)
    assert found.rate is not None
    rng = np.random.default_rng(5)
    rates, small = [], []
    for _ in range(250):
        log_p = 0.0
        for _ in range(seeds):
            rows = rng.normal(0, 1, (runs + 1, 4))
            rows[0] -= found.shift_sd
            # The test takes counts; a fine grid keeps the normal law and breaks no order.
            test = rotation_test(np.round(1e6 * (rows + 20)))
            rates.append(test.rate)
            log_p += np.log(test.g1_p)
        small.append(_fisher(log_p, seeds) <= 0.05)
    assert np.mean(small) == pytest.approx(0.8, abs=0.08)
    assert np.mean(rates) == pytest.approx(found.rate, abs=0.04)


def _fisher(log_p: float, tests: int) -> float:
    from scipy.stats import chi2

    return float(np.exp(log_p)) if tests == 1 else float(chi2.sf(-2 * log_p, 2 * tests))


def test_more_runs_and_seeds_see_smaller_rates() -> None:
    found = [detectable_rate(runs, cells=4).rate or 1.0 for runs in (19, 60, 2590)]
    assert found == sorted(found, reverse=True)
    one, three = (detectable_rate(60, cells=4, seeds=seeds).rate for seeds in (1, 3))
    assert one is not None
    assert three is not None
    assert three < one


def test_too_few_runs_can_tell_nothing() -> None:
    found = detectable_rate(4, cells=2)
    assert found.rate is None
    assert found.reason == (
        "4 runs against one baseline at 1 seed can give no p below 0.2: no rate can be told from "
        "chance"
    )


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(StatisticsError, match="n_items is 0"):
        Cell(0, 0.1)
    with pytest.raises(StatisticsError, match="discordance is 1"):
        Cell(10, 1.0)
    with pytest.raises(StatisticsError, match="delta is 0 pp"):
        items_needed(0, discordance=0.1)
    with pytest.raises(StatisticsError, match="allowed: above 0, both"):
        seeds_needed(1, noise_pp=0)
    with pytest.raises(StatisticsError, match="cells is 0"):
        run_noise_pp({})
