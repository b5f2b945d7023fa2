"""G1 rates as they are shown: each beside its null rate, or beside what chance alone would give.

Owns: the rows of ``talan g1 --json``. Per host, ``null`` pools the host's null runs of both kinds
and keeps them apart under ``seed`` and ``sham``; ``test`` compares the rate with it; ``expected``
is the analytic chance rate from measured discordance, given only where a host has no null runs.
Does not cover: the statistics themselves (``search.statistics``), nor counting (``storage``).

Null runs share the baseline at their study's first seed, so the test takes the treatments of that
seed alone (``test.runs``): a study of several seeds shows a rate over all of them beside it. Over
the values of an axis the p-value is Holm's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from search.rates.expected_rates import ExpectedRates, HostKey, expected_rate
from search.statistics.clopper_pearson import rate_row
from search.statistics.null_rate import Rate, compare_rates, compare_values
from storage import AuditStore
from storage.new_rows import SEED_NULL, SHAM_NULL
from storage.records import Discordance, G1Count

NULL_NAMES = {"seed": SEED_NULL, "sham": SHAM_NULL}
_ALTERNATIVE = "two-sided"


def g1_rows(
    store: AuditStore,
    study: str | None = None,
    *,
    backbone: str | None = None,
    adapter: str | None = None,
    by: str | None = None,
    with_expected: bool = True,
    known: ExpectedRates | None = None,
) -> list[dict[str, Any]]:
    """The rows of ``talan g1 --json``.

    ``with_expected=False`` leaves ``expected`` null: it reads outcomes item by item, which takes
    longer than all the counting; ``known`` remembers it from call to call.

    Raises:
        QueryError: There is no such axis.
        StudyNotFound: A study is named that does not exist.
    """
    asked: dict[str, Any] = {"backbone": backbone, "adapter": adapter}
    counts = store.rates.g1_counts(study, by=by, **asked)
    nulls = {
        name: store.rates.g1_counts(study, kind=kind, **asked) for name, kind in NULL_NAMES.items()
    }
    bare = _num_runs(counts, but=_by_host(nulls)) if with_expected else {}
    return rows_beside_nulls(
        counts,
        nulls=nulls,
        first_seed=lambda host: _at_first_seed(store, host, by=by),
        expected=(known or ExpectedRates()).of(store, bare),
        by=by,
    )


def rows_beside_nulls(
    counts: Sequence[G1Count],
    *,
    nulls: Mapping[str, Sequence[G1Count]],
    first_seed: Callable[[HostKey], Sequence[G1Count]],
    discordance: Sequence[Discordance] = (),
    expected: Mapping[HostKey, dict[str, Any] | None] | None = None,
    by: str | None = None,
) -> list[dict[str, Any]]:
    """Rows from counts, wherever these were counted.

    Args:
        counts: Treatments, those of a host one after the other.
        nulls: Null runs of a host, by ``seed`` and ``sham``.
        first_seed: A host's treatments at its study's first seed: what is tested.
        discordance: Of hosts without null runs, where ``expected`` is not known.
        expected: What chance alone would give on hosts without null runs.
        by: The axis that treatments are counted by, if any.
    """
    null_of = _by_host(nulls)
    chances = expected or {_host(entry): expected_rate(entry) for entry in discordance}
    rows: list[dict[str, Any]] = []
    for host, of_host in groupby(counts, key=_host):
        listed = list(of_host)
        if host in null_of:
            tests = _tests(first_seed(host), null_of[host], by=by)
            rows += [_beside_null(c, null_of[host], tests.get(_value(c))) for c in listed]
        else:
            chance = chances.get(host)
            rows += [{**_row(count), "test": None, "expected": chance} for count in listed]
    return rows


def _num_runs(counts: Sequence[G1Count], *, but: Container[HostKey]) -> dict[HostKey, int]:
    """Treatments with a verdict of each host, over all values of an axis."""
    found: dict[HostKey, int] = defaultdict(int)
    for count in counts:
        if _host(count) not in but:
            found[_host(count)] += count.runs
    return found


def _by_host(nulls: Mapping[str, Sequence[G1Count]]) -> dict[HostKey, dict[str, G1Count]]:
    """Counts of null runs by host and kind."""
    found: dict[HostKey, dict[str, G1Count]] = {}
    for name, counts in nulls.items():
        for count in counts:
            found.setdefault(_host(count), {})[name] = count
    return found


def _at_first_seed(store: AuditStore, host: HostKey, *, by: str | None) -> list[G1Count]:
    """A host's treatments that share their baseline with its null runs."""
    study, backbone, adapter = host
    seed = store.studies.get(study).spec["seeds"][0]
    return store.rates.g1_counts(study, backbone=backbone, adapter=adapter, by=by, seed=seed)


def _tests(
    counts: Sequence[G1Count], nulls: Mapping[str, G1Count], *, by: str | None
) -> dict[str, dict[str, Any]]:
    """The test of each value's rate against the pooled null rate, by the value."""
    rates = {_value(count): (count.g1, count.runs) for count in counts}
    pooled = _pooled(nulls.values())
    adjusted = {test.value: test for test in compare_values(rates, null=pooled)}
    return {
        value: {
            "alternative": _ALTERNATIVE,
            "runs": rate[1],
            "fisher_p": adjusted[value].comparison.fisher_p,
            "adjusted_p": adjusted[value].adjusted_p if by else None,
            "num_tests": adjusted[value].num_tests,
            "boschloo_p": None if by else compare_rates(rate, null=pooled).boschloo_p,
            **{
                f"{name}_fisher_p": _fisher(rate, nulls.get(name), alternative=_ALTERNATIVE)
                for name in NULL_NAMES
            },
        }
        for value, rate in rates.items()
    }


def _fisher(rate: tuple[int, int], null: G1Count | None, *, alternative: str) -> float | None:
    if null is None:
        return None
    against = (null.g1, null.runs)
    return compare_rates(rate, null=against, alternative=alternative, boschloo=False).fisher_p


def _beside_null(
    count: G1Count, nulls: Mapping[str, G1Count], test: Mapping[str, Any] | None
) -> dict[str, Any]:
    kinds = {
        name: _rate(nulls[name].g1, nulls[name].runs) if name in nulls else None
        for name in NULL_NAMES
    }
    null = {**_rate(*_pooled(nulls.values())), **kinds}
    return {**_row(count), "null": null, "test": test, "expected": None}


def _pooled(counts: Iterable[G1Count]) -> tuple[int, int]:
    listed = list(counts)
    return sum(count.g1 for count in listed), sum(count.runs for count in listed)


def _rate(g1: int, runs: int) -> dict[str, Any]:
    rate = Rate.of(g1, runs)
    return {"runs": runs, "g1": g1, "rate": rate.rate, "interval": list(rate.interval)}


def _row(count: G1Count) -> dict[str, Any]:
    return rate_row(vars(count))


def _host(entry: G1Count | Discordance) -> HostKey:
    return (entry.study, entry.backbone, entry.adapter)


def _value(count: G1Count) -> str:
    """An axis's value as a key; some are mappings."""
    return repr(count.value)
