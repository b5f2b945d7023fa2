"""What comes out of the record: plain frozen values.

Owns: the shapes `storage` gives, and the filter it takes. Scores are in percent, deltas in
percentage points, times in UTC, durations in seconds.
Does not cover: what goes in (`new_rows.py`) and the rules (`verdict.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from storage.generation import Generation
from storage.new_rows import BASELINE, TREATMENT, TrialKey
from storage.verdict import exact_delta, exact_mean

STUDY_STATES = ("queued", "running", "stopped", "completed", "failed")
LIVE = ("queued", "running")  # a study or an analysis that somebody is to go on with
RUN_STATES = ("pending", "running", "completed", "failed")


@dataclass(frozen=True)
class Host:
    """A host of a study; `index` is its place in the plan."""

    index: int
    backbone: str
    adapter_label: str
    adapter: Mapping[str, Any]
    num_layers: int
    fingerprint: str


@dataclass(frozen=True)
class Study:
    """A study as recorded; `created` is true only for the call that created it.

    `reason` is why it is where it is, where there is more to say than its state.
    """

    name: str
    state: str
    spec: Mapping[str, Any]
    spec_hash: str
    design: Mapping[str, object]
    recipe_hash: str
    artifact_url: str
    hosts: tuple[Host, ...]
    stop_requested: bool
    lease_owner: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    created: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class StateCounts:
    """How many runs are in which state."""

    total: int = 0
    completed: int = 0
    running: int = 0
    failed: int = 0
    pending: int = 0


@dataclass(frozen=True)
class StudyStatus:
    """Where a study stands; `kinds` holds counts by kind of run (baseline, treatment, ...).

    `reason` is why it is where it is, where there is more to say than its state.
    """

    name: str
    state: str
    kinds: Mapping[str, StateCounts]
    g1: int
    strict: int
    tied: int
    inert: int
    scored: int
    stop_requested: bool
    lease_owner: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    reason: str | None = None

    @property
    def runs(self) -> StateCounts:
        """Counts of the treatments."""
        return self.kinds.get(TREATMENT, StateCounts())

    @property
    def baselines(self) -> StateCounts:
        """Counts of the baselines."""
        return self.kinds.get(BASELINE, StateCounts())

    @property
    def g1_rate(self) -> float | None:
        """G1 runs among the completed treatments that have a verdict; None while there is none."""
        return self.g1 / self.scored if self.scored else None


@dataclass(frozen=True)
class Lease:
    """A lease just taken or renewed; `previous_owner` is who held it before, if anyone."""

    study: str
    owner: str
    ttl_s: float
    previous_owner: str | None


@dataclass(frozen=True)
class DueRun:
    """A pending run with all that is needed to dispatch it."""

    id: str
    host: int
    kind: str
    configuration: Mapping[str, Any] | None
    configuration_id: str | None
    seed: int
    baseline_seed: int
    position: int
    trial_number: int | None
    attempt: int
    failures: int
    method: Mapping[str, Any] | None = None


class _Counted:
    """Counts of a cell and of its baseline's."""

    n_items: int
    n_correct: int
    baseline_n_correct: int | None

    @property
    def exact_delta(self) -> Fraction | None:
        """The delta as a fraction: what means are taken of."""
        if self.baseline_n_correct is None:
            return None
        return exact_delta(self.n_correct, self.baseline_n_correct, n_items=self.n_items)


@dataclass(frozen=True)
class Cell(_Counted):
    """A run on a benchmark beside its matched baseline (None until that is known).

    `helped` and `hurt` are items that only the run and only the baseline gets right, `changed` are
    responses that differ from the baseline's; None as well where the responses were not compared.
    `generation` is None in records of earlier versions.
    """

    benchmark: str
    n_items: int
    n_correct: int
    score: float
    baseline_n_correct: int | None
    baseline_score: float | None
    delta: float | None
    helped: int | None
    hurt: int | None
    changed: int | None
    seconds: float
    responses_artifact: str
    generation: Generation | None = None

    @property
    def discordance(self) -> int | None:
        """Items that only one of the two gets right."""
        return None if self.helped is None or self.hurt is None else self.helped + self.hurt


@dataclass(frozen=True)
class BoundedCell:
    """A cell that was not evaluated in full, beside its matched baseline: bounds and no score.

    `n_correct` and `delta` are what they are at least and at most; `responses_artifact` is None
    where no item was asked. `generation` is of the items asked, and None in records of earlier
    versions as well.
    """

    benchmark: str
    n_items: int
    n_evaluated: int
    n_correct: tuple[int, int]
    baseline_n_correct: int
    baseline_score: float
    delta: tuple[float, float]
    seconds: float
    responses_artifact: str | None
    generation: Generation | None = None


