"""How far a run's residual stream is from its baseline's, by depth.

Source: the paper's Appendix G.1, Figures 3 and 5 to 12.

For an example of S tokens and x_l [S, d] as in ``workers.analyses.streams``, all S * d numbers read
as one vector:

    relative L2:  |x_l(run) - x_l(other)|_2 / |x_l(other)|_2
    cosine:       <x_l(run), x_l(other)> / (|x_l(run)|_2 |x_l(other)|_2)

The other is the matched baseline, and the run itself with its block off. Means are over examples,
equally many of each benchmark. In float64 on what the forward pass gave.

Owns: these numbers, on the prompt alone (the paper's) and on the prompt with the baseline's answer
behind it (ours: every run is then read on the same tokens), and each token's relative L2, for the
heat map. Does not cover: the band of the null runs, which are analysed as runs of their own
(``search.analyses.references``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from workers.analyses.chunks import chunks, held_bytes, stream_bytes
from workers.analyses.hosts import Attached, Hosts
from workers.analyses.items import AnalysedItem
from workers.analyses.jobs import BASELINE, RUN
from workers.analyses.streams import kept_streams
from workers.analyses.tables import Table

PROMPT, WITH_ANSWER = "prompt", "prompt_and_answer"
FROM_BASELINE, FROM_BLOCK_OFF = "baseline", "block_off"
SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("text", pa.string()),  # prompt | prompt_and_answer
        ("against", pa.string()),  # baseline | block_off
        ("layer", pa.int32()),  # L: what leaves the last block
        ("relative_l2", pa.float64()),
        ("cosine", pa.float64()),
        ("tokens", pa.list_(pa.float32())),  # each token's relative L2; on prompt and answer only
        ("num_prompt", pa.int32()),
        ("texts", pa.list_(pa.string())),  # the tokens; at layer 0 of prompt and answer only
    ]
)


@dataclass(frozen=True)
class Distance:
    """How far two streams are apart at one depth."""

    relative_l2: float
    cosine: float
    tokens: tuple[float, ...]


@dataclass
class _Means:
    """Sums over examples: as many numbers as there are layers, however many examples."""

    l2: dict[tuple[str, ...], float] = field(default_factory=lambda: defaultdict(float))
    cosine: dict[tuple[str, ...], float] = field(default_factory=lambda: defaultdict(float))
    count: dict[tuple[str, ...], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, benchmark: str, text: str, against: str, layer: int, found: Distance) -> None:
        for key in ((benchmark, text, against, str(layer)), ("", text, against, str(layer))):
            self.l2[key] += found.relative_l2
            self.cosine[key] += found.cosine
            self.count[key] += 1

    def curve(self, text: str, against: str, *, of: str = "", what: str = "l2") -> list[float]:
        sums = self.l2 if what == "l2" else self.cosine
        keys = sorted((k for k in sums if k[:3] == (of, text, against)), key=lambda k: int(k[3]))
        return [sums[key] / self.count[key] for key in keys]


def distance(x: Tensor, other: Tensor) -> Distance:
    """Between two streams [S, d]; 0 and 1 exactly where they are the same."""
    if torch.equal(x, other):
        return Distance(0.0, 1.0, (0.0,) * x.shape[0])
    a, b = x.double(), other.double()
    apart, size = (a - b).norm(dim=-1), b.norm(dim=-1)
    cosine = torch.dot(a.flatten(), b.flatten()) / (a.norm() * b.norm())
    return Distance(
        relative_l2=float(apart.norm() / size.norm()),
        cosine=float(cosine),
        tokens=tuple((apart / size).tolist()),
    )


def analyse_depth(
    hosts: Hosts, items: Sequence[AnalysedItem], table: Table
) -> Mapping[str, object]:
    """The summary; every value goes into ``table``."""
    model = hosts.resident.model
    tokenizer = hosts.resident.tokenizer
    means = _Means()
    sequences = [(item, text) for item in items for text in (PROMPT, WITH_ANSWER)]
    place: int | None = None
    for chunk in chunks(
        sequences,
        num_bytes=lambda s: stream_bytes(model, len(_tokens(*s))),
        most=held_bytes(model),
    ):
        before: list[list[Tensor]] = []
        if BASELINE in hosts.roles:
            with hosts.attached(BASELINE) as baseline:
                before = [_streams(baseline, item, text) for item, text in chunk]
        with hosts.attached(RUN) as run:
            place = run.layer
            for at, (item, text) in enumerate(chunk):
                rows = _rows(run, item, text, before[at] if before else None, means)
                if text == WITH_ANSWER and rows:
                    rows[0]["texts"] = [tokenizer.decode([t]) for t in _tokens(item, text)]
                table.add(rows)
                if before:
                    before[at] = []
    return _summary(means, layer=place, num_items=len(items))


def _rows(
    run: Attached,
    item: AnalysedItem,
    text: str,
    baseline: list[Tensor] | None,
    means: _Means,
) -> list[dict[str, Any]]:
    own = _streams(run, item, text)
    others = {} if baseline is None else {FROM_BASELINE: baseline}
    if run.sites:
        with run.block_off():
            others[FROM_BLOCK_OFF] = _streams(run, item, text)
    rows = []
    for against, streams in others.items():
        for layer, (x, other) in enumerate(zip(own, streams, strict=True)):
            found = distance(x, other)
            means.add(item.benchmark, text, against, layer, found)
            rows.append(
                {
                    "benchmark": item.benchmark,
                    "item_id": item.item_id,
                    "text": text,
                    "against": against,
                    "layer": layer,
                    "relative_l2": found.relative_l2,
                    "cosine": found.cosine,
                    "tokens": list(found.tokens) if text == WITH_ANSWER else None,
                    "num_prompt": len(item.prompt),
                    "texts": None,
                }
            )
    return rows


def _tokens(item: AnalysedItem, text: str) -> tuple[int, ...]:
    return item.prompt if text == PROMPT else item.prompt + item.baseline


def _streams(host: Attached, item: AnalysedItem, text: str) -> list[Tensor]:
    tokens = _tokens(item, text)
    return kept_streams(host.model, tokens, num_prompt=len(item.prompt))


def _summary(means: _Means, *, layer: int | None, num_items: int) -> dict[str, Any]:
    own = means.curve(PROMPT, FROM_BLOCK_OFF)
    from_baseline = means.curve(PROMPT, FROM_BASELINE)
    benchmarks = sorted({key[0] for key in means.l2 if key[0]})
    main = FROM_BASELINE if from_baseline else FROM_BLOCK_OFF
    curves = {name: means.curve(PROMPT, main, of=name) for name in benchmarks}
    return {
        "layer": layer,
        "lift_off": lift_off(own or from_baseline),
        "lift_off_from_baseline": lift_off(from_baseline),
        "growth_per_layer": growth(own or from_baseline),
        "num_items": num_items,
        "by_layer": _by_layer(means, PROMPT)[:-1],
        "output": _by_layer(means, PROMPT)[-1:],
        "with_answer": _by_layer(means, WITH_ANSWER)[:-1],
        "by_benchmark": {name: curve[:-1] for name, curve in curves.items()},
        "curve_similarity": curve_similarity(list(curves.values())),
    }


def _by_layer(means: _Means, text: str) -> list[dict[str, object]]:
    from_baseline = means.curve(text, FROM_BASELINE)
    cosines = means.curve(text, FROM_BASELINE, what="cosine")
    own = means.curve(text, FROM_BLOCK_OFF)
    return [
        {
            "layer": layer,
            "relative_l2": from_baseline[layer] if from_baseline else None,
            "cosine": cosines[layer] if cosines else None,
            "block_off_relative_l2": own[layer] if own else None,
        }
        for layer in range(len(from_baseline or own))
    ]


def lift_off(curve: Sequence[float]) -> int | None:
    """The first layer at which a curve is above 0; None where it never is."""
    return next((layer for layer, value in enumerate(curve) if value > 0), None)


def growth(curve: Sequence[float]) -> float | None:
    """By which factor a curve grows a layer, from its lift-off to its end (geometric mean)."""
    first = lift_off(curve)
    if first is None or first >= len(curve) - 1:
        return None
    return float(math.pow(curve[-1] / curve[first], 1 / (len(curve) - 1 - first)))


def curve_similarity(curves: Sequence[Sequence[float]]) -> float | None:
    """The smallest Pearson correlation between two benchmarks' curves over the layers."""
    if len(curves) < 2 or len(curves[0]) < 3:
        return None
    table = torch.tensor([list(curve) for curve in curves], dtype=torch.float64)
    centred = table - table.mean(dim=1, keepdim=True)
    norms = centred.norm(dim=1)
    if bool((norms == 0).any()):
        return None
    matrix = (centred @ centred.T) / torch.outer(norms, norms)
    return float(matrix.min())
