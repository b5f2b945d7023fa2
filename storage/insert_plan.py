"""Writing runs down in bulk.

Owns: a run's id, the checks of a plan against itself, and inserting runs and configurations so that
doing it twice changes nothing.
Does not cover: which runs a design asks for, and the study's own row (`studies.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.axes import to_columns
from storage.canonical_json import canonical_json, content_hash
from storage.errors import PlanError
from storage.models import Configuration, Host, Run, Study
from storage.new_rows import BASELINE, METHOD, METHOD_NULL, HostPlan, RunPlan
from storage.upserts import insert_missing

_CHUNK = 5_000


def run_id(study: str, *, backbone: str, adapter_label: str, run: RunPlan) -> str:
    """Return a run's id: 16 hex digits of the hash of its unique key.

    Derived and not drawn, so that the same study gets the same ids wherever it is recorded, and
    writing a run down twice is the same row.
    """
    what = run.configuration_id or _method_text(run) or ""
    key = [study, backbone, adapter_label, run.kind, what, run.seed]
    return content_hash(canonical_json(key))[:16]


def insert_hosts(session: Session, study: Study, hosts: Sequence[HostPlan]) -> list[Host]:
    """Insert a new study's hosts in order.

    Raises:
        PlanError: if there are none, or two have the same backbone and adapter label.
    """
    labels = [(host.backbone, host.adapter_label) for host in hosts]
    if not labels:
        raise PlanError(f"study '{study.name}' has no hosts; at least one is needed")
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        raise PlanError(f"two hosts are called {twice[0]} with {twice[1]}; labels must differ")
    rows = [
        Host(
            study_id=study.id,
            position=position,
            backbone=host.backbone,
            adapter_label=host.adapter_label,
            adapter=dict(host.adapter),
            num_layers=host.num_layers,
            fingerprint=host.fingerprint,
        )
        for position, host in enumerate(hosts)
    ]
    session.add_all(rows)
    session.flush()
    return rows


def insert_runs(
    session: Session, study: Study, *, hosts: Sequence[Host], runs: Sequence[RunPlan]
) -> list[str]:
    """Insert runs that are not there yet; return the ids of all of them, in order.

    Raises:
        PlanError: if a run names no host of the study, lacks its configuration, or is twice in it.
    """
    for run in runs:
        _check(run, num_hosts=len(hosts))
    keys = _insert_configurations(session, runs)
    rows = [_row(study, hosts[run.host], run=run, keys=keys) for run in runs]
    ids = [row["id"] for row in rows]
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise PlanError(f"the plan of study '{study.name}' holds run {twice} twice")
    insert_missing(session, Run, rows)
    return ids


def _check(run: RunPlan, *, num_hosts: int) -> None:
    if not 0 <= run.host < num_hosts:
        raise PlanError(f"a run names host {run.host}; the study has hosts 0 to {num_hosts - 1}")
    if (run.configuration is None) != (run.configuration_id is None):
        raise PlanError(f"the run at position {run.position} needs configuration and id together")
    if (run.method is not None) != (run.kind in (METHOD, METHOD_NULL)):
        raise PlanError(f"the run at position {run.position} needs a method's kind with a method")
    if run.kind == BASELINE and run.configuration_id is not None:
        raise PlanError(f"the baseline at position {run.position} must have no configuration")
    if run.kind == BASELINE and run.baseline_seed not in (None, run.seed):
        raise PlanError(f"the baseline at position {run.position} is its own baseline")


def _row(study: Study, host: Host, *, run: RunPlan, keys: dict[str, int]) -> dict[str, Any]:
    return {
        "id": run_id(study.name, backbone=host.backbone, adapter_label=host.adapter_label, run=run),
        "study_id": study.id,
        "host_id": host.id,
        "configuration_pk": keys[run.configuration_id] if run.configuration_id else None,
        "method": _method_text(run),
        "kind": run.kind,
        "seed": run.seed,
        "baseline_seed": run.seed if run.baseline_seed is None else run.baseline_seed,
        "position": run.position,
        "state": "pending",
        "attempt": 0,
        "failures": 0,
    }


def _method_text(run: RunPlan) -> str | None:
    return None if run.method is None else canonical_json(dict(run.method))


def _insert_configurations(session: Session, runs: Sequence[RunPlan]) -> dict[str, int]:
    """Insert the runs' configurations and return their keys by their ids.

    They go in ordered by id, so that two studies being created at once cannot wait for each other.
    """
    texts: dict[str, str] = {}
    rows = []
    for run in runs:
        if run.configuration is None or run.configuration_id is None:
            continue
        if run.configuration_id not in texts:
            texts[run.configuration_id] = canonical_json(dict(run.configuration))
            columns = to_columns(run.configuration)
            rows.append({"configuration_id": run.configuration_id, **columns})
    for row in rows:
        row["canonical"] = texts[row["configuration_id"]]
    insert_missing(session, Configuration, sorted(rows, key=lambda row: row["configuration_id"]))
    return _configuration_keys(session, texts)


def _configuration_keys(session: Session, texts: dict[str, str]) -> dict[str, int]:
    ids, keys = sorted(texts), {}
    columns = (Configuration.configuration_id, Configuration.pk, Configuration.canonical)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        query = select(*columns).where(Configuration.configuration_id.in_(chunk))
        for name, key, canonical in session.execute(query):
            if canonical != texts[name]:
                raise PlanError(
                    f"configuration {name} is recorded as {canonical}, not {texts[name]}"
                )
            keys[name] = key
    return keys
