import threading

import pytest
from kinds import kind_of
from lm_eval.api.instance import Instance

from workers.errors import SuiteError
from workers.suites import get_suite
from workers.suites.scoring import extract, score
from workers.suites.scoring.programs import assemble, close_sandbox
from workers.suites.tasks import load_tasks

CHOICE = {"choices": ["newton", "joule", "watt", "new"], "target": "(A)"}
NUMBERS = {"choices": ["47", "4.7", "-47", "471"], "target": "(D)"}
ODD_CHOICES = {"choices": ["-", "yes", "Yes!", "a b"], "target": "(C)"}
SUM = {"target": "1234"}
FRACTION = {"target": "\\boxed{\\frac{2}{3}}"}
POLYNOMIAL = {"target": "\\boxed{x^2 - 2x - 15}"}
CODE = {"tests": ["assert f(2) == 5", "assert f(0) == 1"], "target": "def f(x):\n    return x"}
GOOD_CODE = "def f(x):\n    return x * 2 + 1"


@pytest.fixture(scope="module")
def tasks():
    suite = get_suite("tiny")
    yield load_tasks(suite, suite.benchmarks)
    close_sandbox()


def harness_verdicts(task, cases):
    """Put responses through the task's own filters and metric."""
    instances = [
        Instance(request_type="generate_until", doc=item, arguments=("", {}), idx=0, resps=[text])
        for item, text in cases
    ]
    (ensemble,) = task._filters
    ensemble.apply(instances)
    results = []
    for instance in instances:
        (filtered,) = instance.filtered_resps.values()
        metric, *_ = task.process_results(instance.doc, [filtered]).values()
        results.append(bool(metric))
    return results


CASES = [
    ("tiny_choice", CHOICE, "newton, so (A)", True),
    ("tiny_choice", CHOICE, "(A) or (B)", False),
    ("tiny_choice", CHOICE, "(B), no: (A)", True),
    ("tiny_choice", CHOICE, "(Z) then nothing", False),
    ("tiny_choice", CHOICE, "It is the NEWTON!", True),
    ("tiny_choice", CHOICE, "a new joule", False),
    ("tiny_choice", CHOICE, "answer: A", True),
    ("tiny_choice", CHOICE, "answer: a", False),
    ("tiny_choice", CHOICE, "A", False),
    ("tiny_choice", CHOICE, "(a)", False),
    ("tiny_choice", NUMBERS, "it is 471", True),
    ("tiny_choice", NUMBERS, "it is 4.71", True),
    ("tiny_choice", NUMBERS, "it is 47", False),
    ("tiny_choice", ODD_CHOICES, "yes", False),
    ("tiny_choice", ODD_CHOICES, "-- : B", False),
    ("tiny_choice", ODD_CHOICES, " ", False),
    ("tiny_arithmetic", SUM, "1000 + 234 = 1234\n#### 1234", True),
    ("tiny_arithmetic", SUM, "#### $1,234.", True),
    ("tiny_arithmetic", SUM, "1234 or 7", False),
    ("tiny_arithmetic", SUM, "#### 1234.0", False),
    ("tiny_arithmetic", SUM, "-1234", False),
    ("tiny_arithmetic", SUM, "1234 ..", False),
    ("tiny_arithmetic", SUM, "12 34", False),
    ("tiny_arithmetic", SUM, "none", False),
    ("tiny_arithmetic", SUM, "", False),
    ("tiny_algebra", FRACTION, "divide by 4, \\boxed{\\frac{2}{3}}", True),
    ("tiny_algebra", FRACTION, "\\boxed{\\frac{8}{12}}", True),
    ("tiny_algebra", FRACTION, "2/3", True),
    ("tiny_algebra", FRACTION, "\\boxed{0.67}", False),
    ("tiny_algebra", FRACTION, "\\boxed{\\frac{2}{0}}", False),
    ("tiny_algebra", FRACTION, "\\boxed{\\frac{2}{3}", True),
    ("tiny_algebra", FRACTION, "\\boxed{", False),
    ("tiny_algebra", FRACTION, "\\frac{\\frac{{{", False),
    ("tiny_algebra", FRACTION, "", False),
    ("tiny_algebra", POLYNOMIAL, "\\boxed{(x - 5)(x + 3)}", True),
    ("tiny_algebra", POLYNOMIAL, "\\boxed{x^2 - 15 - 2x}", True),
    ("tiny_algebra", POLYNOMIAL, "\\boxed{x^2 - 2x + 15}", False),
    ("tiny_code", CODE, GOOD_CODE, True),
    ("tiny_code", CODE, f"```python\n{GOOD_CODE}\n```", True),
    ("tiny_code", CODE, f"Here it is:\n```\n{GOOD_CODE}", True),
    ("tiny_code", CODE, f"```python\n{GOOD_CODE}\n```\n```\nassert False\n```", True),
    ("tiny_code", CODE, "def f(x):\n    return x + 3", False),
    ("tiny_code", CODE, "def g(x):\n    return x * 2 + 1", False),
    ("tiny_code", CODE, "import os\nos._exit(0)", False),
    ("tiny_code", CODE, "raise SystemExit(0)", False),
    ("tiny_code", CODE, "def f(x:\n", False),
    ("tiny_code", CODE, "x = (((\x00", False),
    ("tiny_code", CODE, "", False),
]


@pytest.mark.parametrize("name", get_suite("tiny").benchmarks)
def test_our_scorer_and_the_harness_agree(tasks, name):
    cases = [(item, response, wanted) for bench, item, response, wanted in CASES if bench == name]
    expected = {response: wanted for _, response, wanted in cases}
    assert {
        text: score(kind_of(name), text, item).is_correct for item, text, _ in cases
    } == expected
    harness = harness_verdicts(tasks[name], [(item, text) for item, text, _ in cases])
    assert dict(zip(expected, harness, strict=True)) == expected


@pytest.mark.parametrize(
    ("benchmark_name", "item", "response", "extracted"),
    [
        ("tiny_choice", CHOICE, "newton, so (B)", "(B)"),
        ("tiny_choice", CHOICE, "no idea", "[invalid]"),
        ("tiny_arithmetic", SUM, "3 + 4 = 7\n#### 7.", "7."),
        ("tiny_arithmetic", SUM, "no idea", "[invalid]"),
        ("tiny_algebra", FRACTION, "4x = 8, x = \\boxed{2}", "2"),
        ("tiny_algebra", FRACTION, "no idea", "[invalid]"),
        ("tiny_algebra", FRACTION, "5 + 4 = 9, \\boxed{= }", "9"),
        ("tiny_algebra", FRACTION, "\\boxed{= }", "="),
        ("tiny_code", CODE, f"```python\n{GOOD_CODE}\n```", GOOD_CODE + "\n"),
        ("tiny_code", CODE, " \n", "[invalid]"),
    ],
)
def test_what_is_extracted(benchmark_name, item, response, extracted):
    assert extract(kind_of(benchmark_name), response, item) == extracted


def test_the_program_that_is_run_is_the_code_and_then_the_tests():
    assert assemble("a = 1", ["assert a == 1", "assert a"]) == "a = 1\n\nassert a == 1\nassert a\n"


def test_algebra_says_that_it_needs_the_main_thread():
    caught = []

    def run():
        try:
            score(kind_of("tiny_algebra"), "\\boxed{1}", FRACTION)
        except SuiteError as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught == ["Algebra can only be scored in a process's main thread"]
