"""G1 rates of a record, narrowed or not, with their tests.

Owns: counting a record's runs as ``storage.rates`` counts the database's. Does not cover:
intervals, null runs and tests, which are ``search.rates.g1_rates``'s over those counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

import pandas as pd

from dashboards.study_frames import StudyRecord
from search.rates.g1_rates import adjusted, by_host, host_rows
from search.rates.g1_row import G1Row, HostKey
from search.rates.null_tests import NULL_NAMES
from storage.host_runs import HostRun, HostRuns
from storage.records import G1Count
from storage.verdict import INERT, STRICT, TIED

_HOST = ["study", "backbone", "adapter"]


def rate_rows(
    record: StudyRecord, *, by: str | None = None, with_tests: bool = True
) -> list[G1Row]:
    """The rows of ``talan g1`` for a record, hosts in order; ``by`` is a column of runs."""
    designs = {study.name: str(study.design["sampler"]) for study in record.studies}
    runs = _host_runs(record)
    values = _values(record, by) if by else {}

    def value(run: HostRun) -> Any:
        return values.get(run.id)

    nulls = by_host(
        {
            name: _counts(record.nulls[record.nulls["kind"] == kind], by=None, designs=designs)
            for name, kind in NULL_NAMES.items()
        }
    )
    rows: list[G1Row] = []
    for host, of_host in groupby(_counts(record.scored, by=by, designs=designs), key=_host):
        rows += host_rows(
            list(of_host),
            nulls=nulls.get(host, {}),
            runs=runs[host],
            value=value,
            with_tests=with_tests,
        )
    return adjusted(rows) if by else rows


def _host_runs(record: StudyRecord) -> dict[HostKey, HostRuns]:
    """The hosts' runs, only those that the record still has."""
    kept = set(record.runs["id"])
    return {
        (host.study, host.backbone, host.adapter): replace(
            host, runs=[run for run in host.runs if run.id in kept]
        )
        for host in record.host_runs
    }


def _values(record: StudyRecord, by: str) -> Mapping[str, Any]:
    """Per run its value of a column, as ``_counts`` gives it."""
    runs = record.scored
    return {run_id: _plain(value) for run_id, value in zip(runs["id"], runs[by], strict=True)}


def _plain(value: Any) -> Any:
    """A value that compares and prints like the record's own."""
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def _host(count: G1Count) -> HostKey:
    return (count.study, count.backbone, count.adapter)


def _counts(runs: pd.DataFrame, *, by: str | None, designs: dict[str, str]) -> list[G1Count]:
    counts = []
    for host, of_host in runs.groupby(_HOST, sort=False):
        study, backbone, adapter = (str(part) for part in host)
        groups = of_host.groupby(by, dropna=False) if by else [(None, of_host)]
        for value, group in groups:
            counts.append(
                G1Count(
                    study=study,
                    backbone=backbone,
                    adapter=adapter,
                    design=designs[study],
                    axis=by,
                    value=_plain(value),
                    runs=len(group),
                    g1=int(group["g1"].sum()),
                    strict=int((group["verdict"] == STRICT).sum()),
                    tied=int((group["verdict"] == TIED).sum()),
                    inert=int((group["verdict"] == INERT).sum()),
                )
            )
    return counts
