"""What a recorded study's answers take with drafts, and what a later study is told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from expected_cells import BENCHMARKS
from scripted_executor import ITEMS, Script, ScriptedExecutor

from search.cost.draft_replay import ForetoldAnswers, replay_study
from search.driving.audits import Engine, drive, launch
from search.errors import StudyFileError
from search.study.file import parse_study
from storage import ArtifactStore, AuditStore
from workers.drafts.replay import DraftedCounts
from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.evaluation.written import Written
from workers.job.jobs import CellResult
from workers.suites.tasks import ItemOutcome

DRAFT = (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 1)
ANSWERS = {0: DRAFT, 1: DRAFT, 2: (10, 11, 99, *DRAFT[3:])}  # by number of slots


class WritingExecutor(ScriptedExecutor):
    """Stores responses with tokens."""

    def evaluate(self, benchmark: str, draft: str | None = None) -> CellResult:
        """Say the same to every item."""
        cell, job = super().evaluate(benchmark, draft), self._job
        tokens = ANSWERS[job.configuration["slots"] if job.configuration else 0]
        items = [
            ScoredItem(ItemOutcome(f"item-{n}", "", "", right), "", Written(tokens, False))
            for n, right in enumerate(cell.outcomes)
        ]
        store = ArtifactStore(job.artifact_url)
        responses = store.put_bytes(encode_responses(items), suffix="parquet")
        return replace(cell, responses=responses)


@pytest.fixture
def recorded(
    store: AuditStore, scripted: Callable[..., tuple[Engine, Script]], tmp_path: Path
) -> AuditStore:
    engine, script = scripted()
    engine = replace(engine, make_executor=partial(WritingExecutor, script))
    keys: dict[str, Any] = {"benchmarks": list(BENCHMARKS), "axes": {"slots": [1, 2]}}
    file = parse_study({"name": "recorded", **keys})
    launch(store, file, artifact_url=str(tmp_path / "artifacts"))
    drive(store, "recorded", engine=engine)
    return store


def test_the_treatments_are_replayed_against_their_baseline(recorded: AuditStore) -> None:
    answers = len(BENCHMARKS) * ITEMS
    counts = DraftedCounts(22 * answers, (9 + 4) * answers, (1 + 6) * answers)
    found = replay_study(recorded, "recorded")

    assert found == ForetoldAnswers("recorded", 2, 2 * answers, answers, counts)
    assert (found.tokens_per_answer, found.passes_per_answer) == (11, 3.5)
    first = replay_study(recorded, "recorded", most_runs=1)
    assert (first.runs, first.equal) == (1, answers)


def test_a_study_without_tokens_is_named(
    store: AuditStore, scripted: Callable[..., tuple[Engine, Script]], tmp_path: Path
) -> None:
    engine, _ = scripted(breaks=frozenset({1}))
    file = parse_study({"name": "bare", "benchmarks": list(BENCHMARKS), "axes": {"slots": [1]}})
    launch(store, file, artifact_url=str(tmp_path / "artifacts"))
    drive(store, "bare", engine=engine)

    with pytest.raises(StudyFileError, match="study 'bare' has no treatment with token ids"):
        replay_study(store, "bare")
