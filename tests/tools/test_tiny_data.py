import json
from collections import Counter
from hashlib import sha256
from itertools import islice

import pytest
from kinds import kind_of

from tools.tiny.data import (
    BENCHMARKS,
    FOLDER,
    NUM_TEST_ITEMS,
    held_out_keys,
    held_out_problems,
    pretrain_problems,
    write,
)
from tools.tiny.problem import normalise
from workers.suites import get_suite
from workers.suites.scoring import score
from workers.suites.scoring.programs import close_sandbox


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def items(name):
    return read(get_suite("tiny").items_file(name))


def test_writing_again_gives_the_shipped_bytes(tmp_path):
    write(tmp_path)
    written = {path.name: sha256(path.read_bytes()).hexdigest() for path in tmp_path.iterdir()}
    shipped = {path.name: sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()}
    assert written == shipped
    assert len(shipped) == 5


def test_the_items_are_fixed_in_number_and_name():
    for name in BENCHMARKS:
        assert [item["id"] for item in items(name)] == [
            f"{name}-{number:03d}" for number in range(NUM_TEST_ITEMS)
        ]


def test_no_training_or_pretraining_prompt_is_a_test_prompt():
    asked = {normalise(item["prompt"]) for name in BENCHMARKS for item in items(name)}
    assert asked == held_out_keys()
    assert len(asked) == 4 * NUM_TEST_ITEMS
    trained = [normalise(x["messages"][0]["content"]) for x in read(get_suite("tiny").train_file)]
    assert asked.isdisjoint(trained)
    assert len(set(trained)) == len(trained)
    assert asked.isdisjoint(problem.key for problem in islice(pretrain_problems(1), 20_000))


def test_the_mixture_is_the_papers():
    families = Counter()
    for example in read(get_suite("tiny").train_file):
        user, assistant = example["messages"]
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        families[kind(user["content"], assistant["content"])] += 1
    assert families == {"math": 1729, "code": 1592, "STEM": 974, "general": 705}


def kind(prompt, answer):
    if "####" in answer or "\\boxed" in answer:
        return "math"
    if answer.startswith("def "):
        return "code"
    return "STEM" if "(A)" in prompt else "general"


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_worked_answer_is_right_and_a_neighbours_is_not(name):
    problems = held_out_problems(name)
    for problem, item in zip(problems[::4], items(name)[::4], strict=True):
        assert score(kind_of(name), problem.worked, item).is_correct
    others = problems[1:] + problems[:1]
    pairs = list(zip(others, items(name), strict=True))[::4]
    taken = sum(score(kind_of(name), other.worked, item).is_correct for other, item in pairs)
    assert taken < len(pairs) / 2
    close_sandbox()


def test_prompts_and_answers_are_short():
    for name in BENCHMARKS:
        for problem in held_out_problems(name):
            assert len(problem.prompt) <= 100
            assert len(problem.worked) <= 80


def test_normalising_forgets_case_punctuation_and_spacing_only():
    assert normalise("Solve  5X + 12 = 7.\n") == normalise("solve 5x + 12 = 7")
    assert normalise("Solve 5x + 12 = 7.") != normalise("Solve 5x - 12 = 7.")
    assert normalise("Solve 5x + 12 = 7.") != normalise("Solve 5x + 1 = 27.")
