"""Optuna Dashboard beside the pages, over the same studies; linked where it is configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

from free_ports import free_port
from page_service import OpenTab, serving, wait_for
from page_studies import begin
from patience import STILL_S
from playwright.sync_api import expect

from search.driving.optuna_record import open_optuna_storage
from storage import AuditStore


def test_it_shows_the_studies_and_pages_link_to_it(tmp_path: Path, open_tab: OpenTab) -> None:
    url = f"sqlite:///{tmp_path / 'talan.db'}"
    with AuditStore.open(url) as store:
        begin(store, "going", artifacts=str(tmp_path / "artifacts"), configurations=2)
        optuna = open_optuna_storage(store.sibling_url("optuna"))
        optuna.create_new_study([_maximise()], "going/backbone-a/lora-r8")
    port = free_port()
    there = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "api", "optuna-dashboard", "--port", str(port)]
    environment = {**os.environ, "TALAN_STORAGE": url}
    log = tmp_path / "optuna.log"
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        wait_for(f"{there}/api/studies", process, log=log)
        with urllib.request.urlopen(f"{there}/api/studies", timeout=STILL_S) as answer:
            found = json.load(answer)["study_summaries"]
        assert [one["study_name"] for one in found] == ["going/backbone-a/lora-r8"]
    finally:
        process.terminate()
        process.wait()
    with serving(tmp_path, "--no-scheduler", TALAN_OPTUNA_DASHBOARD=there) as address:
        page = open_tab(address).go("/studies/going")
        link = page.get_by_role("link", name="Optuna Dashboard")
        expect(link).to_have_attribute("href", there)


def test_without_its_package_there_is_one_sentence(tmp_path: Path) -> None:
    hidden = tmp_path / "optuna_dashboard.py"
    hidden.write_text("raise ImportError('not here')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "api", "optuna-dashboard"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.strip().splitlines() == [
        "talan: Optuna Dashboard is not installed; pip install 'talan-audit[optuna-dashboard]'"
    ]


def _maximise() -> object:
    from optuna.study import StudyDirection

    return StudyDirection.MAXIMIZE
