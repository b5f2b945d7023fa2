"""A G1 row as plain data: what ``talan g1 --json`` prints and ``GET /g1-rates`` answers.

Owns: the names and the nesting that others rely on. Does not cover: their values.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from search.rates.g1_row import G1Row, RateTest, Rotation
from search.statistics import Expected


def row_shape(row: G1Row) -> dict[str, Any]:
    """One row of ``talan g1 --json``."""
    count = row.count
    return {
        "study": count.study,
        "backbone": count.backbone,
        "adapter": count.adapter,
        "design": count.design,
        "axis": count.axis,
        "value": count.value,
        "runs": count.runs,
        "g1": count.g1,
        "strict": count.strict,
        "tied": count.tied,
        "inert": count.inert,
        "unsplit": count.unsplit,
        "rate": row.rate,
        "strict_rate": row.strict_rate,
        "interval": None if row.interval is None else list(row.interval),
        "interval_method": row.interval_method,
        "rotation": None if row.rotation is None else _rotation(row.rotation),
        "rotation_reason": row.rotation_reason,
        "null": {
            name: {key: value for key, value in asdict(kind).items() if key != "kind"}
            for name, kind in row.null.items()
        },
        "test": {"reason": row.test_reason} if row.test is None else _test(row.test),
        "expected": None if row.expected is None else _expected(row.expected),
    }


def _rotation(found: Rotation) -> dict[str, Any]:
    law = found.exchangeable
    return {
        "runs": found.runs,
        "baselines": found.baselines,
        "g1_p": found.g1_p,
        "strict_p": found.strict_p,
        "adjusted_g1_p": found.adjusted_g1_p,
        "adjusted_strict_p": found.adjusted_strict_p,
        "num_tests": found.num_tests,
        "exchangeable": {
            "treatment_treatment": law.treatment_treatment,
            "treatment_baseline": law.treatment_baseline,
            "items": law.items,
            "law": law.law,
            "sentence": law.sentence,
        },
        "distinct": None if found.distinct is None else asdict(found.distinct),
        "sentence": found.sentence,
    }


def _test(tested: RateTest) -> dict[str, Any]:
    test = tested.found.test
    return {
        "kind": tested.found.kind,
        "method": test.method,
        "runs": test.runs,
        "g1": test.g1,
        "null_runs": test.null_runs,
        "null_g1": test.null_g1,
        "strata": test.counts(),
        "p": test.p,
        "adjusted_p": tested.adjusted_p,
        "num_tests": tested.num_tests,
        "sentence": tested.found.sentence,
    }


def _expected(found: Expected) -> dict[str, Any]:
    return {
        "kind": "analytic",
        "runs": found.runs,
        "g1": found.g1,
        "rate": found.rate,
        "interval": list(found.g1_interval),
        "strict": found.strict,
        "strict_interval": list(found.strict_interval),
        "false_g1": found.false_g1,
        "false_g1_interval": list(found.false_g1_interval),
        "correlation": found.correlation,
        "shared_variance": found.shared_variance,
        "sentence": found.sentence,
    }
