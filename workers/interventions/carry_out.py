"""One run of an intervention, from a bare backbone to what is asked and kept.

Owns: the order of its duties, choosing among alternatives on held-out training examples, and what
each part took. Does not cover: the duties themselves, loading, evaluation, storing.

A method with one value for every setting is prepared, attached, trained and settled. Where several
values are declared, each is carried out alike and the one with the least held-out loss stays: it is
trained once more, unless it came last, so that what is evaluated is what any single run would be.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from workers.interventions.attached import Attached
from workers.interventions.bench import Bench
from workers.interventions.intervention import Choice, Intervention, Try


@dataclass(frozen=True)
class Made:
    """What came of it.

    Args:
        attached: On the backbone, ready to be asked.
        losses: Of its training, one a step; empty where nothing is trained.
        training_s: Seconds of that training.
        num_examples: Examples that its training saw, repetitions counted.
        trains_as_the_study: Whether it was trained on the study's examples in the study's order.
        learning_rate: What it was trained with; None where nothing is trained.
        choices: What no study file fixed; empty where all was declared.
    """

    attached: Attached
    losses: tuple[float, ...]
    training_s: float
    num_examples: int
    trains_as_the_study: bool
    learning_rate: float | None
    choices: tuple[Choice, ...] = ()


def carry_out(intervention: Intervention, bench: Bench) -> Made:
    """Make an intervention on a bare backbone.

    Raises:
        WorkerError: It cannot be made; the backbone is then in no known state.
    """
    options = intervention.alternatives(bench.recipe)
    if len(options) == 1:
        return _once(options[0][1], bench)
    tries: list[Try] = []
    made: Made | None = None
    for value, option in options:
        if made is not None:
            bench.bare(made.attached)
        made = _once(option, bench)
        tries.append(Try(value, bench.held_out_loss(made.attached.model)))
    choice = Choice.of_least_loss(tries)
    if made is None or choice.value != tries[-1].value:
        if made is not None:
            bench.bare(made.attached)
        made = _once(next(one for value, one in options if value == choice.value), bench)
    return replace(made, choices=(choice, *made.choices))


def _once(intervention: Intervention, bench: Bench) -> Made:
    prepared: Any = intervention.prepare(bench)
    examples = intervention.examples(bench, prepared)
    attached = intervention.attach(bench, prepared)
    started = time.perf_counter()
    losses: tuple[float, ...] = ()
    if intervention.trains:
        losses = bench.train(
            attached, examples=examples, recipe=intervention.recipe(bench.recipe), joined=True
        )
    training_s = time.perf_counter() - started if intervention.trains else 0.0
    choice = intervention.settle(attached, bench, prepared)
    return Made(
        attached,
        losses,
        training_s,
        num_examples=bench.recipe.num_examples_trained_on if intervention.trains else 0,
        trains_as_the_study=examples is bench.examples and intervention.trains,
        learning_rate=intervention.recipe(bench.recipe).learning_rate
        if intervention.trains
        else None,
        choices=() if choice is None else (choice,),
    )
