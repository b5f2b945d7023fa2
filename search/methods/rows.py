"""A study's methods as they turned out: each run beside its null, with what it took.

Owns: pairing a method's run with its null, what both noted of themselves, and the seconds of an
answer token. Does not cover: summaries over seeds (``search.methods.summaries``), running methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from search.rates.run_tests import tests_of
from search.statistics.cell_tests import RunTests
from search.study.method_words import method_words
from storage import METHOD, METHOD_NULL, AuditStore
from storage.canonical_json import canonical_json
from storage.records import Run, RunFilter


@dataclass(frozen=True)
class MethodCost:
    """What a run of a method took; None where it is not known.

    Attributes:
        training_s: Seconds of the training whose model was evaluated.
        preparation_s: All other seconds before evaluation: extraction, selection, tries.
        parameters: That the method adds to the backbone.
        seconds_per_1k_tokens: Of evaluation, for a thousand answer tokens.
    """

    training_s: float | None
    preparation_s: float | None
    parameters: int | None
    seconds_per_1k_tokens: float | None


@dataclass(frozen=True)
class MethodRow:
    """One run of a method.

    Attributes:
        run: The run.
        null: The method's null at the same seed, done or not; None where there is none.
        notes: What the run noted of itself; empty until it is over.
    """

    run: Run
    null: Run | None
    notes: Mapping[str, Any] = field(repr=False)

    @property
    def method(self) -> str:
        """Its name."""
        return str((self.run.method or {})["method"])

    @property
    def parameters(self) -> dict[str, Any]:
        """Its settings."""
        return {key: value for key, value in (self.run.method or {}).items() if key != "method"}

    @property
    def words(self) -> str:
        """Name and settings in a few words."""
        return method_words(self.run.method or {})

    @property
    def null_name(self) -> str:
        """What its null is; empty until its run is over."""
        return str(self.notes.get("null", ""))

    @property
    def unmatched(self) -> tuple[str, ...]:
        """What of it the audit could not match, in sentences."""
        return tuple(self.notes.get("unmatched", ()))

    @cached_property
    def tests(self) -> RunTests:
        """Of its cells, and the paired interval of its mean delta."""
        return tests_of(self.run)

    @property
    def chosen(self) -> dict[str, Any] | None:
        """What no study file fixed: by what, in how many tries, and to what value."""
        choices = self.notes.get("choices") or []
        if not choices:
            return None
        values = [choice["value"] for choice in choices]
        return {
            "by": choices[0]["by"],
            "tries": sum(len(choice["tries"]) for choice in choices),
            "value": values[0] if len(values) == 1 else values,
        }

    @property
    def cost(self) -> MethodCost:
        """What it took."""
        cost = self.notes.get("cost") or {}
        return MethodCost(
            training_s=cost.get("training_s"),
            preparation_s=cost.get("preparation_s"),
            parameters=cost.get("parameters"),
            seconds_per_1k_tokens=_token_seconds(self.run),
        )

    @property
    def fairness(self) -> str:
        """How it was trained, in a sentence; empty until it is over."""
        cost, rate = self.notes.get("cost"), self.notes.get("learning_rate")
        if not cost:
            return ""
        trained = f"{cost['steps']:,} steps, {cost['examples']:,} examples seen"
        if rate is not None:
            trained += f", learning rate {rate:g} ({self.notes.get('rate_by')})"
        chosen = self.chosen
        if chosen is None:
            return f"{trained}; nothing was chosen."
        taken = f"{chosen['value']} chosen from {chosen['tries']} tries by {chosen['by']}"
        return f"{trained}; {taken}."


def method_rows(store: AuditStore, study: str | None = None) -> list[MethodRow]:
    """The runs of methods of one study, or of all, in the order of their plans.

    Raises:
        StudyNotFound: There is no such study.
    """
    names = [status.name for status in store.studies.list()] if study is None else [study]
    return [row for name in names for row in _of_study(store, name)]


def _of_study(store: AuditStore, study: str) -> list[MethodRow]:
    runs = list(store.runs.iterate(study, RunFilter(kind=METHOD)))
    if not runs:
        return []
    notes = store.runs.method_notes(study)
    nulls = {_key(run): run for run in store.runs.iterate(study, RunFilter(kind=METHOD_NULL))}
    return [MethodRow(run, nulls.get(_key(run)), notes.get(run.id, {})) for run in runs]


def _key(run: Run) -> tuple[int, int, str]:
    return run.host, run.baseline_seed, canonical_json(dict(run.method or {}))


def _token_seconds(run: Run) -> float | None:
    """Seconds for a thousand answer tokens, over the cells that count theirs."""
    counted = [
        (cell.seconds, cell.generation.answer_tokens)
        for cell in run.cells.values()
        if cell.generation is not None
    ]
    total = sum(tokens for _, tokens in counted)
    return 1000 * sum(seconds for seconds, _ in counted) / total if total else None
