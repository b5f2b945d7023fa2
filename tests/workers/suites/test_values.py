r"""Numbers as LaTeX writes them, boxes that are not read, and code in every kind of fence."""

from __future__ import annotations

from fractions import Fraction

import pytest

from workers.suites.scoring.alternatives import score_as
from workers.suites.scoring.programs import extract_code
from workers.suites.scoring.unread import box_is_unread
from workers.suites.scoring.values import last_number, read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"\$18", 18),
        (r"-\$1,250.50", Fraction(-2501, 2)),
        ("1{,}000", 1000),
        (r"10,\!080", 10080),
        (r"1\,234\,567", 1234567),
        (r"\frac43", Fraction(4, 3)),
        (r"\dfrac 1 2", Fraction(1, 2)),
        (r"\frac4{12}", Fraction(1, 3)),
        (r"-\tfrac{3}4", Fraction(-3, 4)),
        (r"\frac{-3}{4}", Fraction(-3, 4)),
        ("1,2", None),
        (r"\frac10", None),
        (r"1{,}00", None),
    ],
)
def test_values(text: str, value: Fraction | int | None) -> None:
    assert read_number(text) == value
    if value is not None:
        assert last_number(f"First 7, then {text} apples") == text


@pytest.mark.parametrize("scorer", ["last-number", "boxed-only"])
@pytest.mark.parametrize(
    ("boxed", "target"),
    [(r"\$18", "18"), ("1{,}000", "1,000"), (r"10,\!080", "10080"), (r"\frac{36}2", "18")],
)
def test_two_scorers_read_them(scorer: str, boxed: str, target: str) -> None:
    response = rf"So we get $\boxed{{{boxed}}}$."
    assert score_as(scorer, "stated", response, {"target": target}).is_correct


@pytest.mark.parametrize(
    ("response", "is_unread"),
    [
        (r"It is $\boxed{18}$.", True),
        (r"It is $\boxed{18}$. The answer is 18.", False),
        (r"It is $\boxed{18}$. That is 2 more.", True),
        (r"It is \boxed{18}", False),
        (r"It is \boxed{x + 1}", False),
        (r"It is \boxed{18", False),
        ("It is 18.", False),
    ],
)
def test_a_box_that_the_scorer_does_not_read(response: str, is_unread: bool) -> None:
    assert box_is_unread(response) is is_unread


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("```python\r\nx = 1\r\n```", "x = 1\r\n"),
        ("``` python\nx = 1\n```", "x = 1\n"),
        ("```python3.11\nx = 1\n```", "x = 1\n"),
        ("```python title=x.py\nx = 1\n```", "x = 1\n"),
        ("~~~\nx = 1\n~~~\nand so on", "x = 1\n"),
        ("~~~python\nx = '```'\n~~~", "x = '```'\n"),
        ("````python\nx = 1\n````", "x = 1\n"),
        ("1. First:\n\n   ```py\n   if x:\n       y = 1\n   ```\n", "if x:\n    y = 1\n"),
        ("Here: ```python\nx = 1\n```", "x = 1\n"),
        ("Use ```f(x)``` to do\nit", "Use ```f(x)``` to do\nit"),
        ("```\nx = 1", "x = 1"),
    ],
)
def test_fences(response: str, code: str) -> None:
    assert extract_code(response) == code