@dataclass(frozen=True)
class Run:
    """A run with its cells; `g1`, `verdict` and deltas are None for baselines and until matched.

    `verdict` is one of `storage.verdict.VERDICTS`; None also for a G1 run that is tied or inert
    where nobody compared the responses.
    `baseline_seed` is the seed of the baseline it is matched with: its own, but for null runs.
    `bounds` are cells that were not evaluated in full: the run ended as soon as it could not be G1
    any more. It has a verdict then, and neither `mean_delta` nor `worst_delta`.
    `kl_to_baseline` is the distance from the baseline on held-out training examples in nats a
    token, `null_scale` what a matched null run was scaled by to reach the treatments' median, and
    `held_out_artifact` what a baseline says there; None where it was not measured.
    `method` is the method that stands in TALAN's place, with its settings.
    """

    id: str
    study: str
    host: int
    backbone: str
    adapter: str
    kind: str
    seed: int
    baseline_seed: int
    position: int
    configuration: Mapping[str, Any] | None
    configuration_id: str | None
    trial_number: int | None
    state: str
    attempt: int
    failures: int
    worker: str | None
    error: str | None
    g1: bool | None
    verdict: str | None
    mean_delta: float | None
    worst_delta: float | None
    compute_s: float | None
    started_at: datetime | None
    finished_at: datetime | None
    checkpoint_artifact: str | None
    provenance_hash: str | None
    cells: Mapping[str, Cell]
    bounds: Mapping[str, BoundedCell] = field(default_factory=dict)
    kl_to_baseline: float | None = None
    null_scale: float | None = None
    held_out_artifact: str | None = None
    method: Mapping[str, Any] | None = None

    @property
    def ended_early(self) -> bool:
        """Whether some of its items were never asked."""
        return self.g1 is False and self.mean_delta is None

    @property
    def exact_mean_delta(self) -> Fraction | None:
        """The mean delta as a fraction; None where there is none."""
        deltas = [cell.exact_delta for cell in self.cells.values()]
        known = [delta for delta in deltas if delta is not None]
        return exact_mean(known) if known and self.mean_delta is not None else None


@dataclass(frozen=True)
class RescoredCell(_Counted):
    """A cell under another scorer, beside the baseline under the same one (None until matched)."""

    benchmark: str
    scorer: str
    n_items: int
    n_correct: int
    baseline_n_correct: int | None
    delta: float | None


@dataclass(frozen=True)
class RunPage:
    """Some runs in order, and the cursor that goes on after them (None at the end)."""

    runs: tuple[Run, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted; None asks for nothing. `axes` maps axis names to values.

    Asking for `g1` or `verdict` without a `kind` asks for treatments: a null run's verdict is no
    finding.
    """

    state: str | None = None
    g1: bool | None = None
    verdict: str | None = None
    kind: str | None = None
    backbone: str | None = None
    adapter: str | None = None
    seed: int | None = None
    configuration_id: str | None = None
    axes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """A trial whose runs have all ended.

    `state` is `completed` when every seed is completed and scored, `ended_early` when every seed
    has a verdict and some was not evaluated in full, else `failed`. `mean_delta` is the mean over
    seeds, `worst_deltas` the worst over seeds per benchmark. Of a trial that ended early there is
    no mean, and the worst of a lost cell is its upper bound: the delta is that or worse.
    """

    key: TrialKey
    configuration: Mapping[str, Any]
    trial_number: int | None
    state: str
    run_ids: tuple[str, ...]
    mean_delta: float | None
    worst_deltas: Mapping[str, float]


@dataclass(frozen=True)
class G1Count:
    """G1 runs among the completed, matched runs of one host, perhaps at one value of an axis.

    `strict`, `tied` and `inert` split `g1`; what is left is `unsplit`: tied or inert, in a record
    whose responses nobody compared.
    """

    study: str
    backbone: str
    adapter: str
    design: str
    axis: str | None
    value: Any
    runs: int
    g1: int
    strict: int
    tied: int
    inert: int

    @property
    def unsplit(self) -> int:
        """G1 runs of which nobody knows whether they are tied or inert."""
        return self.g1 - self.strict - self.tied - self.inert


@dataclass(frozen=True)
class Provenance:
    """What produced some of a study's runs."""

    hash: str
    data: Mapping[str, Any]
    num_runs: int


@dataclass(frozen=True)
class Analysis:
    """An analysis of a run, or of a whole study (`run_id` is None).

    `summary` and `artifact` are None until it is completed; `error` is why it failed.
    """

    id: str
    study: str
    run_id: str | None
    name: str
    parameters: Mapping[str, Any]
    state: str
    summary: Mapping[str, Any] | None
    artifact: str | None
    error: str | None
    seconds: float | None
    queued_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Event:
    """Something that happened to a study; ids grow in the order of commits within a study."""

    id: int
    at: datetime
    kind: str
    payload: Mapping[str, object]
