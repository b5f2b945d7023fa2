"""What a study file says it can see."""

from __future__ import annotations

from typing import Any

import pytest

from search.cost.power import study_power
from search.statistics.power import Cell, detectable_delta_pp, detectable_rate
from search.study.file import parse_study
from search.study.plan import resolve

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
