"""What a model card says of a run, as values and tables of text.

Owns: gathering it from the record. Does not cover: its first line (``standing``), Markdown and the
hub's metadata (``card``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.model_card.standing import standing
from dashboards.report.verdicts import rate_sentence
from dashboards.text_table import Table
from dashboards.wording import pp_interval, run_title, verdict_words
from search.rates import g1_rows
from search.rates.run_tests import tests_of
from search.statistics.cell_tests import RunTests
from search.study.axes import AXES, axis_label
from search.study.file import recorded_file
from search.study.keys import StudyFile
from storage import TREATMENT, AuditStore
from storage.records import BoundedCell, Cell, Host, Run, Study
from talan.base_models import BUILT_IN
from talan.model_folder import BaseModel
from workers.errors import WorkerError
from workers.suites.registry import resolve_benchmarks

_VERSIONS = ("talan-audit", "torch", "transformers", "peft", "lm-eval", "python")


@dataclass(frozen=True)
class ModelFacts:
    """A run's card before it looks like anything.

    Args:
        run: The run.
        base: Its base model.
        adapter: Label of its adapter.
        adapter_type: ``lora``, ``dora`` or ``rslora``.
        title: The run in a few words.
        standing: The first line, as Markdown.
        measured: One row per benchmark.
        verdict: What that amounts to; empty where there is no baseline.
        audit: What the audit says of all runs of the host.
        configuration: The axes.
        training: The recipe.
        origins: Where it comes from: hashes, versions, machine.
    """

    run: Run
    base: BaseModel
    adapter: str
    adapter_type: str
    title: str
    standing: str
    measured: Table
    verdict: str
    audit: tuple[str, ...]
    configuration: Table | None
    training: Table
    origins: Table

    @property
    def base_text(self) -> str:
        """The base model as a stranger may read it."""
        return base_text(self.base)


def model_facts(store: AuditStore, run_id: str) -> ModelFacts:
    """Gather a run's card.

    Raises:
        RunNotFound: There is no such run.
    """
    run = store.runs.get(run_id)
    study = store.studies.get(run.study)
    host, file = study.hosts[run.host], recorded_file(study.spec)
    provenance = store.runs.provenance(run_id)
    rests_on = store.runs.rests_on(run_id)
    rows = g1_rows(store, study.name, backbone=run.backbone, adapter=run.adapter)
    return ModelFacts(
        run=run,
        base=_base(host, provenance),
        adapter=run.adapter,
        adapter_type=str(host.adapter["type"]),
        title=_title(run),
        standing=standing(store, run, num_runs=sum(row.count.runs for row in rows)),
        measured=_measured(run, tests_of(run)),
        verdict=verdict_words(run.g1, run.verdict),
        audit=tuple(said for row in rows for said in (rate_sentence(row), *row.sentences)),
        configuration=configuration_table(run.configuration, file),
        training=training_table(host.adapter, file, seed=run.seed, rests_on=rests_on),
        origins=_origins(study, file, host, run, provenance),
    )


def _title(run: Run) -> str:
    host = f"{Path(run.backbone).name} {run.adapter}"
    if run.kind != TREATMENT:
        return f"{host}: {run_title(run)}"
    return f"{host} with a TALAN block ({run_title(run)})"


def base_text(base: BaseModel) -> str:
    """A base model in words: no path of the machine it was trained on."""
    if base.name in BUILT_IN:
        return f"{base.name}, which comes with talan-audit"
    name = base.name if is_hub_id(base.name) else Path(base.name).name
    return f"{name}, revision {base.revision}" if base.revision else name


def is_hub_id(name: str) -> bool:
    """Whether a backbone's name is a repository's on a hub."""
    return name.count("/") == 1 and not Path(name).is_dir() and name[0] not in "./~"


def _base(host: Host, provenance: Mapping[str, Any]) -> BaseModel:
    revision = provenance.get("backbone_revision")
    name = host.backbone.partition("@")[0] if revision else host.backbone
    return BaseModel(name, revision, host.fingerprint or None)


def _measured(run: Run, tests: RunTests) -> Table:
    rows = [_cell_row(name, cell, tests) for name, cell in run.cells.items()]
    rows += [_bounded_row(name, cell) for name, cell in run.bounds.items()]
    if run.mean_delta is not None and len(run.cells) > 1:
        mean = pp_interval(tests.mean_interval)
        rows.append(("mean of the deltas", "", "", "", f"{run.mean_delta:+.2f}", mean))
    headings = (
        "benchmark",
        "items",
        "this model",
        "adapter alone",
        "delta, pp",
        "95% interval, pp",
    )
    return Table("Measured", headings, tuple(rows), numbers=frozenset(range(1, 6))).without_empty()


def _cell_row(name: str, cell: Cell, tests: RunTests) -> tuple[str, ...]:
    test = tests.cells.get(name)
    return (
        name,
        str(cell.n_items),
        f"{cell.score:.1f}%",
        "" if cell.baseline_score is None else f"{cell.baseline_score:.1f}%",
        "" if cell.delta is None else f"{cell.delta:+.2f}",
        "" if test is None else pp_interval(test.interval),
    )


def _bounded_row(name: str, cell: BoundedCell) -> tuple[str, ...]:
    """A cell that was not asked in full, since the run was lost before."""
    asked = f"{cell.n_evaluated} of {cell.n_items}"
    baseline = f"{cell.baseline_score:.1f}%"
    return (name, asked, "not known", baseline, pp_interval(cell.delta), "")


def configuration_table(
    configuration: Mapping[str, object] | None, file: StudyFile
) -> Table | None:
    """The six axes and the block's fixed fields; None for the adapter alone."""
    if configuration is None:
        return None
    axes = [
        (axis.title, axis_label(axis.name, configuration[axis.name]))
        for axis in AXES
        if axis.name in configuration
    ]
    block = [(key, str(value)) for key, value in file.talan.items() if value is not None]
    return Table("Configuration", ("", ""), tuple(axes + block))


