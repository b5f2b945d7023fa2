"""G1 rates as they are shown: each with its split, its interval, its tests and its null runs.

Owns: the rows of ``talan g1``, a host each, or a host's value of an axis. Hosts are never pooled,
nor are kinds of null runs. Does not cover: the statistics (``search.statistics``), counting
(``storage``), nor JSON.

Over the values of an axis, p-values are corrected over all rows that are shown together
(``adjusted``). Runs of an adaptive design are not a sample of the space: its rows have counts, and
neither an interval nor a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

from search.rates.baseline_groups import BaselineGroup, baseline_groups
from search.rates.g1_row import G1Row, HostKey, RateTest, Rotation
from search.rates.known_rates import KnownRates
from search.rates.null_tests import NULL_NAMES, null_kinds, test_of
from search.rates.rotation import rotation_of
from search.statistics import (
    BaselineRuns,
    Expected,
    benjamini_hochberg,
    expected_g1,
    rate_interval,
)
from search.study.keys import ADAPTIVE_SAMPLERS
from storage import AuditStore
from storage.host_runs import HostRun, HostRuns, read_host_runs
from storage.new_rows import TREATMENT
from storage.records import G1Count

NOT_YET = "Tests are computed when the study is over."


def g1_rows(
    store: AuditStore,
    study: str | None = None,
    *,
    backbone: str | None = None,
    adapter: str | None = None,
    by: str | None = None,
    with_tests: bool = True,
    known: KnownRates | None = None,
) -> list[G1Row]:
    """The rows of ``talan g1``.

    ``with_tests=False`` leaves out what reads outcomes item by item, which takes longer than all
    the counting; ``known`` remembers rows from call to call.

    Raises:
        QueryError: There is no such axis.
        StudyNotFound: A study is named that does not exist.
    """
    asked: dict[str, Any] = {"backbone": backbone, "adapter": adapter}
    counts = store.rates.g1_counts(study, by=by, **asked)
    nulls = by_host(
        {name: store.rates.g1_counts(study, kind=k, **asked) for name, k in NULL_NAMES.items()}
    )

    def read(host: HostKey) -> HostRuns:
        return read_host_runs(
            store.database,
            **dict(zip(("study", "backbone", "adapter"), host, strict=True)),
            with_cells=with_tests,
        )

    def value(run: HostRun) -> Any:
        return run.value(by) if by else None

    def compute(listed: Sequence[G1Count], of_null: Mapping[str, G1Count]) -> list[G1Row]:
        runs = read(_host(listed[0]))
        return host_rows(listed, nulls=of_null, runs=runs, value=value, with_tests=with_tests)

    remembered = known or KnownRates()
    rows: list[G1Row] = []
    for host, of_host in groupby(counts, key=_host):
        listed, of_null = tuple(of_host), nulls.get(host, {})
        key = (host, by, with_tests)
        state = (listed, tuple(of_null.items()))
        rows += remembered.of(key, state, partial(compute, listed, of_null))
    return adjusted(rows) if by else rows


def host_rows(
    counts: Sequence[G1Count],
    *,
    nulls: Mapping[str, G1Count],
    runs: HostRuns,
    value: Callable[[HostRun], Any],
    with_tests: bool = True,
) -> list[G1Row]:
    """The rows of one host, from counts wherever these were counted.

    Args:
        counts: Treatments of the host, one entry per value of the axis.
        nulls: Null runs of the host by kind.
        runs: The host's runs; without cells where there are to be no tests.
        value: A run's value of the axis.
        with_tests: Whether to test.
    """
    by_value: dict[str, list[HostRun]] = {}
    for run in runs.runs:
        if run.kind == TREATMENT:
            by_value.setdefault(repr(value(run)), []).append(run)
    groups = {
        name: baseline_groups(runs, kind=NULL_NAMES[name]) if with_tests else [] for name in nulls
    }
    shown = null_kinds(nulls, groups)
    rows = []
    for count in counts:
        of_value = by_value.get(repr(count.value), [])
        row = replace(_counted(count, of_value), null=shown)
        rows.append(_tested(row, _groups(runs, of_value), groups) if with_tests else _open(row))
    return rows


def adjusted(rows: Sequence[G1Row]) -> list[G1Row]:
    """The rows with p-values corrected over all of them (Benjamini and Hochberg).

    Each question is a family of its own: the rotation test of G1, that of strict G1, and the test
    against null runs.
    """
    rotations = [row.rotation for row in rows if row.rotation is not None]
    g1 = iter(benjamini_hochberg([found.g1_p for found in rotations]))
    strict = iter(benjamini_hochberg([found.strict_p for found in rotations]))
    tests = [row.test for row in rows if row.test is not None]
    tested = iter(benjamini_hochberg([found.p for found in tests]))

    def of(row: G1Row) -> G1Row:
        rotation, test = row.rotation, row.test
        if rotation is not None:
            rotation = replace(
                rotation,
                adjusted_g1_p=next(g1),
                adjusted_strict_p=next(strict),
                num_tests=len(rotations),
            )
        if test is not None:
            test = replace(test, adjusted_p=next(tested), num_tests=len(tests))
        return replace(row, rotation=rotation, test=test)

    return [of(row) for row in rows]


def by_host(nulls: Mapping[str, Sequence[G1Count]]) -> dict[HostKey, dict[str, G1Count]]:
    """Counts of null runs by host and kind."""
    found: dict[HostKey, dict[str, G1Count]] = {}
    for name, counts in nulls.items():
        for count in counts:
            found.setdefault(_host(count), {})[name] = count
    return found


def adaptive_reason(design: str) -> str | None:
    """Why a design's rate has no test and no interval; None where it may have both."""
    if design not in ADAPTIVE_SAMPLERS:
        return None
    return (
        f"{design} chose configurations by earlier results: its runs are not a sample of the "
        "space, and their rate has no interval and no test."
    )


