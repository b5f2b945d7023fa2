"""``talan figures``: files, their contents, and sentences where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from talan_command import Talan


def test_pages_beside_one_plotly(talan: Talan, runs: list[str], folder: Path) -> None:
    answer = talan("figures", "recorded", "--only", "slots", "--only", "g1-rates")
    assert answer.code == 0, answer.err
    written = folder / "recorded-figures"
    assert {path.name for path in written.iterdir()} == {
        "g1-rates.html",
        "plotly.min.js",
        "slots.html",
    }
    page = (written / "slots.html").read_text()
    assert 'src="plotly.min.js"' in page
    assert "http" not in page


def test_facts_as_csv(talan: Talan, runs: list[str], folder: Path) -> None:
    answer = talan("figures", "recorded", "--only", "slots", "--format", "csv", "-o", "out")
    assert answer.code == 0, answer.err
    (row,) = pd.read_csv(folder / "out" / "slots.csv").to_dict("records")
    assert row == {
        **{"host": "tiny-qwen3 lora-r8", "slots": 2, "runs": 3, "g1": 2},
        **{"best": 17.5, "median": 5.0},
    }


def test_every_figure_as_json(talan: Talan, runs: list[str], folder: Path) -> None:
    answer = talan("figures", "recorded", "--format", "json", "--theme", "dark", "--json")
    assert answer.code == 0, answer.err
    paths = [Path(name) for name in json.loads(answer.out)]
    assert len(paths) == 11
    for path in paths:
        drawn = json.loads((folder / path).read_text())
        assert drawn["layout"]["template"]["layout"]["paper_bgcolor"] == "#14181f", path


def test_several_studies_side_by_side(talan: Talan, runs: list[str], folder: Path) -> None:
    options = ("--only", "g1-rates", "--format", "csv", "-o", "out")
    assert talan("figures", "recorded", "recorded", *options).code == 0
    assert len(pd.read_csv(folder / "out" / "g1-rates.csv")) == 1  # named twice is one


def test_the_catalogue(talan: Talan, folder: Path) -> None:
    rows = json.loads(talan("figures", "--list", "--json").out)
    assert [row["key"] for row in rows][:4] == ["g1-rates", "mixer-frontier", "slots", "champions"]
    assert "Where the time went" in talan("figures", "--list").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "nothing"),
        (("recorded", "--only", "slot"), "no figure 'slot'; allowed: g1-rates"),
        (("recorded", "--format", "pdf"), "format: 'pdf' is not allowed; allowed: html, json, csv"),
        (("recorded", "--theme", "pink"), "theme: 'pink' is not allowed; allowed: light, dark"),
        (("recorded", "-o", "talan.db"), "cannot write 'talan.db/"),
        ((), "name a study"),
    ],
)
def test_one_sentence_where_something_is_wrong(
    talan: Talan, runs: list[str], arguments: tuple[str, ...], message: str
) -> None:
    answer = talan("figures", *arguments)
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err
