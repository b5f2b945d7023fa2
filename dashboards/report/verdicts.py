"""The sentences a report begins with.

Owns: what was audited, and per host its G1 runs with their split and what the tests say. Does not
cover: the tests and their wording (``search.rates``); hosts are tested one by one, uncorrected, and
the caveats say so.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.study_frames import StudyRecord
from dashboards.wording import counted, percent
from search.rates.g1_row import G1Row
from storage.records import StudyStatus


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


def verdicts(rows: Sequence[G1Row]) -> tuple[str, ...]:
    """What is said of each host."""
    said = tuple(" ".join((rate_sentence(row), *row.sentences)) for row in rows)
    return said or ("No run has a verdict yet.",)


def rate_sentence(row: G1Row) -> str:
    """A host's G1 runs, with their split and interval."""
    count = row.count
    split = f"{count.strict} strict, {count.tied} tied, {count.inert} inert"
    if count.unsplit:
        split += f", {count.unsplit} tied or inert"
    bounds = ""
    if row.interval is not None:
        low, high = row.interval
        bounds = f" (95% interval {percent(low)} to {percent(high)})"
    return (
        f"{count.backbone} {count.adapter}: {count.g1} of {count.runs} runs are G1 ({split}), "
        f"{percent(row.rate)}{bounds}."
    )
