"""What a study file says it can see."""

from __future__ import annotations

from typing import Any

import pytest

from search.cost.power import ANY_DISCORDANCE, DISCORDANCE, study_power
from search.statistics.power import Cell, detectable_delta_pp, detectable_rate
from search.study.file import parse_study
from search.study.plan import resolve
from workers.suites.paper.suite import PAPER_BENCHMARKS

AXES = {"layer": [0, 1, 2, 3], "slots": [1, 2, 4, 8], "mixer": ["cross_attn", "per_token_mix"]}


def power_of(**keys: Any) -> Any:
    return study_power(resolve(parse_study({"name": "seen", "axes": AXES, **keys})))


def test_it_is_of_the_studys_runs_and_items() -> None:
    found = power_of(seeds=[1, 2], benchmarks=["tiny_choice", "tiny_code"])
    assert (found.runs, found.seeds, found.reason) == (32, 2, None)
    assert found.rate == detectable_rate(32, cells=2, seeds=2).rate
    suite = resolve(parse_study({"name": "seen"})).suite
    for name in ("tiny_choice", "tiny_code"):
        lines = suite.items_file(name).read_text(encoding="utf-8").splitlines()
        assert found.n_items[name] == len(lines)
        cell = Cell(len(lines), found.discordance[name])
        assert found.delta_by_benchmark[name] == detectable_delta_pp(cell)
    variance = sum(0.101 / n_items for n_items in found.n_items.values())
    assert found.noise_pp == pytest.approx(100 * variance**0.5 / 2)
    assert found.confirmation_seeds["0.5"] > 3 * found.confirmation_seeds["1"]


def test_the_papers_benchmarks_have_the_discordance_it_publishes() -> None:
    """Table 11: 147 of GPQA's 792 items, 873 of the other three benchmarks' 9,276."""
    assert DISCORDANCE.keys() == set(PAPER_BENCHMARKS)
    for name, discordance in DISCORDANCE.items():
        published = 147 / 792 if name == "gpqa_diamond" else 873 / 9276
        assert discordance == pytest.approx(published, abs=5e-4)
    assert pytest.approx((147 + 873) / (792 + 9276), abs=5e-4) == ANY_DISCORDANCE


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"design": {"sampler": "tpe", "max_runs": 30}}, "tpe chooses its runs by their results"),
        ({"verdicts": "exact"}, "runs that end early"),
        ({"axes": {"layer": [0, 1]}}, "2 runs against one baseline at 1 seed can give no p below"),
    ],
)
def test_where_no_rate_can_be_told_it_says_why(keys: dict[str, Any], reason: str) -> None:
    found = power_of(**keys)
    assert found.rate is None
    assert found.reason is not None
    assert found.reason.startswith(reason)
    assert found.delta_by_benchmark
