"""dashboards.report: the numbers, the caveats, and that nothing of the record becomes markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from drawn_studies import DORA, LORA, NAME, confirmed_study, empty_study, record_study

from dashboards.errors import FigureError, ReportError
from dashboards.figures import CATALOGUE
from dashboards.report import StudyReport, load_report, render_report
from storage import AuditStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditStore]:
    path = tmp_path_factory.mktemp("report") / "talan.db"
    with AuditStore.open(f"sqlite:///{path}") as opened:
        record_study(opened)
        empty_study(opened)
        yield opened


@pytest.fixture(scope="module")
def report(store: AuditStore) -> StudyReport:
    return load_report(store, NAME)


@pytest.fixture(scope="module")
def html(report: StudyReport) -> str:
    return render_report(report)


class Page(HTMLParser):
    """The tags of a page, and the text outside of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else self._inside

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        self.text += "" if self._inside else f" {data}"


def test_the_headline_and_the_verdicts(report: StudyReport) -> None:
    assert report.headline == (
        f"8 configuration runs on {LORA} and {DORA}, 2 benchmarks, 1 seed, design grid: "
        "6 completed, 1 failed, 1 open. The study is stopped."
    )
    lora, dora = report.verdicts
    assert lora == (
        f"{LORA}: 2 of 5 runs are G1 (2 strict, 0 tied, 0 inert), 40.0% (95% interval 5.3% to "
        "85.3%). No rotation test: 1 of 5 runs ended early and have no counts of right answers, "
        "and leaving them out would select the others. No test against null runs: 1 of the runs "
        "ended early, and how much those differ from the baseline is not known."
    )
    assert "1 of 1 runs are G1 (0 strict, 0 tied, 1 inert)" in dora
    assert "1 of 1 runs are G1; chance alone gives 1.0 (95% of baselines: 1 to 1)." in dora


def test_tables_hold_the_numbers(report: StudyReport) -> None:
    assert report.rates.rows[0] == (
        *(LORA, "grid", "5", "2", "2", "0", "0", "40.0%", "40.0%", "5.3% to 85.3%"),
        *("", "", "", "1/2 50.0%, median 0.5 items"),
    )
    best = report.champions.rows[0]
    assert best[0] == LORA
    assert best[2:] == (
        "layer 3, T 2, multihead_local, gate:vector:0.1, all, gamma 1",
        "+10.00 pp",
        "+0.00 pp",
        "+20.00 pp",
        best[-3],
        "",
        "not confirmed",
    )
    shrunken, low, high = map(float, re.findall(r"[+-]\d+\.\d+", best[-3]))
    assert low < shrunken < high
    assert shrunken < 10.0
    (varies,) = [row for row in report.varies.rows if row[0] == LORA]
    assert varies[1:3] == ("1", "4")  # the fifth changes no response
    assert any("one seed" in note for note in report.varies.notes)
    signs = {row[0]: row[1:] for row in report.signs.rows}
    assert signs["cells of champions"] == ("2/2", "", "1/2", "", "1/1", "")
    assert signs["backbones, by mean delta of all treatments"][0] in ("0/1", "1/1")
    assert "champions' fresh seeds, by mean delta" not in signs
    mixers = next(table for table in report.axes if table.title == "G1 rate by mixer")
    assert [row[:5] for row in mixers.rows] == [
        (LORA, "cross_attn", "2", "1", "1"),
        (LORA, "multihead_local", "3", "1", "1"),
        (DORA, "cross_attn", "1", "1", "0"),
    ]
    assert "values of all axes of this page (Benjamini and Hochberg)" in mixers.notes[0]
    protocol = dict(report.protocol.rows)
    assert protocol["benchmarks"] == "tiny_choice (20 items), tiny_code (10 items)"
    provenance = dict(report.provenance.rows)
    assert provenance["torch"] == "2.13.0"
    assert provenance["recipe"] == "r" * 64


def test_caveats_are_those_of_this_study(report: StudyReport, store: AuditStore) -> None:
    words = [caveat.split(":")[0] for caveat in report.caveats]
    assert words == [
        "Null runs",
        "Baseline",
        "Few runs",
        "Selection",
        "Unfinished",
        "Left out of every rate",
        "Ended early",
    ]
    empty = load_report(store, "empty")
    assert [caveat.split(":")[0] for caveat in empty.caveats] == ["Unfinished"]
    assert empty.verdicts == ("No run has a verdict yet.",)
    assert "No run is strict G1" in empty.champions.notes[0]


def test_nothing_of_the_record_becomes_markup(html: str) -> None:
    page = Page(html)
    assert "boom <script>alert(1)</script> | pipe" in page.text
    assert "a <b>processor</b>" in page.text
    assert [tag for tag, _ in page.tags].count("script") == len(CATALOGUE) + 2
    assert not any(tag == "b" for tag, _ in page.tags)


def test_the_page_asks_nothing_of_anybody(html: str) -> None:
    page = Page(html)
    loads = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "srcset", "data", "poster", "action")
        or (name == "href" and not str(value).startswith("#"))
    ]
    assert loads == []
    assert not any(tag in ("link", "iframe", "object", "embed", "base") for tag, _ in page.tags)
    style = html[html.index("<style>") : html.index("</style>")]
    assert not re.search(r"https?://|@import|url\(", style)
    (policy,) = [a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a]
    assert str(policy).startswith("default-src 'none';")


def test_every_figure_is_there_with_its_caption(html: str) -> None:
    page = Page(html)
    for figure in CATALOGUE:
        assert figure.question in page.text
        start = html.index(f'id="drawn-{figure.key}">') + len(f'id="drawn-{figure.key}">')
        drawn = json.loads(html[start : html.index("</script>", start)])
        assert drawn["layout"]["meta"]["title"] == figure.title
        assert "text" not in drawn["layout"].get("title", {})


def test_markdown_has_the_tables_and_escapes(report: StudyReport) -> None:
    text = render_report(report, file_format="md")
    assert text.startswith("# Audit of drawn\n")
    assert f"| {LORA} | grid | 5 | 2 | 2 | 0 | 0 | 40.0% | 40.0% | 5.3% to 85.3% |" in text
    assert r"boom \<script\>alert(1)\</script\> \| pipe" in text
    assert "<script>" not in text
    tables = [line for line in text.splitlines() if re.match(r"\|( ---:? \|)+$", line)]
    assert len(tables) == 7 + len(report.axes)


def test_a_confirmed_champion_is_shown_so(tmp_path: Path) -> None:
    with AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}") as store:
        name = confirmed_study(store)
        report = load_report(store, name)
    (champion,) = report.champions.rows
    assert champion[-1] == "+7.50 pp (-24.27 pp to +39.27 pp), G1 at 2 of 2 seeds"
    assert not any(caveat.startswith("Selection") for caveat in report.caveats)


def test_what_is_not_allowed(report: StudyReport) -> None:
    with pytest.raises(ReportError, match="format: 'pdf' is not allowed; allowed: html, md"):
        render_report(report, file_format="pdf")
    with pytest.raises(FigureError, match="theme: 'pink'"):
        render_report(report, theme="pink")
