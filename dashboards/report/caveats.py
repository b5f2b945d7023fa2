"""What a reader of this report must keep in mind: only what is true of this study.

Owns: when a caveat applies, and its sentence. Does not cover: figures' captions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dashboards.study_frames import StudyRecord
from dashboards.wording import counted, percent
from search.rates.g1_rates import adaptive_reason
from search.rates.g1_row import G1Row
from storage.new_rows import SELF_CHECK
from storage.records import StudyStatus
from storage.verdict import INERT

FEW_RUNS = 50  # of a host: the interval of a rate of 7% is then 14 pp wide (our choice)


def caveats(
    record: StudyRecord,
    *,
    status: StudyStatus,
    rows: Sequence[G1Row],
    confirmed: Collection[str],
) -> tuple[str, ...]:
    """The caveats of a study, weightiest first."""
    found = (
        _self_check(record),
        _adaptive(record),
        _no_nulls(rows),
        _shared_baseline(rows),
        _few(rows),
        _selection(record, confirmed=confirmed),
        _unfinished(status),
        _failed(record, status),
        _ended_early(record),
        _several_hosts(rows),
    )
    return tuple(sentence for sentence in found if sentence)


def _self_check(record: StudyRecord) -> str:
    runs = record.runs
    checks = runs[(runs["kind"] == SELF_CHECK) & runs["verdict"].notna()]
    broken = checks[checks["verdict"] != INERT]
    if broken.empty:
        return ""
    return (
        f"Self-check: run {broken['id'].iloc[0]} has a block that cannot leave the identity, and "
        "it answers differently from its baseline. Something besides the block differs between a "
        "run and its baseline here; no delta of this study can be trusted."
    )


def _adaptive(record: StudyRecord) -> str:
    reason = adaptive_reason(record.design)
    return f"Design: {reason}" if reason else ""


def _no_nulls(rows: Sequence[G1Row]) -> str:
    if not any(not row.null for row in rows):
        return ""
    return (
        "Null runs: hosts without null runs are read by the rotation test and by what chance gives "
        "alone; null_runs in the study file measure a disturbance without the mechanism."
    )


def _shared_baseline(rows: Sequence[G1Row]) -> str:
    if not rows:
        return ""
    return (
        "Baseline: all runs of a host and seed meet one baseline run, whose luck they share. The "
        "intervals are for these baselines and say nothing about others."
    )


def _few(rows: Sequence[G1Row]) -> str:
    few = [(row, row.interval) for row in rows if row.count.runs < FEW_RUNS and row.interval]
    if not few:
        return ""
    widest, (low, high) = max(few, key=lambda entry: entry[1][1] - entry[1][0])
    return (
        f"Few runs: with {widest.count.runs} runs the rate of {widest.count.backbone} "
        f"{widest.count.adapter} is only known to lie between {percent(low)} and {percent(high)}."
    )


def _selection(record: StudyRecord, *, confirmed: Collection[str]) -> str:
    open_ones = [run for run in record.champions["id"] if run not in confirmed]
    if not open_ones:
        return ""
    return (
        f"Selection: {len(open_ones)} of {len(record.champions)} champions are not confirmed. The "
        "best of many is biased upward; talan confirm runs one again at fresh seeds."
    )


def _unfinished(status: StudyStatus) -> str:
    still_open = sum(kind.pending + kind.running for kind in status.kinds.values())
    if not still_open:
        return ""
    open_runs = f"{counted(still_open, 'run')} not over"
    return f"Unfinished: {open_runs}; every number here may still change."


def _failed(record: StudyRecord, status: StudyStatus) -> str:
    failed = sum(kind.failed for kind in status.kinds.values())
    unmatched = record.treatments
    unmatched = unmatched[(unmatched["state"] == "completed") & unmatched["g1"].isna()]
    parts = []
    if failed:
        parts.append(f"{counted(failed, 'run')} failed")
    if len(unmatched):
        parts.append(f"{counted(len(unmatched), 'completed run')} without a matched baseline")
    return f"Left out of every rate: {' and '.join(parts)}." if parts else ""


def _ended_early(record: StudyRecord) -> str:
    number = record.num_ended_early
    if not number:
        return ""
    return (
        f"Ended early: {counted(number, 'run')} stopped once a benchmark was lost for certain. The "
        "verdict is exact and rates count it; there is no mean delta, so that averages, best "
        "values and importance are of the other runs."
    )


def _several_hosts(rows: Sequence[G1Row]) -> str:
    tested = sum(row.rotation is not None for row in rows)
    if tested < 2:
        return ""
    return f"Several tests: {tested} hosts are tested one by one, without correction over hosts."
