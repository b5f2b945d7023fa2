"""G1 rates for people: which columns there are, what stands in them, what is said below."""

from __future__ import annotations

from typing import Any

import numpy as np

from api.cli.tables.g1 import notes, references
from api.views.g1 import G1Rate
from search.rates.g1_row import G1Row, RateTest, Rotation
from search.statistics import (
    BaselineRuns,
    ComparedRuns,
    Discordances,
    NullTest,
    expected_g1,
    null_kind,
    null_test,
)
from storage.records import G1Count


def row(*, value: Any = None, **keys: Any) -> G1Row:
    axis = None if value is None else "layer"
    split = {"runs": 24, "g1": 4, "strict": 3, "tied": 1, "inert": 0}
    count = G1Count("s", "tiny", "lora-r8", "grid", axis, value, **split)
    return G1Row(count, interval=(0.05, 0.37), interval_method="clopper-pearson", **keys)


def rotation(**keys: Any) -> Rotation:
    law = Discordances(24, 512, treatment_treatment=30.0, treatment_baseline=28.0)
    return Rotation(24, 1, 0.04, 0.0004, law, None, "Rotation said.", **keys)


def compared(g1: int, runs: int) -> ComparedRuns:
    held = tuple(at < g1 for at in range(runs))
    return ComparedRuns(42, held, held, tuple(20 + at % 3 for at in range(runs)))


def a_test() -> NullTest:
    found = null_test([compared(4, 24)], {"jitter": [compared(1, 20)]})
    assert isinstance(found, NullTest)
    return found


def test_columns_are_those_that_some_row_fills() -> None:
    chance = expected_g1([BaselineRuns(np.zeros((3, 2)), np.zeros((3, 2)))])
    plain = row(rotation=rotation(), expected=chance, test_reason="No null runs.")
    assert references([plain]) == {
        "rotation p (strict)": ["0.040 (4.0e-04)"],
        "by chance": ["3.0 (3-3)"],
    }
    against = row(
        rotation_reason="No rotation test.",
        null={"jitter": null_kind("jitter", [compared(1, 20)])},
        test=RateTest(a_test()),
    )
    assert references([against])["jitter null"] == ["1/20 5.0%"]
    assert set(references([plain, against])) == {
        *("rotation p (strict)", "by chance", "jitter null", "p against null")
    }


def test_every_sentence_of_a_host_is_said() -> None:
    said = notes([row(rotation=rotation(), test=RateTest(a_test()))])
    assert said[0] == "Rotation said."
    assert "about as much as from the baseline" in said[1]
    assert "4 of 24 treatments against 1 of 20 jitter null runs" in said[2]


def test_over_an_axis_corrected_values_are_shown_and_said_to_be() -> None:
    found = rotation(adjusted_g1_p=0.12, adjusted_strict_p=0.0012, num_tests=3)
    rows = [row(value=at, rotation=found) for at in (0, 1, 2)]
    assert references(rows)["rotation p (strict)"] == ["0.120 (0.001)"] * 3
    assert notes(rows) == ["p: corrected over 3 values (Benjamini and Hochberg)."]


def test_the_fields_that_others_rely_on() -> None:
    split = {"runs": 24, "g1": 4, "strict": 3, "tied": 1, "inert": 0}
    kinds = {"jitter": null_kind("jitter", [compared(1, 20)])}
    found = row(rotation=rotation(), null=kinds, test=RateTest(a_test()))
    view = G1Rate.from_row(found).model_dump(mode="json")
    assert {key: view[key] for key in split} == split
    assert view["strict"] + view["tied"] + view["inert"] == view["g1"]
    assert (view["rate"], view["strict_rate"]) == (4 / 24, 3 / 24)
    assert view["null"] == {
        "jitter": {"runs": 20, "g1": 1, "strict": 1, "rate": 0.05, "median_discordance": 21.0}
    }
    assert (view["rotation"]["runs"], view["rotation"]["g1_p"]) == (24, 0.04)
    law = view["rotation"]["exchangeable"]
    assert (law["treatment_treatment"], law["treatment_baseline"]) == (30.0, 28.0)
    test = view["test"]
    assert (test["g1"], test["runs"], test["null_g1"], test["null_runs"]) == (4, 24, 1, 20)
    assert G1Rate.from_row(row(test_reason="Because.")).test.model_dump() == {"reason": "Because."}
