"""The paper's tables as shipped: whole, in our shapes, and where they contradict themselves."""

from __future__ import annotations

import json
import math
from itertools import product
from statistics import fmean

import numpy as np
import pytest

from search.errors import StudyFileError
from search.rates.reference import (
    published_champions,
    published_chance,
    published_rates,
    published_table,
    published_tables,
    published_total,
    reference_shape,
)
from search.statistics.clopper_pearson import clopper_pearson
from talan import TalanConfig

TABLES = published_tables()
ITEMS = TABLES["benchmark_items"]
HOSTS = list(TABLES["backbones"])


def host_means(deltas: dict[str, dict[str, float]]) -> list[float]:
    return [fmean(deltas[host].values()) for host in HOSTS]


def test_the_data_is_attributed_and_every_call_gives_its_own_copy() -> None:
    assert TABLES["source"].startswith("arXiv:2606.06902v1 (CC BY 4.0)")
    published_tables()["table10_g1"].clear()
    assert published_table("table10_g1")["Q32B"] == {"tested": 309, "g1": 9}


def test_an_unknown_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(StudyFileError, match=r"'table10' is not there.*did you mean table10_g1\?"):
        published_table("table10")


def test_rates_are_host_by_host_and_their_total_is_a_count() -> None:
    rows = published_rates()
    assert [(row["backbone"], row["runs"], row["g1"]) for row in rows] == [
        ("Qwen/Qwen3-32B", 309, 9),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", 790, 90),
        ("Qwen/Qwen3-8B", 727, 70),
        ("Qwen/Qwen3-30B-A3B", 764, 16),
    ]
    assert published_total() == {"runs": 2590, "g1": 185}
    for row in rows:
        assert list(row) == [
            "study", "backbone", "adapter", "design", "runs", "g1", "rate", "interval",
        ]  # fmt: skip
        assert row["study"] == "paper"
        assert row["interval"] == list(clopper_pearson(row["g1"], row["runs"]))
    assert [round(100 * row["rate"], 1) for row in rows] == [2.9, 11.4, 9.6, 2.1]


def test_champions_have_the_shape_of_talan_runs_and_counts_that_give_the_printed_scores() -> None:
    for host, champion in zip(HOSTS, published_champions(), strict=True):
        assert champion["g1"] is True
        assert TalanConfig.from_axes(champion["configuration"]).axes() == champion["configuration"]
        for name, cell in champion["cells"].items():
            printed = TABLES["table8_scores"][host][name]
            assert cell["score"] == 100 * cell["n_correct"] / cell["n_items"]
            assert cell["score"] == pytest.approx(printed["talan"], abs=0.0051)
            assert cell["baseline_score"] == pytest.approx(printed["baseline"], abs=0.0051)
            assert round(cell["delta"], 2) == TABLES["table4_deltas"]["lora"][host][name]


def test_champion_means_are_those_of_table_2() -> None:
    means = [champion["mean_delta"] for champion in published_champions()]
    printed = TABLES["table2_backbone_means_lora"]["TALAN+LoRA"]
    assert means == pytest.approx(printed[:4], abs=0.0051)
    assert fmean(means) == pytest.approx(printed[4], abs=0.0051)


def test_configurations_are_those_of_table_1() -> None:
    for champion, row in zip(
        published_champions(), TABLES["table1_configurations"].values(), strict=True
    ):
        axes = champion["configuration"]
        assert (axes["layer"], axes["slots"], axes["mixer"]) == (
            row["layer"], row["slots"], row["mixer"],
        )  # fmt: skip
        assert axes["writeback"]["alpha"] == row["alpha"]
        assert f"{axes['writeback']['gate']} {axes['writeback']['rule']}" == row["writeback"]
        assert axes["gradient_scale"] == row["gradient_scale"]
        assert axes["trainability"]["warmup_identity"] == row["freeze_steps"]
        frozen = axes["trainability"]["scope"] == "frozen"
        assert frozen is row["trainability"].startswith("frozen")


def test_dora_means_and_its_thirteen_positive_cells() -> None:
    deltas = TABLES["table4_deltas"]["dora"]
    printed = TABLES["table3_backbone_means_dora"]["TALAN+DoRA"]
    assert host_means(deltas) == pytest.approx(printed[:4], abs=0.0051)
    assert fmean(printed[:4]) == pytest.approx(printed[4], abs=0.0051)
    assert sum(delta > 0 for cells in deltas.values() for delta in cells.values()) == 13
    assert sum(min(cells.values()) >= 0 for cells in deltas.values()) == 1  # of four hosts


def nonnegative_cells(deltas: dict[str, dict[str, float]], *, minus_zero_loses: bool) -> int:
    """How many printed deltas of one method do not lose; a printed -0.0 is either, as asked."""
    printed = [delta for cells in deltas.values() for delta in cells.values()]
    return sum(
        delta > 0 or (delta == 0 and not (minus_zero_loses and math.copysign(1, delta) < 0))
        for delta in printed
    )


