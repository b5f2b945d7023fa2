"""Values for people: configurations, axis values, rates."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded_study import CONFIGURATIONS, FROZEN, GATE, NAME
from rich.table import Table

from api.cli.tables.configurations import configuration_text, run_text
from api.cli.tables.runs import show_runs
from api.cli.tables.style import console, percent, show, table_of
from search.study.axes import axis_label
from storage import AuditStore, RunFilter


def test_configurations_in_a_few_words() -> None:
    assert configuration_text(None) == "baseline"
    assert configuration_text(CONFIGURATIONS[0][0]) == (
        "layer 1, T 2, multihead_local, direct:0.008, all, gamma 500"
    )
    assert configuration_text(CONFIGURATIONS[2][0]) == (
        "layer 1, T 2, cross_attn, direct:0.008, frozen"
    )


@pytest.mark.parametrize(
    ("axis", "value", "text"),
    [
        ("layer", 3, "3"),
        ("mixer", "cross_attn", "cross_attn"),
        ("gradient_scale", 500.0, "500"),
        ("gradient_scale", None, "none"),
        ("writeback", GATE, "gate:vector:0.1"),
        ("trainability", FROZEN, "frozen"),
    ],
)
def test_axis_values(axis: str, value: object, text: str) -> None:
    assert axis_label(axis, value) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(None, ""), (0.0, "0.0%"), (1 / 3, "33.3%"), (1.0, "100.0%")]
)
def test_rates(rate: float | None, text: str) -> None:
    assert percent(rate) == text


def rates_of_mixers() -> Table:
    table = table_of("host", "mixer", *(f"number {at} of the row" for at in range(6)))
    for mixer in ("cross_attn", "per_token_mix"):
        table.add_row("tiny-qwen3 lora-r8", mixer, *(f"{mixer} {at}" for at in range(6)))
    return table


def test_a_table_wider_than_the_terminal_goes_on_below_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_width", 80)
    show(rates_of_mixers(), keys=2)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    for mixer in ("cross_attn", "per_token_mix"):
        rows = [line for line in lines if line.startswith(f"tiny-qwen3 lora-r8  {mixer} ")]
        assert len(rows) == 3  # two numbers a part, and no cell is folded
        assert [f"{mixer} {at}" in " ".join(rows) for at in range(6)] == [True] * 6


def test_a_table_that_fits_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console, "_width", 200)
    show(rates_of_mixers(), keys=2)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_in_eighty_columns_a_run_takes_two_lines(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    runs: list[str],
) -> None:
    monkeypatch.setattr(console, "_width", 80)
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        recorded = store.runs.page(NAME, RunFilter()).runs
    show_runs(recorded)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(recorded) == len(runs)
    for run in recorded:
        (at,) = [at for at, line in enumerate(lines) if line.startswith(f"{run.id} ")]
        assert run_text(run) in lines[at + 1]
        if run.mean_delta is not None:
            assert f"{run.mean_delta:+.2f}" in lines[at].split()
