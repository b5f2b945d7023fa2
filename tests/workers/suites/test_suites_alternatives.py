"""Every scorer on responses that were written to disagree, with verdicts given by hand."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from kinds import kind_of

from workers.errors import SuiteError
from workers.suites import get_suite
from workers.suites.scoring import score
from workers.suites.scoring.alternatives import SCORERS, differs, score_as
from workers.suites.scoring.boxes import closed_boxes
from workers.suites.scoring.programs import close_sandbox
from workers.suites.scoring.values import last_number, read_number

CHOICE = {"choices": ["newton", "joule", "watt", "volt"], "target": "(A)"}
SUM = {"target": "1234"}
THOUSANDS = {"target": "1,234"}
WHOLE = {"target": "\\boxed{6}"}
FRACTION = {"target": "\\boxed{\\frac{2}{3}}"}
POLYNOMIAL = {"target": "\\boxed{x^2 - 2x - 15}"}
CODE = {"tests": ["assert f(2) == 5"], "target": "def f(x):\n    return x * 2 + 1"}
ORDER = ("canonical", "last-number", "strict", "boxed-only", "exact")

# Verdicts in ORDER; y is right.
CASES = [
    ("tiny_choice", CHOICE, "A newton yes: (A)", "yyyny"),
    ("tiny_choice", CHOICE, "A newton yes: (A).", "yyyny"),
    ("tiny_choice", CHOICE, "(A), B is not it", "ynnny"),
    ("tiny_choice", CHOICE, "not (B) but A", "nynnn"),
    ("tiny_choice", CHOICE, "It is the NEWTON!", "ynnny"),
    ("tiny_choice", CHOICE, "answer: A", "yynny"),
    ("tiny_choice", CHOICE, "\\boxed{A}", "nynyn"),
    ("tiny_choice", CHOICE, "\\boxed{\\text{(A)}}", "yynyy"),
    ("tiny_choice", CHOICE, "\\boxed{B}, no: \\boxed{(A)}", "yynyy"),
    ("tiny_choice", CHOICE, "\\boxed{(A)", "yyyny"),
    ("tiny_choice", CHOICE, "the answer is a", "nnnnn"),
    ("tiny_choice", CHOICE, "(A) CAFE", "yynny"),
    ("tiny_choice", CHOICE, "(A) B's", "yynny"),
    ("tiny_choice", CHOICE, "", "nnnnn"),
    ("tiny_arithmetic", SUM, "1000 + 234 = 1234\n#### 1234", "yyyny"),
    ("tiny_arithmetic", SUM, "#### 1,234.", "yyynn"),
    ("tiny_arithmetic", SUM, "#### $1,234", "yynnn"),
    ("tiny_arithmetic", SUM, "#### 1234.0", "nynnn"),
    ("tiny_arithmetic", SUM, "1234 ..", "nynnn"),
    ("tiny_arithmetic", SUM, "#### 1234\nso 7 more", "nnynn"),
    ("tiny_arithmetic", SUM, "####1234", "yynny"),
    ("tiny_arithmetic", SUM, "#### 7\n#### 1234", "yynny"),
    ("tiny_arithmetic", SUM, "#### ,", "nnnnn"),
    ("tiny_arithmetic", SUM, "\\boxed{1234} of 5", "nnnyn"),
    ("tiny_arithmetic", SUM, "\\boxed{2468/2}", "nynyn"),
    ("tiny_arithmetic", SUM, "1300-1234", "nynnn"),
    ("tiny_arithmetic", SUM, "= -1234", "nnnnn"),
    ("tiny_arithmetic", SUM, "1234 in step2", "nynnn"),
    ("tiny_arithmetic", SUM, "1234/0", "nnnnn"),
    ("tiny_arithmetic", SUM, "9" * 6000, "nnnnn"),
    ("tiny_arithmetic", SUM, "none", "nnnnn"),
    ("tiny_arithmetic", THOUSANDS, "1234", "yynnn"),
    ("tiny_algebra", WHOLE, "4y = 24, y = \\boxed{6}", "yyyyy"),
    ("tiny_algebra", WHOLE, "y = \\boxed{6}$.", "yyyyy"),
    ("tiny_algebra", WHOLE, "\\boxed{6} as wanted", "yynyy"),
    ("tiny_algebra", WHOLE, "\\boxed{\\frac{12}{2}}", "yyyyn"),
    ("tiny_algebra", WHOLE, "y = 6", "yynny"),
    ("tiny_algebra", WHOLE, "\\boxed{6}, check 24", "ynnyy"),
    ("tiny_algebra", WHOLE, "\\boxed{5} no \\boxed{6}", "nynyn"),
    ("tiny_algebra", WHOLE, "\\boxed{", "nnnnn"),
    ("tiny_algebra", FRACTION, "\\boxed{\\frac{2}{3}}", "yyyyy"),
    ("tiny_algebra", FRACTION, "\\boxed{\\frac{8}{12}}", "yyyyn"),
    ("tiny_algebra", FRACTION, "2/3", "yynnn"),
    ("tiny_algebra", FRACTION, "\\boxed{\\frac{2}{3}", "yynnn"),
    ("tiny_algebra", POLYNOMIAL, "\\boxed{x^2 - 2x - 15}", "ynyyy"),
    ("tiny_algebra", POLYNOMIAL, "\\boxed{(x - 5)(x + 3)}", "ynyyn"),
    ("tiny_algebra", POLYNOMIAL, "-15", "nnnnn"),
    ("tiny_code", CODE, "def f(x):\n    return x * 2 + 1", "yyyyy"),
    ("tiny_code", CODE, "So:\n```python\ndef f(x):\n    return x + 3\n```\ndone", "yyyyy"),
    ("tiny_code", CODE, "def f(x):\n    return 5 * x", "nnnnn"),
    ("tiny_code", CODE, "", "nnnnn"),
]


@pytest.fixture(autouse=True, scope="module")
def _one_sandbox():
    yield
    close_sandbox()


@pytest.mark.parametrize(("benchmark_name", "item", "response", "verdicts"), CASES)
def test_verdicts(benchmark_name, item, response, verdicts):
    given = {
        name: score_as(name, kind_of(benchmark_name), response, item).is_correct for name in ORDER
    }
    assert given == {name: mark == "y" for name, mark in zip(ORDER, verdicts, strict=True)}
    assert given["canonical"] == score(kind_of(benchmark_name), response, item).is_correct


@pytest.mark.parametrize(
    ("scorer", "benchmark_name", "item", "response", "extracted"),
    [
        ("last-number", "tiny_choice", CHOICE, "(A) or B", "(B)"),
        ("last-number", "tiny_arithmetic", SUM, "= $1,234.50 each", "$1,234.50"),
        ("last-number", "tiny_algebra", FRACTION, "so -\\frac{2}{3}", "-\\frac{2}{3}"),
        ("strict", "tiny_arithmetic", SUM, "#### 12.\n#### 7", "12."),
        ("strict", "tiny_algebra", WHOLE, "\\boxed{5}\\boxed{6}", "[invalid]"),
        ("boxed-only", "tiny_arithmetic", SUM, "\\boxed{ 12 }", "12"),
        ("boxed-only", "tiny_choice", CHOICE, "(A)", "[invalid]"),
        ("exact", "tiny_choice", CHOICE, "a joule", "(B)"),
    ],
)
def test_what_is_compared(scorer, benchmark_name, item, response, extracted):
    assert score_as(scorer, kind_of(benchmark_name), response, item).extracted == extracted


def test_a_reference_is_right_under_the_scorers_that_its_form_is_made_for():
    suite = get_suite("tiny")
    assert {kind_of(name) for name in suite.benchmarks} == {"letters", "numbers", "algebra", "code"}
    assert SCORERS == ORDER
    for target in ("(A)", "so (A)"):
        assert score_as("strict", kind_of("tiny_choice"), target, CHOICE).is_correct
    assert score_as("strict", kind_of("tiny_arithmetic"), "#### 1234", SUM).is_correct


def test_only_code_is_the_same_under_every_scorer():
    for name in ("tiny_choice", "tiny_arithmetic", "tiny_algebra"):
        differing = [scorer for scorer in ORDER if differs(scorer, kind_of(name))]
        assert differing == list(ORDER[1:])
    assert not any(differs(scorer, kind_of("tiny_code")) for scorer in ORDER)


@pytest.mark.parametrize(
    ("text", "number", "value"),
    [
        ("10-5", "5", 5),
        ("10 - 5", "5", 5),
        ("is -5", "-5", -5),
        ("(3)-2", "2", 2),
        ("12,34", "34", 34),
        ("50%", "50", 50),
        ("-.5", "-.5", -0.5),
        ("3/4", "3/4", 0.75),
        ("H2O", None, None),
        ("٣", None, None),
    ],
)
def test_numbers(text, number, value):
    assert last_number(text) == number
    assert number is None or read_number(number) == value


@pytest.mark.parametrize("text", ["7 apples", "x", "", "- 5", "1/2/3", "\\frac{1}{x}"])
def test_what_is_no_number(text):
    assert read_number(text) is None


def test_boxes():
    text = r"\{ \boxed{a\}b} \\\boxed{\frac{1}{2}} {\boxed {c}} \fbox{d} \boxed{e } \boxed{{f}"
    assert [box.content for box in closed_boxes(text)] == ["a\\}b", "\\frac{1}{2}", "c", "e "]


@pytest.mark.parametrize(
    "piece", ["\\boxed{", "{", "}", "\\frac{1}{", "1,", "1/", "-", "(A) ", "1 "]
)
def test_long_responses_take_no_longer_than_they_are(piece):
    began = time.process_time()
    for name in ("last-number", "strict", "boxed-only"):
        score_as(name, kind_of("tiny_arithmetic"), piece * 40_000, SUM)
        score_as(name, kind_of("tiny_choice"), piece * 40_000, CHOICE)
    assert time.process_time() - began < 20


def test_an_unknown_scorer_is_refused_by_name():
    with pytest.raises(SuiteError, match="no scorer 'loose'; allowed: canonical, last-number"):
        score_as("loose", kind_of("tiny_choice"), "", CHOICE)


def test_no_torch_is_needed():
    code = (
        "import sys, workers.suites.scoring.alternatives, workers.evaluation.stored_responses; "
        "sys.exit('torch' in sys.modules or 'lm_eval' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
