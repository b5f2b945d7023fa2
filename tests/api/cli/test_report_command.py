"""``talan report``: one file, in the format asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from talan_command import Talan


def test_a_report_is_one_file(talan: Talan, runs: list[str], folder: Path) -> None:
    answer = talan("report", "recorded", "-o", "report.html")
    assert answer.code == 0, answer.err
    page = (folder / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "2 of 3 runs are G1 (1 strict, 0 tied, 1 inert), 66.7%" in page
    assert "the loss is nan, sadly" in page
    assert {path.name for path in folder.iterdir()} >= {"report.html", "talan.db"}
    assert page.count("Plotly.newPlot(plot") == 1


def test_markdown_by_its_ending_or_by_name(talan: Talan, runs: list[str], folder: Path) -> None:
    assert talan("report", "recorded", "-o", "report.md").code == 0
    assert talan("report", "recorded", "--format", "md").code == 0
    named, default = (folder / "report.md").read_text(), (folder / "recorded-report.md").read_text()
    assert named.splitlines()[0] == default.splitlines()[0] == "# Audit of recorded"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "nothing"),
        (("recorded", "--format", "pdf"), "format: 'pdf' is not allowed; allowed: html, md"),
        (("recorded", "-o", "no/where.html"), "cannot write 'no/where.html'"),
    ],
)
def test_one_sentence_where_something_is_wrong(
    talan: Talan, runs: list[str], arguments: tuple[str, ...], message: str
) -> None:
    answer = talan("report", *arguments)
    assert answer.code == 2
    assert message in answer.err
