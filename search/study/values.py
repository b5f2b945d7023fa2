"""What single values of a study file may be, and what an entry means where it leaves a field out.

Owns: the types of numbers, seeds, layers and benchmarks as a person writes them, strictly: true is
no number, and a number is no text. Does not cover: whether what they name exists
(``search.study.plan``), nor the keys (``search.study.keys``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from talan.vocabulary import LARGEST_GRADIENT_SCALE, SMALLEST_GRADIENT_SCALE

_LARGEST_SEED = 2**32 - 1  # numpy's bound
# What an entry means where it leaves a field out; filled in so that both spellings are one study.
ADAPTER_DEFAULTS = {"dropout": 0.0}
WRITEBACK_DEFAULTS = {"gate": None}
TRAINABILITY_DEFAULTS = {"train_until": None, "warmup_identity": 0}
TALAN_DEFAULTS = {
    "summarizer": "attention",
    "summary_scope": "sequence",
    "inner_dim": None,
    "heads": None,
    "components": 1,
}


def _must(be: str, *, holds: Callable[[Any], bool]) -> Callable[[object], object]:
    def check(value: object) -> object:
        if not holds(value):
            msg = f"should be {be}"
            raise ValueError(msg)
        return value

    return check


def _is(value: object, *kinds: type) -> bool:
    """Whether a value is of these types; true and false are no numbers."""
    return isinstance(value, kinds) and not isinstance(value, bool)


def filled(defaults: Mapping[str, object]) -> AfterValidator:
    """A validator that fills in what an entry leaves out."""
    return AfterValidator(lambda entry: {**defaults, **entry})


_whole = _must("a whole number", holds=lambda value: _is(value, int))
_number = _must("a number", holds=lambda value: _is(value, int, float))
_layer = _must(
    "a block number, embedding, or a depth such as 25%", holds=lambda value: _is(value, int, str)
)
_suite_or_names = _must(
    "a suite's name or a list of benchmark names",
    holds=lambda value: (
        isinstance(value, str)
        or (isinstance(value, list) and all(isinstance(name, str) for name in value))
    ),
)
Int = Annotated[int, BeforeValidator(_whole)]
Number = Annotated[float, BeforeValidator(_number)]
GradientScale = Annotated[Number, Field(ge=SMALLEST_GRADIENT_SCALE, le=LARGEST_GRADIENT_SCALE)]
Seed = Annotated[Int, Field(ge=0, le=_LARGEST_SEED)]
Layer = Annotated[int | str, PlainValidator(_layer)]
Benchmarks = Annotated[str | list[str], PlainValidator(_suite_or_names)]
