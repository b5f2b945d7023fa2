"""The suite's fixed files: test items, and the examples that fine-tuning sees.

Owns the split: test items are drawn first, and no training or pretraining prompt has the key of one
(`Problem.key`). Everything is drawn from seeded generators, so `python -m tools.tiny.data`
writes the same bytes again. The mixture is the paper's (Appendix B).
"""

import argparse
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tools.tiny import algebra, arithmetic, choice, general, programs
from tools.tiny.problem import Generator, Problem, draw_from

FOLDER = Path(__file__).resolve().parents[2] / "workers" / "suites" / "tiny" / "data"
NUM_TEST_ITEMS = 128
BENCHMARKS: dict[str, Generator] = {
    "tiny_choice": choice.draw,
    "tiny_arithmetic": arithmetic.draw,
    "tiny_algebra": algebra.draw,
    "tiny_code": programs.draw,
}
# The paper's 5,000: math 1,729 (here in two halves), code 1,592, STEM 974, general 705.
MIXTURE: tuple[tuple[int, Generator, str], ...] = (
    (865, arithmetic.draw, "math"),
    (864, algebra.draw, "math"),
    (1592, programs.draw, "code"),
    (974, choice.draw, "stem"),
    (705, general.draw, "general"),
)
# What the backbone reads before: more of what it finds hard.
PRETRAINING_MIXTURE: tuple[tuple[int, Generator], ...] = (
    (25, arithmetic.draw),
    (25, algebra.draw),
    (15, programs.draw),
    (30, choice.draw),
    (5, general.draw),
)


def held_out_problems(benchmark: str) -> list[Problem]:
    """Return the test problems of one benchmark, in item order."""
    return _distinct(BENCHMARKS[benchmark], f"test {benchmark}", NUM_TEST_ITEMS, set())


def train_problems() -> list[tuple[Problem, str]]:
    """Return the fine-tuning problems, mixed, each with its domain."""
    seen = set(held_out_keys())
    problems: list[tuple[Problem, str]] = []
    for number, (count, generator, domain) in enumerate(MIXTURE):
        drawn = _distinct(generator, f"train {number}", count, seen)
        problems += [(problem, domain) for problem in drawn]
    Random("train order").shuffle(problems)
    return problems


def pretrain_problems(seed: int) -> Iterator[Problem]:
    """Draw problems of the same kinds for ever."""
    rng = Random(f"pretrain {seed}")
    while True:
        problem = draw_from(PRETRAINING_MIXTURE, rng)
        if problem.key not in held_out_keys():
            yield problem


@cache
def held_out_keys() -> frozenset[str]:
    """Return the keys of all test problems."""
    return frozenset(problem.key for name in BENCHMARKS for problem in held_out_problems(name))


def write(folder: Path) -> None:
    """Write the test files and the training file into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in BENCHMARKS:
        items = [_item(name, i, problem) for i, problem in enumerate(held_out_problems(name))]
        _write_lines(folder / f"{name}.jsonl", items)
    _write_lines(folder / "train.jsonl", [_example(*drawn) for drawn in train_problems()])


def _distinct(generator: Generator, stream: str, count: int, seen: set[str]) -> list[Problem]:
    rng = Random(stream)
    problems: list[Problem] = []
    while len(problems) < count:
        problem = generator(rng)
        if problem.key not in seen:
            seen.add(problem.key)
            problems.append(problem)
    return problems


def _item(benchmark: str, number: int, problem: Problem) -> dict[str, Any]:
    identity = {"id": f"{benchmark}-{number:03d}", "family": problem.family}
    return {**identity, "prompt": problem.prompt, **problem.check}


def _example(problem: Problem, domain: str) -> dict[str, Any]:
    turns = (("user", problem.prompt), ("assistant", problem.worked))
    messages = [{"role": role, "content": content} for role, content in turns]
    return {"messages": messages, "domain": domain}


def _write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def main() -> None:
    """Write the files again, into the package or elsewhere."""
    parser = argparse.ArgumentParser(description="Write the tiny suite's data files.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
