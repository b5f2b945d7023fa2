"""What the Mechanism tab of a run says.

Owns: the facts of the page: which analyses there are and where they stand, tables, the items that
can be chosen, two answers as strips of tokens. Does not cover: the figures
(``dashboards.figures.depth_lines``, ``depth_heat``), nor computing anything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dashboards.figures.depth_heat import AGAINST, ItemHeat, read_heat
from dashboards.run_analyses import RunMechanism, load_mechanism, read_values
from dashboards.wording import run_title
from search.analyses.asking import kinds_of
from storage import BASELINE, AuditStore
from workers.analyses.jobs import DEPTH, DIVERGENCE, OF_RUNS

KL_BOUNDS = (0.001, 0.01, 0.1, 0.3, 1.0, 3.0)
_ITEMS = 12  # chips, at even distances; any other can be had by its address


@dataclass(frozen=True)
class Token:
    """A token of a strip.

    Args:
        text: As it is shown: line ends are visible.
        bin: 0 (the distributions agree) to 6.
        kl: In nats.
        is_common: Whether both answers have it here, and all before it.
        is_parting: Whether the answers part here.
        breaks: Whether a line ends behind it.
    """

    text: str
    bin: int
    kl: float
    is_common: bool
    is_parting: bool
    breaks: bool


@dataclass(frozen=True)
class Choice:
    """An item that can be chosen."""

    label: str
    href: str
    is_on: bool


@dataclass(frozen=True)
class Strips:
    """Two answers of one item.

    Args:
        item_id: Which.
        group: helped or hurt.
        parting: Where they part.
        run: The run's tokens.
        baseline: The baseline's.
    """

    item_id: str
    group: str
    parting: int | None
    run: tuple[Token, ...]
    baseline: tuple[Token, ...]


def mechanism_facts(store: AuditStore, run_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """What ``mechanism.html`` is rendered with.

    Raises:
        RunNotFound: There is no such run.
    """
    found = load_mechanism(store, run_id)
    run = found.run
    kinds = kinds_of(store, run)
    heat_items, answers = _heat_items(store, found), _answers(store, found)
    item, answer = _one_of(heat_items, query.get("item")), _one_of(answers, query.get("answer"))
    has_off = _has_off(found)
    against = _against(found, query)
    chosen = {"item": item, "answer": answer, "against": against}
    return {
        "run": run,
        "title": run_title(run),
        "can": run.state == "completed" and run.kind != BASELINE,
        "kinds": kinds,
        "missing": [k.name for k in kinds if k.name not in found.summaries],
        "found": found,
        "of": {name: found.summary(name) for name in OF_RUNS},
        "item": item,
        "against": against,
        "has_off": has_off,
        "items": _choices(run_id, "item", heat_items, chosen),
        "sides": _choices(run_id, "against", ("baseline", "block_off"), chosen),
        "answers": _choices(run_id, "answer", answers, chosen),
        "strips": _strips(store, found, answer) if answer else None,
        "bounds": KL_BOUNDS,
    }


def heat_of(store: AuditStore, found: RunMechanism, query: Mapping[str, str]) -> ItemHeat | None:
    """The values of the item that an address asks for, else of the first."""
    item = _one_of(_heat_items(store, found), query.get("item"))
    if item is None:
        return None
    return read_heat(store, found, item=item, against=_against(found, query))


def _one_of(values: Sequence[str], wanted: str | None) -> str | None:
    return wanted if wanted in values else next(iter(values), None)


def _has_off(found: RunMechanism) -> bool:
    return (found.summary(DEPTH) or {}).get("layer") is not None


def _against(found: RunMechanism, query: Mapping[str, str]) -> str:
    wanted = query.get("against", "")
    return wanted if wanted in AGAINST and _has_off(found) else "baseline"


def _choices(
    run_id: str, key: str, values: Sequence[str], chosen: Mapping[str, str | None]
) -> list[Choice]:
    def href(value: str) -> str:
        query = {k: v for k, v in {**chosen, key: value}.items() if v}
        return f"/runs/{run_id}/mechanism?{urlencode(query)}"

    number = min(_ITEMS, len(values))
    shown = [values[at * len(values) // number] for at in range(number)]
    return [Choice(value, href(value), value == chosen[key]) for value in shown]


def _heat_items(store: AuditStore, found: RunMechanism) -> list[str]:
    where = [("layer", "=", 0), ("text", "=", "prompt_and_answer"), ("against", "=", "baseline")]
    rows = read_values(store, found, DEPTH, columns=["item_id"], where=where)
    return list(dict.fromkeys(row["item_id"] for row in rows))


def _answers(store: AuditStore, found: RunMechanism) -> list[str]:
    rows = read_values(store, found, DIVERGENCE, columns=["item_id"])
    return list(dict.fromkeys(row["item_id"] for row in rows))


def _strips(store: AuditStore, found: RunMechanism, item: str) -> Strips | None:
    rows = read_values(store, found, DIVERGENCE, where=[("item_id", "=", item)])
    sides = {row["answer"]: row for row in rows}
    if set(sides) != {"run", "baseline"}:
        return None
    first = sides["run"]
    return Strips(
        item, first["group"], first["parting"], _tokens(first), _tokens(sides["baseline"])
    )


def _tokens(row: Mapping[str, Any]) -> tuple[Token, ...]:
    at = row["parting"]
    texts = [*row["texts"], *[""] * (len(row["kl"]) - len(row["texts"]))]
    return tuple(
        Token(
            text=_shown(text),
            bin=bisect_right(KL_BOUNDS, kl),
            kl=kl,
            is_common=at is None or place < at,
            is_parting=place == at,
            breaks="\n" in text,
        )
        for place, (text, kl) in enumerate(zip(texts, row["kl"], strict=True))
    )


def _shown(text: str) -> str:
    return "end" if not text else text.replace("\n", "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}")
