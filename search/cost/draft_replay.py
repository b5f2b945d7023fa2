"""What a recorded study's answers would take with drafts: a replay of its stored tokens, no model.

Owns: which runs are replayed (the first treatments, each against its matched baseline) and what
follows for a study that is still to come: forward passes an answer, in place of tokens.
Does not cover: the drafting rule (``workers.drafts``), how long a pass takes
(``search.cost.measure``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from search.errors import StudyFileError
from storage import AuditStore
from storage.artifacts import ArtifactStore
from storage.matching import match_key
from storage.new_rows import BASELINE, TREATMENT
from storage.records import Run, RunFilter
from workers.drafts.replay import DraftedCounts, replay
from workers.evaluation.stored_responses import decode_tokens

MOST_RUNS = 40
Tokens = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class ForetoldAnswers:
    """A study's answers, replayed.

    Attributes:
        study: Its name.
        runs: Treatments that were looked at.
        answers: Their answers.
        equal: Those of them that are the baseline's, token for token.
        counts: Tokens and forward passes.
    """

    study: str
    runs: int
    answers: int
    equal: int
    counts: DraftedCounts

    @property
    def tokens_per_answer(self) -> float:
        """Mean length of an answer, the token that ended it included."""
        return self.counts.answer_tokens / self.answers

    @property
    def passes_per_answer(self) -> float:
        """Mean number of forward passes, the one that reads the prompt left out."""
        return self.counts.passes / self.answers


def replay_study(store: AuditStore, study: str, *, most_runs: int = MOST_RUNS) -> ForetoldAnswers:
    """Replay the first treatments of a study.

    Raises:
        StudyNotFound: There is none of that name.
        StudyFileError: None of its treatments has its tokens on record beside its baseline's.
    """
    artifacts = ArtifactStore(store.studies.get(study).artifact_url)
    baselines = {
        match_key(run): run for run in _completed(store, study, kind=BASELINE) if run.cells
    }
    treated = (
        run
        for run in _completed(store, study, kind=TREATMENT)
        if run.cells and match_key(run) in baselines
    )
    runs, answers, equal, counts = 0, 0, 0, DraftedCounts()
    for run in islice(treated, most_runs):
        pairs = list(_pairs(artifacts, run, baselines[match_key(run)]))
        runs += bool(pairs)
        answers += len(pairs)
        equal += sum(answer == draft for answer, draft in pairs)
        counts = sum((replay(a, draft=d) for a, d in pairs), counts)
    if not answers:
        msg = (
            f"study {study!r} has no treatment with token ids next to its baseline's; they are on "
            "record since answers are drafted"
        )
        raise StudyFileError(msg)
    return ForetoldAnswers(study, runs, answers, equal, counts)


def _completed(store: AuditStore, study: str, *, kind: str) -> Iterator[Run]:
    return store.runs.iterate(study, RunFilter(kind=kind, state="completed"))


def _pairs(
    artifacts: ArtifactStore, run: Run, baseline: Run
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Each answer with its draft."""
    for name, cell in run.cells.items():
        answers = decode_tokens(artifacts.get_bytes(cell.responses_artifact))
        drafts = decode_tokens(artifacts.get_bytes(baseline.cells[name].responses_artifact))
        for item, answer in (answers or {}).items():
            if drafts and item in drafts:
                yield answer, drafts[item]