@pytest.mark.parametrize(
    ("method", "printed", "minus_zero_loses", "minus_zero_holds"),
    [
        ("TALAN+LoRA", 16, 16, 16),
        ("DoRA-only", 11, 11, 13),
        ("AdapterFusion", 10, 9, 10),
        ("DELIFT", 12, 13, 13),
        ("CogSteer", 9, 9, 11),
        ("RepE", 5, 5, 8),
    ],
)
def test_table_9_counts_against_its_rows(
    method: str, printed: int, minus_zero_loses: int, minus_zero_holds: int
) -> None:
    """A printed -0.0 loses in three counts, holds in AdapterFusion's, and DELIFT's is neither."""
    deltas = TABLES["table9_deltas"][method]
    assert TABLES["table9_cells_nonnegative_of_16"][method] == printed
    assert nonnegative_cells(deltas, minus_zero_loses=True) == minus_zero_loses
    assert nonnegative_cells(deltas, minus_zero_loses=False) == minus_zero_holds


def test_which_host_means_of_table_2_do_not_follow_from_table_9() -> None:
    """Cells are printed to 0.1 pp, so a host's mean may be off by 0.05 and its own rounding."""
    off = {
        (method, host): (printed, round(mean, 3))
        for method, deltas in TABLES["table9_deltas"].items()
        for host, printed, mean in zip(
            HOSTS,
            TABLES["table2_backbone_means_lora"][method],
            host_means(deltas),
            strict=False,
        )
        if abs(printed - mean) > 0.0551
    }
    assert off == {
        ("DoRA-only", "DS32B"): (1.27, 1.0),
        ("DoRA-only", "Q8B"): (0.83, -0.625),
        ("DoRA-only", "MoE"): (0.02, -0.475),
        ("AdapterFusion", "Q32B"): (-1.52, -0.975),
        ("AdapterFusion", "DS32B"): (2.71, 0.8),
        ("AdapterFusion", "Q8B"): (2.9, 1.9),
        ("AdapterFusion", "MoE"): (-0.56, -0.4),
        ("DELIFT", "DS32B"): (1.07, 0.75),
        ("DELIFT", "Q8B"): (1.79, 1.125),
        ("DELIFT", "MoE"): (0.44, 0.375),
        ("CogSteer", "Q8B"): (0.71, 0.225),
        ("CogSteer", "MoE"): (-0.7, -0.225),
        ("RepE", "DS32B"): (-0.45, -0.2),
        ("RepE", "MoE"): (-24.15, -19.05),
    }


@pytest.mark.parametrize("method", list(TABLES["table9_deltas"]))
def test_the_means_over_hosts_of_table_2_do_follow(method: str) -> None:
    *hosts, mean = TABLES["table2_backbone_means_lora"][method]
    assert fmean(hosts) == pytest.approx(mean, abs=0.0051)


def test_ten_deltas_of_the_compared_methods_are_no_number_of_items() -> None:
    """One of 500 items is 0.2 pp, so a delta of an odd tenth is no difference of two counts."""
    impossible = [
        method
        for (method, deltas), host, name in product(TABLES["table9_deltas"].items(), HOSTS, ITEMS)
        if ITEMS[name] == 500 and round(10 * deltas[host][name]) % 2
    ]
    assert {method: impossible.count(method) for method in impossible} == {
        "AdapterFusion": 2,
        "DELIFT": 1,
        "RepE": 7,
    }


def test_thirteen_of_sixteen_cells_cannot_be_four_of_four_hosts() -> None:
    """Appendix E.1 says both of the cached scorer; 13 cells leave at most three hosts whole."""
    whole = [
        sum(all(cells[at : at + 4]) for at in range(0, 16, 4))
        for cells in product([True, False], repeat=16)
        if sum(cells) == 13
    ]
    assert max(whole) == 3


def test_chance_at_the_papers_discordance_is_no_lower_than_its_rate() -> None:
    """Published: 185 of 2,590, 7.1%. By chance: 7.7%."""
    chance = published_chance()
    assert chance.kind == "analytic"
    assert chance.rate == pytest.approx(0.0773, abs=5e-5)
    assert chance.rate > 185 / 2590
    assert chance.cells["gpqa_diamond"] == pytest.approx(0.5330, abs=5e-5)


def test_with_four_baselines_chance_alone_reaches_the_published_total_in_a_third_of_cases() -> None:
    """Each host's chance rate is a product of four uniform numbers."""
    runs = np.array([row["runs"] for row in published_rates()])
    rng = np.random.default_rng(0)
    totals = rng.random((200_000, 4, 4)).prod(axis=2) @ runs / runs.sum()
    low, high = np.quantile(totals, [0.025, 0.975])
    assert (low, high) == pytest.approx((0.007, 0.187), abs=0.002)
    assert (totals >= 185 / 2590).mean() == pytest.approx(0.33, abs=0.01)


def test_the_shape_is_json_and_keeps_the_sign_of_zero() -> None:
    shape = json.loads(json.dumps(reference_shape()))
    assert list(shape) == ["source", "g1_rates", "total", "chance", "champions", "tables"]
    assert str(shape["tables"]["table9_deltas"]["DoRA-only"]["Q32B"]["gsm8k"]) == "-0.0"
    assert len(shape["champions"]) == 4
