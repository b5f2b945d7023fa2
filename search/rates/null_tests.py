"""Null runs of one row: each kind by itself, and the test against the one that is matched.

Owns: which runs enter it: treatments that are no near-duplicates of each other, per baseline, and
null runs of the same baselines. Does not cover: the test and its wording
(``search.statistics.null_kinds``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from search.rates.baseline_groups import BaselineGroup
from search.rates.g1_row import RateTest
from search.statistics import NoTest, NullKind, null_kind, null_test
from storage.new_rows import NULL_KINDS
from storage.records import G1Count

NULL_NAMES: Mapping[str, str] = {kind.removesuffix("_null"): kind for kind in NULL_KINDS}


def null_kinds(
    counts: Mapping[str, G1Count], groups: Mapping[str, Sequence[BaselineGroup]]
) -> dict[str, NullKind]:
    """What is shown of each kind of null runs, by its short name.

    Args:
        counts: Of all null runs with a verdict.
        groups: Those evaluated in full; none where items were not read.
    """
    found = {}
    for name, count in counts.items():
        known = groups.get(name, ())
        in_full = null_kind(name, [group.compared() for group in known])
        found[name] = replace(
            in_full,
            runs=count.runs,
            g1=count.g1,
            strict=count.strict,
            rate=count.g1 / count.runs if count.runs else None,
        )
    return found


def test_of(
    treatments: Sequence[BaselineGroup], nulls: Mapping[str, Sequence[BaselineGroup]]
) -> RateTest | str:
    """The test, or the reason why there is none."""
    if not nulls:
        return "No test against null runs: there are none."
    everyone = [*treatments, *(group for groups in nulls.values() for group in groups)]
    early = sum(group.ended_early for group in everyone)
    if early:
        return (
            f"No test against null runs: {early} of the runs ended early, and how much those "
            "differ from the baseline is not known."
        )
    tested = [group for group in treatments if group.runs]
    kept = [group.distinct for group in tested]
    found = null_test(
        [group.compared(rows) for group, rows in zip(tested, kept, strict=True)],
        {name: [group.compared() for group in groups] for name, groups in nulls.items()},
    )
    if isinstance(found, NoTest):
        return found.reason
    left_out = sum(len(group.runs) for group in tested) - sum(map(len, kept))
    if left_out:
        said = f"{found.sentence} {left_out} treatments that nearly repeat another are left out."
        found = replace(found, sentence=said)
    return RateTest(found)
