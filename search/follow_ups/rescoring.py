"""Scoring a study's stored responses again, under another scorer and without a model.

Owns: the use case: every completed run's responses, checked by hash and against the record, scored
and kept beside the recorded cells. Done cells are kept run by run, so that it can be stopped and
goes on where it was. Does not cover: the scorers (``workers.suites.scoring.alternatives``), what
changes by them (``search.follow_ups.verdict_changes``), or runs that are not completed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from search.errors import RescoringError
from search.follow_ups.verdict_changes import verdict_changes
from storage import ArtifactStore, AuditStore
from storage.errors import ArtifactCorrupt, ArtifactMissing
from storage.records import Run, RunFilter, Study
from workers.errors import DataError
from workers.evaluation.stored_responses import StoredResponse, decode_responses
from workers.suites.items import read_items
from workers.suites.registry import Suite, resolve_benchmarks
from workers.suites.scoring.alternatives import CANONICAL, VERSION, differs, score_as, scorer_of
from workers.suites.scoring.programs import close_sandbox

_COMPLETED = RunFilter(state="completed")


def rescore(
    store: AuditStore,
    name: str,
    *,
    scorer: str,
    observer: Callable[[int], None] = lambda _: None,
) -> dict[str, object]:
    """Score a study's stored responses under a scorer; answers what ``rescoring_report`` does.

    Args:
        store: The record.
        name: The study.
        scorer: One of ``workers.suites.scoring.alternatives.SCORERS``.
        observer: Told how many runs are done, after each.

    Raises:
        SuiteError: There is no such scorer.
        StudyNotFound: There is no such study.
        RescoringError: Responses are gone, altered or not those of the record; or the canonical
            scorer does not come to the recorded verdicts. What is done by then is kept.
    """
    scorer_of(scorer)
    study = store.studies.get(name)
    responses = _Responses(store, study)
    done = store.rescored.done(name, scorer=scorer, version=VERSION)
    try:
        for number, run in enumerate(store.runs.iterate(name, _COMPLETED), start=1):
            due = [benchmark for benchmark in run.cells if (run.id, benchmark) not in done]
            outcomes = {b: responses.scored(run, b, scorer=scorer) for b in due}
            if outcomes:
                store.rescored.record(run.id, scorer=scorer, version=VERSION, outcomes=outcomes)
            observer(number)
    finally:
        close_sandbox()
    store.rescored.match(name, scorer=scorer, version=VERSION)
    return rescoring_report(store, name, scorer=scorer)


def rescoring_report(store: AuditStore, name: str, *, scorer: str) -> dict[str, object]:
    """What changes between recorded verdicts and those under a scorer (docs/how-to/rescoring.md).

    Raises:
        SuiteError: There is no such scorer.
        StudyNotFound: There is no such study.
    """
    scorer_of(scorer)
    return {
        "study": name,
        "scorer": scorer,
        **verdict_changes(
            list(store.runs.iterate(name, _COMPLETED)),
            rescored=store.rescored.cells(name, scorer=scorer),
            items_changed=store.rescored.items_changed(name, scorer=scorer),
        ),
    }


class _Responses:
    """The stored responses of one study's cells, trusted only as far as they can be checked."""

    def __init__(self, store: AuditStore, study: Study) -> None:
        self._store = store
        self._artifacts = ArtifactStore(study.artifact_url)
        self._named = study.spec.get("benchmarks")
        self._suites: dict[str, Suite] = {}
        self._items: dict[str, dict[str, Mapping[str, object]]] = {}

    def scored(self, run: Run, benchmark: str, *, scorer: str) -> Sequence[bool]:
        """Score one cell; whatever the scorer, canonical verdicts must be the recorded ones.

        Where a scorer cannot differ from the canonical one, the recorded verdicts are its own.
        """
        where = f"run {run.id}, {benchmark}"
        rows = self._rows(run, benchmark, where=where)
        recorded = [row.is_correct for row in rows]
        if scorer != CANONICAL and not differs(scorer, self._kind_of(benchmark)):
            return recorded
        canonical = self._verdicts(rows, benchmark, scorer=CANONICAL, where=where)
        if canonical != recorded:
            raise _disagreement(rows, canonical, where=where)
        if scorer == CANONICAL:
            return canonical
        return self._verdicts(rows, benchmark, scorer=scorer, where=where)

    def _rows(self, run: Run, benchmark: str, *, where: str) -> list[StoredResponse]:
        try:
            data = self._artifacts.get_bytes(run.cells[benchmark].responses_artifact)
            rows = decode_responses(data)
        except (ArtifactMissing, ArtifactCorrupt, DataError) as error:
            raise RescoringError(f"{where}: {error}") from error
        if tuple(row.is_correct for row in rows) != self._store.runs.outcomes(run.id, benchmark):
            raise RescoringError(
                f"{where}: the stored responses have other verdicts than the record; allowed: "
                "the responses that the run was recorded with"
            )
        return rows

    def _verdicts(
        self, rows: Sequence[StoredResponse], benchmark: str, *, scorer: str, where: str
    ) -> list[bool]:
        items = self._items_of(benchmark)
        unknown = next((row.item_id for row in rows if row.item_id not in items), None)
        if unknown is not None:
            raise RescoringError(
                f"{where}: item {unknown!r} is not in the suite any more; the study was evaluated "
                "with other items"
            )
        kind, cpu_s = self._kind_of(benchmark), self._suite_of(benchmark).sandbox_cpu_s
        return [
            score_as(scorer, kind, row.response, items[row.item_id], cpu_s=cpu_s).is_correct
            for row in rows
        ]

    def _items_of(self, benchmark: str) -> Mapping[str, Mapping[str, object]]:
        if benchmark not in self._items:
            items = read_items(self._suite_of(benchmark), benchmark)
            self._items[benchmark] = {item["id"]: item for item in items}
        return self._items[benchmark]

    def _kind_of(self, benchmark: str) -> str:
        return self._suite_of(benchmark).benchmark(benchmark).kind

    def _suite_of(self, benchmark: str) -> Suite:
        if benchmark not in self._suites:
            # A folder's benchmarks are found by the folder alone.
            named = self._named if isinstance(self._named, str) else [benchmark]
            self._suites[benchmark] = resolve_benchmarks(named)[0]
        return self._suites[benchmark]


def _disagreement(
    rows: Sequence[StoredResponse], canonical: Sequence[bool], *, where: str
) -> RescoringError:
    pairs = zip(rows, canonical, strict=True)
    differing = [row for row, verdict in pairs if row.is_correct != verdict]
    first = differing[0]
    before, now = ("right", "wrong") if first.is_correct else ("wrong", "right")
    return RescoringError(
        f"{where}: the canonical scorer disagrees with the record on {len(differing)} of "
        f"{len(rows)} items (first {first.item_id!r}: recorded {before}, now {now}); the study was "
        "evaluated with other items or another scorer"
    )
