"""Null rates for people: which columns there are, what stands in them, which note explains them."""

from __future__ import annotations

from typing import Any

from api.cli.tables.null_columns import null_columns, null_notes

SEED = {"runs": 20, "g1": 2, "rate": 0.1, "interval": [0.0, 1.0]}
TEST = {"fisher_p": 0.04, "adjusted_p": None, "num_tests": 1}


def row(**keys: Any) -> dict[str, Any]:
    return {"null": None, "test": None, "expected": None, **keys}


def texts(rows: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {name: [column(r) for r in rows] for name, column in null_columns(rows).items()}


def test_measured_and_computed_references_stand_apart() -> None:
    measured = row(null={**SEED, "seed": SEED, "sham": None}, test=TEST)
    computed = row(expected={"kind": "analytic", "rate": 0.07125})
    assert texts([measured]) == {"seed null": ["2/20 10.0%"], "p": ["0.040"]}
    assert texts([computed]) == {"by chance": ["7.1%"]}
    assert texts([measured, computed]) == {
        "seed null": ["2/20 10.0%", ""],
        "p": ["0.040", ""],
        "by chance": ["", "7.1%"],
    }
    notes = null_notes([measured, computed])
    assert "Fisher" in notes[0]
    assert "Holm" not in notes[0]
    assert notes[1].startswith("by chance: computed, not measured")


def test_over_an_axis_the_corrected_p_is_shown() -> None:
    both = {**SEED, "seed": SEED, "sham": {**SEED, "g1": 0, "rate": 0.0}}
    split = row(null=both, test={"fisher_p": 0.0001, "adjusted_p": 0.0004, "num_tests": 4})
    assert texts([split])["p"] == ["4.0e-04"]
    assert texts([split])["sham null"] == ["0/20 0.0%"]
    assert "corrected over 4 values (Holm)" in null_notes([split])[0]


def test_published_rows_have_neither() -> None:
    published = {"null": None, "rate": 0.07}
    assert texts([published]) == {}
    assert null_notes([published]) == []
