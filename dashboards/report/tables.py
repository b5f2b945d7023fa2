"""The tables of a report, as text: one computation for HTML and Markdown.

Owns: headings, rows and notes. Does not cover: escaping, which each format does (``render``), nor
the values (``search``, ``storage``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dashboards.narrowing import value_text
from dashboards.study_frames import StudyRecord
from dashboards.text_table import NOTHING, Table
from dashboards.wording import NO_CHAMPION, p_cell, percent, pp, pp_interval
from search.follow_ups.confirmation import Confirmation
from search.rates.g1_row import G1Row
from search.rates.host_worths import HostWorths
from search.rates.null_tests import NULL_NAMES
from search.study.axes import configuration_words
from storage import BASELINE
from storage.records import Provenance, Study, StudyStatus


def rate_table(rows: Sequence[G1Row]) -> Table:
    """G1 rates by host, with their split, tests and null runs."""
    return Table(
        "G1 rates",
        (
            *("host", "design", "runs", "G1", "strict", "tied", "inert", "rate", "strict rate"),
            *("95% interval", "rotation p", "strict p", "by chance"),
            *(f"{name} null" for name in NULL_NAMES),
            "p against null",
        ),
        tuple(
            (
                f"{row.count.backbone} {row.count.adapter}",
                row.count.design,
                str(row.count.runs),
                *(str(n) for n in (row.count.g1, row.count.strict, row.count.tied)),
                str(row.count.inert),
                percent(row.rate),
                percent(row.strict_rate),
                _interval(row),
                p_cell(row.rotation_p),
                p_cell(row.rotation_strict_p),
                _expected(row),
                *(_null(row, name) for name in NULL_NAMES),
                p_cell(row.null_p),
            )
            for row in rows
        ),
        notes=_rate_notes(rows),
        numbers=frozenset(range(2, 14 + len(NULL_NAMES))),
    ).without_empty()


def axis_table(axis: str, rows: Sequence[G1Row]) -> Table:
    """G1 rates by the values of one axis; p-values are corrected over all axes shown."""
    rotated = max((row.rotation.num_tests for row in rows if row.rotation), default=0)
    tested = max((row.test.num_tests for row in rows if row.test), default=0)
    return Table(
        f"G1 rate by {axis.replace('_', ' ')}",
        (
            *("host", axis.replace("_", " "), "runs", "G1", "strict", "rate", "95% interval"),
            *("rotation p", "strict p", "p against null"),
        ),
        tuple(
            (
                f"{row.count.backbone} {row.count.adapter}",
                "none" if row.count.value is None else value_text(row.count.value),
                *(str(n) for n in (row.count.runs, row.count.g1, row.count.strict)),
                percent(row.rate),
                _interval(row),
                p_cell(row.rotation_p),
                p_cell(row.rotation_strict_p),
                p_cell(row.null_p),
            )
            for row in rows
        ),
        notes=(
            f"Rotation tests are corrected over {rotated} values of all axes of this page "
            "(Benjamini and Hochberg)."
            if rotated
            else f"No rotation test: {rows[0].rotation_reason}",
            f"Tests against null runs are corrected over {tested} values." if tested else "",
        ),
        numbers=frozenset(range(2, 10)),
    ).without_empty()


def champion_table(
    record: StudyRecord,
    *,
    confirmed: Mapping[str, Confirmation],
    worths: Sequence[HostWorths] = (),
) -> Table:
    """Each host's champion, what it shrinks to, and what it was worth at fresh seeds."""
    hosts = {(host.backbone, host.adapter): host for host in worths}
    rows = []
    for run in record.champions.to_dict("records"):
        cells = record.cells[record.cells["run_id"] == run["id"]].set_index("benchmark")["delta"]
        rows.append(
            (
                str(run["host"]),
                f"{run['id']}, seed {run['seed']}",
                ", ".join(configuration_words(run)),
                pp(run["mean_delta"]),
                *(pp(cells.get(name)) for name in record.benchmarks),
                *_shrunken(run, hosts.get((str(run["backbone"]), str(run["adapter"])))),
                _confirmed(confirmed.get(str(run["id"]))),
            )
        )
    return Table(
        "Champions",
        (
            *("host", "run", "configuration", "mean delta", *record.benchmarks),
            *("shrunken", "G1 at a fresh seed", "at fresh seeds"),
        ),
        tuple(rows),
        notes=(
            "A champion is a host's strict G1 run (no benchmark below the baseline, at least one "
            "above it) with the largest mean delta, the best of many and biased upward. Shrunken: "
            "its configuration's mean delta without the luck of being the best, with its 95% "
            "interval, from the variance of all the host's configurations; with one seed it is of "
            "that seed. At fresh seeds: mean delta with Student's 95% interval over seeds.",
        )
        if rows
        else (NO_CHAMPION,),
        numbers=frozenset(range(3, 4 + len(record.benchmarks))),
    )


def _shrunken(run: Mapping[Any, object], host: HostWorths | None) -> tuple[str, str]:
    """The shrunken mean with its interval, and the probability of G1 at a fresh seed."""
    found = None if host is None else host.shrunken.get(str(run["configuration_id"]))
    if found is None:
        return NOTHING, NOTHING
    chance = found.g1_at_fresh_seed
    text = f"{pp(found.shrunken)} ({pp_interval(found.interval)})"
    return text, NOTHING if chance is None else percent(chance)


