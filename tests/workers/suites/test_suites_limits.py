"""The longest response of a benchmark."""

from dataclasses import replace

from workers.suites.limits import response_limit_tokens
from workers.suites.registry import get_suite


def test_the_task_says_it_and_the_suite_overrules_it():
    tiny = get_suite("tiny")
    assert {name: response_limit_tokens(tiny, name) for name in tiny.benchmarks} == {
        "tiny_choice": 72,
        "tiny_arithmetic": 64,
        "tiny_algebra": 64,
        "tiny_code": 96,
    }
    assert response_limit_tokens(replace(tiny, max_new_tokens=7), "tiny_code") == 7
    paper = get_suite("paper")
    assert {response_limit_tokens(paper, name) for name in paper.benchmarks} == {8192}