def training_table(
    adapter: Mapping[str, object], file: StudyFile, *, seed: int, rests_on: Mapping[str, str]
) -> Table:
    """The recipe, and the hash of what was trained on."""
    spec = ", ".join(f"{key} {_text(value)}" for key, value in adapter.items())
    data = Path(file.training_data).name if file.training_data else "the suite's own"
    rows = [
        ("adapter", spec),
        ("seed", str(seed)),
        *((key, str(value)) for key, value in _recipe(file).items()),
        ("training data", data),
        ("hash of the training text", rests_on.get("training text", "")),
    ]
    return Table("Training", ("", ""), tuple(row for row in rows if row[1]))


def _recipe(file: StudyFile) -> Mapping[str, object]:
    """All of it where the suite is at hand, else what the study changed."""
    try:
        suite, _ = resolve_benchmarks(file.benchmarks)
        return suite.recipe.replace(**file.training).to_record()
    except WorkerError:
        return file.training


def _origins(
    study: Study, file: StudyFile, host: Host, run: Run, provenance: Mapping[str, Any]
) -> Table:
    versions = provenance.get("versions") or {}
    rows = [
        ("audit study", f"{study.name}, design {study.design['sampler']}"),
        ("benchmarks", _suite(file)),
        ("run", run.id),
        ("finished", f"{run.finished_at:%Y-%m-%d}" if run.finished_at else ""),
        ("hash of the base model's files", host.fingerprint),
        ("hash of the recipe", str(provenance.get("recipe_hash") or "")),
        (
            "hash of the suite (training file, items, tasks)",
            str(provenance.get("suite_hash") or ""),
        ),
        ("checkpoint", run.checkpoint_artifact or ""),
        ("code", str(provenance.get("git_revision") or "")),
        ("versions", ", ".join(f"{n} {versions[n]}" for n in _VERSIONS if versions.get(n))),
        ("machine", str((provenance.get("machine") or {}).get("cpu") or "")),
        ("GPUs", ", ".join((provenance.get("machine") or {}).get("gpus") or ())),
    ]
    return Table("Where it comes from", ("", ""), tuple(row for row in rows if row[1]))


def _suite(file: StudyFile) -> str:
    if isinstance(file.benchmarks, str):
        return f"suite {Path(file.benchmarks).name}"
    return ", ".join(file.benchmarks)


def _text(value: object) -> str:
    return "/".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
