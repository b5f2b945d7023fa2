"""What every figure reads: a study as two tidy pandas frames.

Owns: the columns, their types, and narrowing a record to some of its runs. Scores are in percent,
deltas in pp, ``depth`` is layer / number of layers, times are UTC, durations seconds. A run that
ended early has a verdict and no mean delta (NaN); its cells not evaluated in full are not here.
Does not cover: SQL (``storage.frames``), rates (``dashboards.rates``), figures.

``runs`` has one row per run: id, study, host (its label), backbone, adapter, kind, seed,
baseline_seed, state, attempt, configuration_id, the axes (layer, num_layers, depth, slots, mixer,
writeback_rule, writeback_gate, alpha, writeback, scope, train_until, warmup_identity, trainability,
gradient_scale; ``writeback`` and ``trainability`` are the short names of the whole axis),
mean_delta, worst_delta, g1, verdict, worker, started_at, finished_at, compute_s, error. ``cells``
has one row per cell: run_id, benchmark, score, baseline_score, delta, helped, hurt, changed,
n_items, n_correct, seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from dashboards.narrowing import HOSTS, matching
from dashboards.study_mechanism import StudyMechanism, load_study_mechanism
from search.follow_ups.importance import HostImportance, affordable, study_importance
from search.statistics.importance_reference import FEWEST_SHUFFLES
from search.study.axes import NARROWING, trainability_label, writeback_label
from storage import BASELINE, NULL_KINDS, TREATMENT, AuditStore
from storage.frames import read_tables
from storage.host_runs import HostRuns, read_host_runs
from storage.records import Host, Study
from storage.verdict import STRICT
from workers.suites import get_suite

_OF_RUNS = ("layer", "slots", "train_until", "warmup_identity")
_OF_CELLS = ("n_correct", "helped", "hurt", "changed")
_WHOLE = (*_OF_RUNS, *_OF_CELLS)
_NUMBERS = (
    "alpha",
    "gradient_scale",
    "mean_delta",
    "worst_delta",
    "compute_s",
    "score",
    "baseline_score",
    "delta",
    "seconds",
)
_TIMES = ("started_at", "finished_at")


@dataclass(frozen=True)
class StudyRecord:
    """One study (or several, side by side) as frames.

    Args:
        name: The study's name; several are joined by `` + ``.
        state: The study's state; ``mixed`` where several differ.
        studies: What was asked for, by study.
        benchmarks: In the order of the study.
        runs: One row per run.
        cells: One row per cell.
        host_runs: Right answers and outcomes of the hosts' runs, for tests.
        importance: Per host, by study, once asked for (``with_importance``).
        mechanisms: What is analysed inside the runs of each study.
    """

    name: str
    state: str
    studies: tuple[Study, ...]
    benchmarks: tuple[str, ...]
    runs: pd.DataFrame
    cells: pd.DataFrame
    host_runs: tuple[HostRuns, ...] = ()
    importance: Mapping[str, tuple[HostImportance, ...]] | None = None
    mechanisms: tuple[StudyMechanism, ...] = ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts of all studies, in order."""
        return tuple(host for study in self.studies for host in study.hosts)

    @property
    def host_labels(self) -> list[str]:
        """All hosts as ``runs`` names them, in order, also those narrowed away."""
        several = len(self.studies) > 1
        return [
            (f"{study.name}: " if several else "") + f"{host.backbone} {host.adapter_label}"
            for study in self.studies
            for host in study.hosts
        ]

    @property
    def design(self) -> str:
        """The sampler's name; several are joined."""
        return " + ".join(dict.fromkeys(str(s.design["sampler"]) for s in self.studies))

    @property
    def treatments(self) -> pd.DataFrame:
        """Runs of configurations."""
        return self.runs[self.runs["kind"] == TREATMENT]

    @property
    def scored(self) -> pd.DataFrame:
        """Completed treatments that have a verdict."""
        return _with_verdict(self.treatments)

    @property
    def num_ended_early(self) -> int:
        """Runs that lost a benchmark for certain and were evaluated no further."""
        scored = self.scored
        return int(scored["mean_delta"].isna().sum())

    @property
    def champions(self) -> pd.DataFrame:
        """Per host the strict G1 run with the largest mean delta; the plan's first of a tie."""
        strict = self.scored[self.scored["verdict"] == STRICT]
        best_first = strict.sort_values(
            ["mean_delta", "position", "id"], ascending=[False, True, True]
        )
        return best_first.drop_duplicates("host").sort_values("position")

    @property
    def nulls(self) -> pd.DataFrame:
        """Completed null runs that have a verdict."""
        return _with_verdict(self.runs[self.runs["kind"].isin(NULL_KINDS)])

    def narrowed(self, **wanted: object) -> StudyRecord:
        """The record with only the runs that match; a value may be a list of values.

        Keys are ``backbone``, ``adapter``, ``seed``, ``state``, ``g1`` and the axes. An axis
        narrows treatments only: baselines and null runs stay, for they are what treatments are
        read beside. ``None`` asks for nothing.

        Raises:
            RecordError: An unknown key, or a value that no run has.
        """
        keep = pd.Series(True, index=self.runs.index)
        for key, value in wanted.items():
            if value is not None:
                keep &= matching(self.runs, key, value)
        runs = self.runs[keep]
        narrows_axes = any(wanted[key] is not None for key in set(wanted) - set(HOSTS))
        hosts = set(zip(runs["study"], runs["backbone"], runs["adapter"], strict=True))
        return replace(
            self,
            runs=runs,
            cells=self.cells[self.cells["run_id"].isin(runs["id"])],
            host_runs=tuple(
                host
                for host in self.host_runs
                if (host.study, host.backbone, host.adapter) in hosts
            ),
            importance=None if narrows_axes else _of_hosts(self.importance, hosts),
        )

    def choices(self) -> dict[str, list[Any]]:
        """Per key of ``narrowed``, the values that runs have, in order."""
        return {
            key: sorted(self.treatments[key].dropna().unique().tolist())
            for key in (*HOSTS, *NARROWING)
        }


