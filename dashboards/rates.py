"""G1 rates of a record, narrowed or not, beside their null rates.

Owns: counting a record's runs as ``storage.rates`` counts the database's. Does not cover:
intervals, null rates and tests, which are ``search.rates.g1_rates``'s over those counts.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboards.study_frames import StudyRecord
from search.rates.g1_rates import NULL_NAMES, rows_beside_nulls
from storage.records import G1Count
from storage.verdict import INERT, STRICT, TIED

HostKey = tuple[str, str, str]
_HOST = ["study", "backbone", "adapter"]


def rate_rows(record: StudyRecord, *, by: str | None = None) -> list[dict[str, Any]]:
    """The rows of ``talan g1 --json`` for a record, hosts in order; ``by`` is a column of runs."""
    designs = {study.name: str(study.design["sampler"]) for study in record.studies}

    def counted(runs: pd.DataFrame, *, axis: str | None = None) -> list[G1Count]:
        return _counts(runs, by=axis, designs=designs)

    def first_seed(host: HostKey) -> list[G1Count]:
        runs = record.scored
        of_host = (runs[_HOST] == list(host)).all(axis=1)
        return counted(runs[of_host & (runs["seed"] == _first_seed(record, host[0]))], axis=by)

    nulls = record.nulls
    return rows_beside_nulls(
        counted(record.scored, axis=by),
        nulls={name: counted(nulls[nulls["kind"] == kind]) for name, kind in NULL_NAMES.items()},
        first_seed=first_seed,
        discordance=record.discordance,
        by=by,
    )


def _first_seed(record: StudyRecord, study: str) -> int:
    """Null runs share their baseline with the treatments of this seed."""
    spec = next(one.spec for one in record.studies if one.name == study)
    seeds = spec.get("seeds")
    return int(seeds[0] if seeds else record.runs["seed"].min())


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
                    value=None if pd.isna(value) else value,
                    runs=len(group),
                    g1=int(group["g1"].sum()),
                    strict=int((group["verdict"] == STRICT).sum()),
                    tied=int((group["verdict"] == TIED).sum()),
                    inert=int((group["verdict"] == INERT).sum()),
                )
            )
    return counts
