"""``talan reference`` as a person and a program see it."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from api.cli.commands.reference import reference
from api.views.reference import Reference
from search.errors import SearchError
from search.rates.reference import reference_shape

app = typer.Typer()
app.command("reference")(reference)


def test_for_programs_it_is_the_shape() -> None:
    result = CliRunner().invoke(app, ["--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == Reference.from_record(reference_shape()).model_dump(
        mode="json"
    )


def test_for_people_it_has_rates_chance_and_champions(capsys: pytest.CaptureFixture[str]) -> None:
    reference()
    text = capsys.readouterr().out
    assert "By chance alone, at its own discordance: 7.7% (analytic" in text
    assert "multihead_local, gate:scalar:0.008" in text
    assert "arXiv:2606.06902v1 (CC BY 4.0)" in text


def test_one_table_as_published() -> None:
    result = CliRunner().invoke(app, ["--table", "table10_g1"])
    assert json.loads(result.stdout)["DS32B"] == {"tested": 790, "g1": 90}


def test_an_unknown_table_is_one_sentence() -> None:
    result = CliRunner().invoke(app, ["--table", "table99"])
    assert isinstance(result.exception, SearchError)
    assert "table 'table99' is not there; allowed: source, " in str(result.exception)