def expected_of(groups: Sequence[BaselineGroup]) -> Expected | None:
    """Found against the sum of each run's own chance; None where some run was not done in full."""
    known = [group for group in groups if group.runs]
    if not known or any(group.ended_early for group in groups):
        return None
    return expected_g1(
        [
            BaselineRuns(group.net, group.discordant, shared_variance=group.law.shared_variance)
            for group in known
        ]
    )


def _counted(count: G1Count, runs: Sequence[HostRun]) -> G1Row:
    """The rate and its interval: the configuration is the unit where there are several seeds."""
    if adaptive_reason(count.design) is not None:
        return G1Row(count, interval=None, interval_method=None)
    seeds: dict[str, list[bool]] = {}
    for run in runs:
        seeds.setdefault(run.configuration_id or run.id, []).append(run.g1)
    found = rate_interval([(sum(held), len(held)) for held in seeds.values()])
    return G1Row(count, interval=(found.low, found.high), interval_method=found.method)


def _groups(runs: HostRuns, of_value: Sequence[HostRun]) -> list[BaselineGroup]:
    return baseline_groups(runs, kind=TREATMENT, among=[run.id for run in of_value])


def _tested(
    row: G1Row, groups: Sequence[BaselineGroup], nulls: Mapping[str, Sequence[BaselineGroup]]
) -> G1Row:
    row = replace(row, expected=expected_of(groups))
    reason = adaptive_reason(row.count.design)
    rotation: Rotation | str = rotation_of(groups) if reason is None else reason
    test: RateTest | str = test_of(groups, nulls) if reason is None else reason
    return replace(
        row,
        rotation=rotation if isinstance(rotation, Rotation) else None,
        rotation_reason=rotation if isinstance(rotation, str) else None,
        test=test if isinstance(test, RateTest) else None,
        test_reason=test if isinstance(test, str) else None,
    )


def _open(row: G1Row) -> G1Row:
    reason = adaptive_reason(row.count.design) or NOT_YET
    return replace(row, rotation_reason=reason, test_reason=reason)


def _host(count: G1Count) -> HostKey:
    return (count.study, count.backbone, count.adapter)