Records = StudyRecord | Sequence[StudyRecord]


def load_record(store: AuditStore, name: str) -> StudyRecord:
    """Read a study.

    Raises:
        StudyNotFound: There is no such study.
    """
    study = store.studies.get(name)
    tables = read_tables(store.database, name)
    runs = _runs(study, pd.DataFrame(tables.runs))
    cells = _typed(pd.DataFrame(tables.cells))
    return StudyRecord(
        name=name,
        state=study.state,
        studies=(study,),
        benchmarks=_benchmarks(study, cells),
        runs=runs,
        cells=cells,
        host_runs=tuple(
            read_host_runs(
                store.database, study=name, backbone=host.backbone, adapter=host.adapter_label
            )
            for host in study.hosts
        ),
        mechanisms=(load_study_mechanism(store, name),),
    )


def with_importance(
    store: AuditStore, record: StudyRecord, *, resamples: int | None = None
) -> StudyRecord:
    """The record with the importance of its axes, which takes seconds on a large study.

    Of the mean delta, as ``talan importance`` has it, which is asked for intervals there: without
    ``resamples`` they are had here only where about ten seconds are enough for them.
    """
    number, shuffles = affordable(len(record.scored))
    if resamples is not None:
        number, shuffles = resamples, FEWEST_SHUFFLES
    found = {
        study.name: tuple(study_importance(store, study.name, resamples=number, shuffles=shuffles))
        for study in record.studies
    }
    return replace(record, importance=found)


