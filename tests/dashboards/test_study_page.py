"""What the page of a study keeps between requests, and for how long."""

from __future__ import annotations

from pathlib import Path

from page_studies import begin

from dashboards.pages.page_cache import moment_of
from dashboards.pages.study_page import Summaries
from search.follow_ups.studies import stem_of
from storage import AuditStore


def test_follow_ups_are_read_again_only_when_one_of_their_studies_moves(tmp_path: Path) -> None:
    artifacts = str(tmp_path / "artifacts")
    with AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}") as store:
        begin(store, "base", artifacts=artifacts, configurations=1)
        kept, moment = Summaries(2), moment_of(store, "base")
        first = kept.follow_ups(store, moment)
        begin(store, "other", artifacts=artifacts, configurations=1)
        assert kept.follow_ups(store, moment) is first
        begin(store, f"{stem_of('base', 'confirm')}abcdef", artifacts=artifacts, configurations=1)
        assert kept.follow_ups(store, moment) is not first
