"""Short names of compound axis values."""

from __future__ import annotations

import pytest

from search.study.axes import trainability_label, writeback_label


@pytest.mark.parametrize(
    ("writeback", "label"),
    [
        ({"rule": "gate", "gate": "vector", "alpha": 0.008}, "gate:vector:0.008"),
        ({"rule": "gate", "gate": "scalar", "alpha": 0.0}, "gate:scalar:0"),
        ({"rule": "direct", "gate": None, "alpha": 1.0}, "direct:1"),
        ({"rule": "direct", "gate": None, "alpha": 0.00001}, "direct:1e-05"),
    ],
)
def test_of_a_writeback(writeback: dict[str, object], label: str) -> None:
    assert writeback_label(writeback) == label


def test_close_alphas_have_two_names() -> None:
    one, other = (
        writeback_label({"rule": "direct", "gate": None, "alpha": alpha})
        for alpha in (0.008, 0.0080000001)
    )
    assert one != other


@pytest.mark.parametrize(
    ("scope", "until", "warmup", "label"),
    [
        ("all", None, 0, "all"),
        ("all", 20, 0, "all/until=20"),
        ("frozen", None, 35, "frozen/warmup=35"),
        ("remix_writeback", 20, 5, "remix_writeback/until=20/warmup=5"),
    ],
)
def test_of_a_trainability(scope: str, until: int | None, warmup: int, label: str) -> None:
    value = {"scope": scope, "train_until": until, "warmup_identity": warmup}
    assert trainability_label(value) == label