def together(records: Records) -> StudyRecord:
    """Several studies as one record, in which a host's label begins with its study."""
    if isinstance(records, StudyRecord):
        return records
    if len(records) == 1:
        return records[0]
    states = list(dict.fromkeys(record.state for record in records))
    benchmarks = dict.fromkeys(name for record in records for name in record.benchmarks)
    known = [record.importance for record in records if record.importance is not None]
    return StudyRecord(
        name=" + ".join(record.name for record in records),
        state=states[0] if len(states) == 1 else "mixed",
        studies=tuple(study for record in records for study in record.studies),
        benchmarks=tuple(benchmarks),
        runs=pd.concat([_by_study(record.runs) for record in records], ignore_index=True),
        cells=pd.concat([record.cells for record in records], ignore_index=True),
        host_runs=tuple(host for record in records for host in record.host_runs),
        mechanisms=tuple(found for record in records for found in record.mechanisms),
        importance={name: hosts for found in known for name, hosts in found.items()}
        if len(known) == len(records)
        else None,
    )


def _by_study(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.assign(host=runs["study"] + ": " + runs["host"])


def _with_verdict(runs: pd.DataFrame) -> pd.DataFrame:
    return runs[(runs["state"] == "completed") & runs["g1"].notna()]


def _of_hosts(
    found: Mapping[str, tuple[HostImportance, ...]] | None, hosts: set[tuple[str, str, str]]
) -> Mapping[str, tuple[HostImportance, ...]] | None:
    return found and {
        study: tuple(host for host in of_study if (study, host.backbone, host.adapter) in hosts)
        for study, of_study in found.items()
    }


def _benchmarks(study: Study, cells: pd.DataFrame) -> tuple[str, ...]:
    """As the study names them; a record from elsewhere may name none."""
    named = study.spec.get("benchmarks", [])
    listed = get_suite(named).benchmarks if isinstance(named, str) else named
    return tuple(dict.fromkeys([*listed, *cells["benchmark"]]))


def _runs(study: Study, runs: pd.DataFrame) -> pd.DataFrame:
    hosts = pd.DataFrame(
        {
            "study": study.name,
            "host": [f"{host.backbone} {host.adapter_label}" for host in study.hosts],
            "backbone": [host.backbone for host in study.hosts],
            "adapter": [host.adapter_label for host in study.hosts],
            "num_layers": [host.num_layers for host in study.hosts],
        },
        index=[host.index for host in study.hosts],
    )
    typed = _typed(runs)
    places = typed.pop("host").astype(int)
    of_host = hosts.loc[places].set_index(typed.index)
    return typed.join(of_host).assign(
        g1=typed["g1"].astype("boolean"),
        depth=(typed["layer"] / of_host["num_layers"]).astype(float),
        writeback=_labels(typed, ("writeback_rule", "writeback_gate", "alpha"), _writeback),
        trainability=_labels(typed, ("scope", "train_until", "warmup_identity"), _trainability),
    )


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    kinds: dict[str, Any] = {
        **dict.fromkeys(_WHOLE, "Int64"),
        **dict.fromkeys(_NUMBERS, "float64"),
    }
    typed = frame.astype({name: kind for name, kind in kinds.items() if name in frame})
    return typed.assign(
        **{name: pd.to_datetime(frame[name], utc=True) for name in _TIMES if name in frame}
    )


def _labels(runs: pd.DataFrame, columns: tuple[str, ...], label: Any) -> pd.Series[Any]:
    """The short name of an axis per run; few values are distinct."""
    rows = [
        tuple(None if pd.isna(value) else value for value in row)
        for row in runs[list(columns)].itertuples(index=False)
    ]
    names = {row: label(*row) if row[0] is not None else None for row in set(rows)}
    return pd.Series([names[row] for row in rows], index=runs.index, dtype=object)


def _writeback(rule: str, gate: str | None, alpha: float) -> str:
    return writeback_label({"rule": rule, "gate": gate, "alpha": alpha})


def _trainability(scope: str, train_until: int | None, warmup_identity: int) -> str:
    return trainability_label(
        {"scope": scope, "train_until": train_until, "warmup_identity": warmup_identity}
    )


__all__ = [
    "BASELINE",
    "Records",
    "StudyRecord",
    "load_record",
    "together",
    "with_importance",
]
