"""dashboards.story: each number in the sentences is the record's, and the words follow the test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_studies import DORA, LORA, NAME, record_study

from dashboards.story import story, tell
from search.rates.g1_row import DistinctRotation, G1Row, Rotation
from search.statistics import Expected
from search.statistics.exchangeability import Discordances
from storage import AuditStore
from storage.records import G1Count


def test_a_study_in_sentences(tmp_path: Path) -> None:
    with AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}") as store:
        record_study(store)
        told = tell(store, NAME)
    lora, dora = LORA.split(), DORA.split()
    assert told[0] == (
        f"Of 5 runs on {lora[0]} with {lora[1]}, 2 (40.0%) do worse than the baseline on no "
        "benchmark (G1): 2 are better on at least one."
    )
    assert told[1] == "1 of 2 seed null runs are G1."
    assert told[2].startswith("The best run (layer 3, T 2, multihead_local, gate:vector:0.1, all, ")
    assert "gains +10.00 pp on average; it is the best of 5" in told[2]
    assert told[3] == (
        f"Of 1 run on {dora[0]} with {dora[1]}, 1 (100.0%) does worse than the baseline on no "
        "benchmark (G1): 1 with the same answers throughout."
    )
    assert told[5].startswith("No run is strict G1")
    assert len(told) == 6


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.004, "more runs hold up than luck explains (rotation test, p = 0.004)."),
        (0.05, "more runs hold up than luck explains (rotation test, p = 0.05)."),
        (0.051, "the rotation test does not rule luck out (p = 0.051)."),
        (1.0, "the rotation test does not rule luck out (p = 1)."),
    ],
)
def test_the_rotation_test_decides_the_words(p: float, words: str) -> None:
    found, luck, champion = story([_row(p)], [], {})
    assert found == (
        "Of 24 runs on tiny with lora, 6 (25.0%) do worse than the baseline on no benchmark (G1): "
        "3 are better on at least one, 2 with other answers and the same scores, 1 with the same "
        "answers throughout."
    )
    assert luck == f"Luck alone would give about 4 (0 to 9); {words}"
    assert champion.startswith("No run is strict G1")


def test_runs_that_repeat_each_other_make_no_finding() -> None:
    row = _row(0.04)
    assert row.rotation is not None
    repeated = replace(row.rotation, distinct=DistinctRotation(8, 0.22, 0.22))
    assert "luck explains (rotation test, p = 0.04)" in story([row], [], {})[1]
    assert story([replace(row, rotation=repeated)], [], {})[1].endswith(
        "the rotation test does not rule luck out (p = 0.22 over the 8 distinct runs)."
    )


def test_the_axis_is_named_along_which_the_rates_differ_most() -> None:
    counts = [
        _count("layer", 0, g1=0, runs=6),
        _count("layer", 4, g1=5, runs=6),
        _count("layer", 5, g1=2, runs=2),  # too few to speak of
        _count("mixer", "cross_attn", g1=2, runs=6),
        _count("mixer", "per_token_mix", g1=3, runs=6),
    ]
    told = story([_row(0.5)], [], {}, by_axis=counts)
    assert told[2] == "The rates differ most by layer: 0 of 6 at 0, 5 of 6 at 4."
    even = [_count("layer", 0, g1=3, runs=6), _count("layer", 4, g1=3, runs=6)]
    assert len(story([_row(0.5)], [], {}, by_axis=even)) == 3


def test_a_host_without_a_verdict_has_no_sentence() -> None:
    empty = G1Row(
        G1Count("s", "tiny", "lora", "grid", None, None, runs=0, g1=0, strict=0, tied=0, inert=0),
        interval=None,
        interval_method=None,
    )
    assert story([empty], [], {}) == ()


def _count(axis: str, value: object, *, g1: int, runs: int) -> G1Count:
    return G1Count("s", "tiny", "lora", "grid", axis, value, runs, g1, strict=g1, tied=0, inert=0)


def _row(p: float) -> G1Row:
    return G1Row(
        G1Count("s", "tiny", "lora", "grid", None, None, runs=24, g1=6, strict=3, tied=2, inert=1),
        interval=None,
        interval_method=None,
        rotation=Rotation(
            24, 1, p, p, exchangeable=Discordances(24, 512, 20.0, 20.0), distinct=None, sentence=""
        ),
        expected=Expected(24, 6, 3, 4.2, 3.1, (0, 9), (0, 8), 0.1, 0.5),
    )
