"""Where two answers part, and how far the distributions are apart on the way (paper: Appendix I).

With p_i the run's and q_i the baseline's distribution of the token at place i of an answer, both
given the answer's tokens before it:

    KL_i = sum_v p_i(v) log(p_i(v) / q_i(v)),  in nats

on both stored answers, their ends included: where the token that ended an answer was not kept, that
is one place further. The parting is the first place at which the two answers differ, ends included.
Entropies there are of p and q. Distributions are taken as decoding saw them
(``workers.analyses.streams``).

Owns: helped and hurt items (all, or at even distances where there are more than asked). Does not
cover: why the other token was chosen. Two answers part once; what follows, they would have said
anyway after that token.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from talan.backbones import causal_model
from workers.analyses.chunks import chunks, held_bytes
from workers.analyses.hosts import Attached, Hosts
from workers.analyses.items import AnalysedItem
from workers.analyses.jobs import BASELINE, RUN
from workers.analyses.streams import see_streams
from workers.analyses.tables import Table

PLACES = 64  # distributions at a time: a vocabulary of 150,000 in float64 takes 77 MB
ON_RUN, ON_BASELINE = "run", "baseline"
SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("group", pa.string()),  # helped | hurt
        ("answer", pa.string()),  # run | baseline: whose tokens
        ("parting", pa.int32()),
        ("tokens", pa.list_(pa.int32())),
        ("texts", pa.list_(pa.string())),
        ("kl", pa.list_(pa.float32())),
        ("entropy_run", pa.list_(pa.float32())),
        ("entropy_baseline", pa.list_(pa.float32())),
    ]
)


def analyse_divergence(
    hosts: Hosts, items: Sequence[AnalysedItem], table: Table
) -> Mapping[str, object]:
    """The summary; both answers of every item go into ``table``."""
    model, tokenizer = hosts.resident.model, hosts.resident.tokenizer
    size = model.config.hidden_size * model.get_input_embeddings().weight.element_size()
    sequences = [(item, answer) for item in items for answer in (ON_RUN, ON_BASELINE)]
    found: list[dict[str, Any]] = []
    for chunk in chunks(
        sequences, num_bytes=lambda s: (len(_answer(*s)) + 1) * size, most=held_bytes(model)
    ):
        with hosts.attached(BASELINE) as baseline:
            before = [_states(baseline, item, answer) for item, answer in chunk]
        with hosts.attached(RUN) as run:
            for (item, answer), states in zip(chunk, before, strict=True):
                row = _described(item, answer, tokenizer) | _compare(run, item, answer, states)
                table.add([row])
                found.append(_place(item, answer, row, tokenizer))
    return _summary(found)


def parting(run: Sequence[int], baseline: Sequence[int]) -> int | None:
    """The first place at which two answers differ, ends included; None where they do not."""
    for place, (mine, other) in enumerate(zip(run, baseline, strict=False)):
        if mine != other:
            return place
    return None if len(run) == len(baseline) else min(len(run), len(baseline))


def _answer(item: AnalysedItem, answer: str) -> tuple[int, ...]:
    return item.run if answer == ON_RUN else item.baseline


def _states(host: Attached, item: AnalysedItem, answer: str) -> Tensor:
    """What the head reads at every place of an answer, its end included, [n, d]."""
    tokens = item.prompt + _answer(item, answer)
    states = see_streams(host.model, tokens, lambda *_: None, num_prompt=len(item.prompt))
    end = -1 if item.has_ends else None  # what would follow the end is nobody's token
    return states[len(item.prompt) - 1 : end].clone()


def _compare(
    run: Attached, item: AnalysedItem, answer: str, baseline: Tensor
) -> dict[str, list[float]]:
    """KL and both entropies, place by place."""
    head = causal_model(run.model).get_output_embeddings()
    states = _states(run, item, answer)
    kl, own, other = [], [], []
    for mine, base in zip(torch.split(states, PLACES), torch.split(baseline, PLACES), strict=True):
        p = head(mine).double().log_softmax(dim=-1)
        q = head(base).double().log_softmax(dim=-1)
        kl += _expected(p, p - q).clamp_min(0.0).tolist()  # rounding may leave -1e-17
        own += _expected(p, -p).tolist()
        other += _expected(q, -q).tolist()
    return {"kl": kl, "entropy_run": own, "entropy_baseline": other}


def _expected(log_p: Tensor, values: Tensor) -> Tensor:
    """The mean of values under log_p, [places]; what has no probability adds nothing."""
    return torch.where(log_p == -torch.inf, 0.0, log_p.exp() * values).sum(dim=-1)


def _described(item: AnalysedItem, answer: str, tokenizer: Any) -> dict[str, object]:
    tokens = list(_answer(item, answer))
    return {
        "benchmark": item.benchmark,
        "item_id": item.item_id,
        "group": item.group,
        "answer": answer,
        "parting": parting(item.run, item.baseline),
        "tokens": tokens,
        "texts": [tokenizer.decode([token]) for token in tokens],
    }


def _place(
    item: AnalysedItem, answer: str, row: dict[str, Any], tokenizer: Any
) -> dict[str, object]:
    """What the summary needs of an answer: a few numbers, however long it is."""
    at = row["parting"]
    common = tokenizer.decode(list(item.run[: at or 0]), skip_special_tokens=True)
    return {
        "answer": answer,
        "group": item.group,
        "benchmark": item.benchmark,
        "parting": at,
        "in_first_line": at is not None and "\n" not in common,
        "kl_at": _at(row["kl"], at),
        "kl_before": statistics.fmean(row["kl"][:at]) if at else None,
        "kl_mean": statistics.fmean(row["kl"]) if row["kl"] else None,
        "entropy_at": _at(row["entropy_run"], at),
        "entropy_baseline_at": _at(row["entropy_baseline"], at),
    }


def _at(values: Sequence[float], place: int | None) -> float | None:
    """None also behind an answer that was cut at the limit of new tokens."""
    return values[place] if place is not None and place < len(values) else None


def _summary(found: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    own = [row for row in found if row["answer"] == ON_RUN]
    groups = {name: [row for row in own if row["group"] == name] for name in ("helped", "hurt")}
    return {
        "num_items": len(own),
        "reason": None if own else "no item is helped or hurt: nothing parts",
        **_of(own),
        "kl_mean_on_run": _mean(own, "kl_mean"),
        "kl_mean_on_baseline": _mean(
            [row for row in found if row["answer"] == ON_BASELINE], "kl_mean"
        ),
        "groups": {name: {"num_items": len(rows), **_of(rows)} for name, rows in groups.items()},
    }


def _of(rows: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    parted = [row for row in rows if row["parting"] is not None]
    return {
        "median_parting": statistics.median([r["parting"] for r in parted]) if parted else None,
        "first_line_share": _mean(parted, "in_first_line"),
        "kl_at_parting": _mean(parted, "kl_at"),
        "kl_before_parting": _mean(parted, "kl_before"),
        "entropy_at_parting": _mean(parted, "entropy_at"),
        "baseline_entropy_at_parting": _mean(parted, "entropy_baseline_at"),
    }


def _mean(rows: Sequence[Mapping[str, Any]], key: str) -> float | None:
    values = [float(row[key]) for row in rows if row[key] is not None]
    return statistics.fmean(values) if values else None
