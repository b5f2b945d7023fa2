"""What is decoded together follows from lengths and bounds alone."""

from typing import Any

import pytest

from workers.errors import GenerationError
from workers.generation import Capacity, Prompt
from workers.generation.prompts import Asked, Waiting, ask


def asked(*lengths: int) -> list[Asked]:
    prompts = [Prompt(str(i), [5] * length) for i, length in enumerate(lengths)]
    return ask(prompts, max_new_tokens=10, context_tokens=1000)


def test_longest_first_and_ties_in_the_given_order():
    waiting = Waiting(asked(3, 9, 3, 20))
    first = waiting.take()
    assert (first.index, first.is_waiting) == (3, False)
    first.tokens.append(4)
    waiting.put_back(first)

    assert [waiting.take().index for _ in range(len(waiting))] == [3, 1, 0, 2]
    assert first.tokens == []


def test_prompts_come_in_while_rows_and_cells_last():
    waiting = Waiting(asked(20, 10, 10, 10, 10))
    found = Capacity(max_rows=4, room=5).admit(waiting, num_rows=1, width=12)
    assert [one.index for one in found] == [0, 1, 2]

    waiting = Waiting(asked(20, 10, 10, 10, 10))
    found = Capacity(max_rows=4, max_cells=50, room=5).admit(waiting, num_rows=0, width=0)
    assert [one.index for one in found] == [0, 1]  # 2 x 25 cells
    assert len(waiting) == 3


def test_one_sequence_is_let_in_however_long():
    waiting = Waiting(asked(500, 10))
    found = Capacity(max_rows=4, max_cells=50, room=5).admit(waiting, num_rows=0, width=0)
    assert [one.index for one in found] == [0]


def test_the_youngest_give_way():
    rows = asked(10, 10, 10)
    for row, length in zip(rows, (7, 2, 5), strict=True):
        row.tokens.extend([1] * length)
    waiting = Waiting([])
    kept = Capacity(8, max_cells=40).keep(rows, waiting, width=lambda _: 20)

    assert [one.index for one in kept] == [0, 2]
    assert waiting.first().index == 1


def test_prompts_are_read_in_passes_of_a_bounded_size():
    groups = Capacity(8, prefill_tokens=50).groups(asked(60, 20, 20, 15, 10))
    assert [[one.index for one in group] for group in groups] == [[0], [1, 2], [3, 4]]


def test_after_a_shortage_there_is_half_as_much():
    assert Capacity(8, None, 64, 16).halved(1000) == Capacity(8, 500, 32, 8)
    assert Capacity(8, 1, 1, 1).halved(1) == Capacity(8, 1, 1, 1)


@pytest.mark.parametrize("fields", [{"max_rows": 0}, {"max_rows": 1, "max_cells": 0}])
def test_bounds_below_one_are_refused(fields: dict[str, Any]):
    with pytest.raises(GenerationError, match=r"is 0; allowed: a whole number from 1"):
        Capacity(**fields)
