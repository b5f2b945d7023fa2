"""The sentences a report begins with.

Owns: what was audited, and per host whether its G1 rate is told apart from its null rate, at
p < 0.05 of Fisher's exact test, two-sided (our choice). Does not cover: the test
(``search.rates.g1_rates``); hosts are tested one by one, uncorrected, and the caveats say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.study_frames import StudyRecord
from dashboards.wording import counted, p_value, percent
from storage.records import StudyStatus

LEVEL = 0.05


def headline(record: StudyRecord, *, status: StudyStatus) -> str:
    """What was audited, and how far it is."""
    hosts = " and ".join(record.host_labels) if len(record.host_labels) < 3 else ""
    hosts = hosts or f"{len(record.host_labels)} hosts"
    seeds = sorted(record.treatments["seed"].unique())
    runs = status.runs
    asked = ", ".join(
        (
            f"{counted(runs.total, 'configuration run')} on {hosts}",
            counted(len(record.benchmarks), "benchmark"),
            counted(len(seeds), "seed"),
            f"design {record.design}",
        )
    )
    return (
        f"{asked}: {runs.completed} completed, {runs.failed} failed, "
        f"{runs.pending + runs.running} open. The study is {status.state}."
    )


def verdicts(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """A sentence a host."""
    return tuple(_verdict(row) for row in rows) or ("No run has a verdict yet.",)


def _verdict(row: Mapping[str, Any]) -> str:
    low, high = row["interval"]
    rate = (
        f"{row['backbone']} {row['adapter']}: {row['g1']} of {row['runs']} runs are G1, "
        f"{percent(row['rate'])} (exact 95% interval {percent(low)} to {percent(high)})"
    )
    if row["null"]:
        return f"{rate}, beside {_null(row['null'])}. {_tested(row)}"
    if row["expected"]:
        return (
            f"{rate}. There are no null runs to test it against; chance alone would give about "
            f"{percent(row['expected']['rate'])}, computed from how often runs and baseline differ."
        )
    return f"{rate}. There is nothing to compare it with."


def _null(null: Mapping[str, Any]) -> str:
    return f"{null['g1']} of {null['runs']} null runs, {percent(null['rate'])}"


def _tested(row: Mapping[str, Any]) -> str:
    test = row["test"]
    if not test:
        return "No run shares the null runs' baseline, so nothing is tested."
    p = f"Fisher's exact test, p = {p_value(test['fisher_p'])}"
    if test["fisher_p"] >= LEVEL:
        return f"The two are not told apart ({p})."
    more = row["rate"] > row["null"]["rate"]
    return f"Configurations are G1 {'more' if more else 'less'} often than null runs ({p})."