def failed_table(record: StudyRecord) -> Table | None:
    """Runs that failed, with the errors they left."""
    failed = record.runs[record.runs["state"] == "failed"]
    if failed.empty:
        return None
    return Table(
        "Failed runs",
        ("run", "host", "kind", "configuration", "attempts", "error"),
        tuple(
            (
                str(run["id"]),
                str(run["host"]),
                str(run["kind"]).replace("_", " "),
                NOTHING if pd.isna(run["layer"]) else ", ".join(configuration_words(run)),
                str(run["attempt"]),
                str(run["error"] or "unknown"),
            )
            for run in failed.to_dict("records")
        ),
        numbers=frozenset({4}),
    )


def protocol_table(record: StudyRecord, *, status: StudyStatus) -> Table:
    """What was asked for, in a few lines."""
    study = record.studies[0]
    spec = study.spec
    kinds = ", ".join(
        f"{kind.replace('_', ' ')} {counts.completed}/{counts.total}"
        for kind, counts in status.kinds.items()
    )
    rows = (
        ("hosts", "; ".join(f"{h} ({n} layers)" for h, n in _layers(record))),
        ("benchmarks", ", ".join(_items(record))),
        ("seeds", _listed(spec.get("seeds"))),
        ("design", _listed(study.design)),
        ("null runs", _listed(spec.get("null_runs")) or "none"),
        ("training", _listed(spec.get("training")) or "the suite's recipe"),
        ("TALAN block", _listed(spec.get("talan")) or "defaults"),
        ("runs completed", kinds),
    )
    return Table("Protocol", ("", ""), rows)


def provenance_table(study: Study, found: Sequence[Provenance]) -> Table:
    """Hashes, versions and machines behind the runs; a value that differs is shown with counts."""
    rows = [
        ("study file", study.spec_hash),
        ("recipe", study.recipe_hash),
        *((f"fingerprint of {host.backbone}", host.fingerprint) for host in study.hosts),
        ("created", f"{study.created_at:%Y-%m-%d %H:%M} UTC"),
    ]
    for name, at in _PROVENANCE.items():
        if values := _values(found, at):
            rows.append((name, values))
    versions = sorted({name for one in found for name in (one.data.get("versions") or {})})
    rows += [(name, values) for name in versions if (values := _values(found, ("versions", name)))]
    return Table("Provenance", ("", ""), tuple(rows))


_PROVENANCE = {
    "code": ("git_revision",),
    "suite": ("suite_hash",),
    "machine": ("machine", "platform"),
    "processor": ("machine", "cpu"),
    "GPUs": ("machine", "gpus"),
    "threads": ("threads",),
    "precision": ("dtype",),
    "deterministic": ("deterministic",),
}


def _interval(row: G1Row) -> str:
    if row.interval is None:
        return NOTHING
    low, high = row.interval
    return f"{percent(low)} to {percent(high)}"


def _expected(row: G1Row) -> str:
    if row.expected is None:
        return NOTHING
    low, high = row.expected.g1_interval
    return f"{row.expected.g1:.1f} ({low} to {high})"


def _null(row: G1Row, name: str) -> str:
    null = row.null.get(name)
    if null is None:
        return NOTHING
    differs = null.median_discordance
    median = "" if differs is None else f", median {differs:g} items"
    return f"{null.g1}/{null.runs} {percent(null.rate)}{median}"


def _rate_notes(rows: Sequence[G1Row]) -> tuple[str, ...]:
    methods = dict.fromkeys(row.interval_method for row in rows if row.interval_method)
    return (
        "G1: no benchmark below the matched baseline, by counts of right answers; strict: and one "
        "above it; tied: responses differ and every delta is 0; inert: no response differs.",
        f"Intervals ({'; '.join(methods)}) are for these baselines." if methods else "",
        "Rotation p: each run in turn as the baseline; the share whose rate is at least as high. "
        "By chance: the sum of each run's own chance of G1, with a 95% interval over baselines. "
        "Null runs are never pooled over kinds.",
        *(
            f"{row.count.backbone} {row.count.adapter}: {sentence}"
            for row in rows
            for sentence in row.sentences
        ),
    )


def _confirmed(found: Confirmation | None) -> str:
    if found is None:
        return "not confirmed"
    seeds = found.table.seeds
    interval = (
        "" if seeds.interval is None else f" ({pp(seeds.interval[0])} to {pp(seeds.interval[1])})"
    )
    return f"{pp(seeds.mean)}{interval}, G1 at {found.table.g1_seeds} of {seeds.n} seeds"


def _layers(record: StudyRecord) -> list[tuple[str, int]]:
    hosts = record.hosts
    return [(f"{host.backbone} {host.adapter_label}", host.num_layers) for host in hosts]


def _items(record: StudyRecord) -> list[str]:
    """Benchmarks with their number of items, as a baseline saw them."""
    baselines = record.runs.loc[record.runs["kind"] == BASELINE, "id"]
    cells = record.cells[record.cells["run_id"].isin(baselines)]
    items = cells.drop_duplicates("benchmark").set_index("benchmark")["n_items"]
    return [
        f"{name} ({items[name]} items)" if name in items else name for name in record.benchmarks
    ]


def _listed(value: object) -> str:
    """Settings in a line: ``max_steps 78, seed 0``."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{key} {part}" for key, part in value.items() if part not in (None, 0, "")
        )
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return "" if value is None else str(value)


def _values(found: Sequence[Provenance], at: tuple[str, ...]) -> str:
    """The distinct values of a key, with how many runs have each where they differ."""
    counts: dict[str, int] = {}
    for one in found:
        value: Any = one.data
        for key in at:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value not in (None, [], ""):
            text = value if isinstance(value, str) else json.dumps(value)
            counts[text] = counts.get(text, 0) + one.num_runs
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{text} ({number} runs)" for text, number in counts.items())
