"""``talan methods`` and ``/studies/{name}/methods``: the same rows on both faces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_methods import record_methods
from rest_record import client
from talan_command import Talan

from api.cli.tables.outcome import show_outcome
from storage import AuditStore


def test_both_faces_say_the_same(folder: Path, talan: Talan):
    url = f"sqlite:///{folder / 'talan.db'}"
    with AuditStore.open(url) as store:
        record_methods(store)
    said = json.loads(talan("methods", "rivals", "--json").out)
    assert json.loads(talan("methods", "--json").out) == said
    with client(url, folder) as rest:
        assert rest.get("/api/v1/studies/rivals/methods").json() == said
        assert rest.get("/api/v1/studies/none/methods").status_code == 404
    shown = talan("methods", "rivals").out
    assert "dora" in shown
    assert "+5.00" in shown
    assert "training 9.0 s, preparation 1.5 s; 1,234 parameters" in shown
    assert "not matched: More parameters." in shown
    assert talan("methods", "none").code == 2


def test_a_study_without_methods_says_how_to_ask_for_them(runs: list[str], talan: Talan):
    assert json.loads(talan("methods", "--json").out) == []
    assert "the key methods" in talan("methods").out


def test_a_study_of_methods_ends_with_its_deltas(folder: Path, capsys: pytest.CaptureFixture[str]):
    with AuditStore.open(f"sqlite:///{folder / 'talan.db'}") as store:
        record_methods(store)
        show_outcome(store, store.studies.status("rivals"))
    shown = capsys.readouterr().out
    assert "+5.00" in shown
    assert "talan methods rivals" in shown
    assert "talan g1 rivals" not in shown
