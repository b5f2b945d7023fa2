"""How large the block's change is beside the adapter's, and at which angle (paper: Table 7, H.6).

As printed, on random numbers, s = sqrt(d) / 20:

    X ~ N(0, s^2 I)   Delta_TALAN = TALAN(X) - X   Delta_adapter = X sum_l (B_l A_l)^T scale

with the sum over all q_proj, which needs q_proj to be as wide as the stream.

On real tokens, with x_l as in ``workers.analyses.streams``, adapter on or off, block on or off:

    Delta_adapter = x_l(on, off) - x_l(off, off)   Delta_TALAN = x_l(on, on) - x_l(on, off)

at the block's layer, and at what leaves the last block.

Owns: both, the same for another seed's adapter, and for a sham (one random direction for all
tokens, of the mean norm that the block's change has). Does not cover: whether a small angle means
anything: random directions have a cosine of 0 with a spread of 1 / sqrt(d).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor

from talan.backbones import causal_model, find_decoder
from workers.analyses.chunks import chunks, held_bytes
from workers.analyses.hosts import Attached, Hosts
from workers.analyses.items import AnalysedItem
from workers.analyses.jobs import OTHER_SEED, RUN
from workers.analyses.streams import kept_streams
from workers.analyses.tables import Table
from workers.analyses.vectors import Angles, random_unit

PROBE_TOKENS, PROBE_SEED, SHAM_SEED = 512, 0, 1
SCHEMA = pa.schema(
    [
        ("benchmark", pa.string()),
        ("item_id", pa.string()),
        ("place", pa.string()),  # block | last
        ("change", pa.string()),  # talan | sham
        ("norm_adapter", pa.float64()),
        ("norm_change", pa.float64()),
        ("cosine_mean", pa.float64()),
    ]
)
_PLACES = ("block", "last")


def analyse_scale(hosts: Hosts, items: Sequence[AnalysedItem], table: Table) -> Mapping[str, Any]:
    """The summary; each item's norms and mean cosine go into ``table``."""
    real = _Real()
    model = hosts.resident.model
    with hosts.attached(RUN) as run:
        width, layer = int(causal_model(run.model).config.hidden_size), int(run.layer or 0)
        printed, own = _as_printed(run)
        norm = _mean_change(run, items)
    # Of an item, three changes at two places are kept in float64.
    size = 6 * 8 * width
    for chunk in chunks(
        items, num_bytes=lambda item: size * len(item.prompt), most=held_bytes(model)
    ):
        with hosts.attached(RUN) as run:
            changes = [_changes(run, item, layer, norm) for item in chunk]
        for item, found in zip(chunk, changes, strict=True):
            real.add(found)
            table.add(_rows(item, found))
        if OTHER_SEED in hosts.roles:
            with hosts.attached(OTHER_SEED) as other:
                for item, found in zip(chunk, changes, strict=True):
                    real.add_other(found, _adapter_change(other, item, layer))
    if OTHER_SEED in hosts.roles and own is not None:
        with hosts.attached(OTHER_SEED) as other:
            printed["other_seed"] = _printed_other(other, own)
    return {
        "layer": layer,
        "num_items": len(items),
        "as_printed": printed,
        "real_tokens": real.summary(width),
    }


Changes = dict[str, dict[str, Tensor]]  # by place, by change


class _Real:
    """Angles on real tokens, by place and by what they are between."""

    def __init__(self) -> None:
        names = ("talan", "sham", "other_seed")
        self._found = {(place, name): Angles() for place in _PLACES for name in names}

    def add(self, found: Changes) -> None:
        for place in _PLACES:
            for name in ("talan", "sham"):
                self._found[place, name].add(found[place]["adapter"], found[place][name])

    def add_other(self, found: Changes, adapter: dict[str, Tensor]) -> None:
        for place in _PLACES:
            self._found[place, "other_seed"].add(adapter[place], found[place]["talan"])

    def summary(self, width: int) -> dict[str, Any]:
        return {**self._at("block", width), "last_layer": self._at("last", width)}

    def _at(self, place: str, width: int) -> dict[str, object]:
        of = {name: self._found[place, name].summary(width=width) for name in ("sham",)}
        if self._found[place, "other_seed"].second:
            of["other_seed"] = self._found[place, "other_seed"].summary(width=width)
        own = self._found[place, "talan"].summary(width=width)
        reason = None
        if own["cosine_mean"] is None:
            reason = (
                "the adapter changes nothing in front of the block: it acts from layer 0 on"
                if own["norm_ratio"] == 0
                else "the block changes nothing"
            )
        return {**own, "reason": reason, **of}


def _changes(run: Attached, item: AnalysedItem, layer: int, norm: float) -> Changes:
    """What the adapter, the block and a sham of the block's size change, at both places."""
    whole = _two(run, item, layer)
    with run.block_off():
        adapter_alone = _two(run, item, layer)
        with run.model.disable_adapter():
            bare = _two(run, item, layer)
        with _pushed(run, layer, norm):
            sham = _two(run, item, layer)
    return {
        place: {
            "adapter": adapter_alone[place].double() - bare[place].double(),
            "talan": whole[place].double() - adapter_alone[place].double(),
            "sham": sham[place].double() - adapter_alone[place].double(),
        }
        for place in _PLACES
    }


def _adapter_change(host: Attached, item: AnalysedItem, layer: int) -> dict[str, Tensor]:
    on = _two(host, item, layer)
    with host.model.disable_adapter():
        off = _two(host, item, layer)
    return {place: on[place].double() - off[place].double() for place in _PLACES}


def _two(host: Attached, item: AnalysedItem, layer: int) -> dict[str, Tensor]:
    streams = kept_streams(host.model, item.prompt, num_prompt=len(item.prompt))
    return {"block": streams[layer], "last": streams[-1]}


def _mean_change(run: Attached, items: Sequence[AnalysedItem]) -> float:
    """Mean over tokens of the norm of the block's own change: what a sham is given."""
    total, tokens = 0.0, 0
    layer = int(run.layer or 0)
    for item in items:
        on = _two(run, item, layer)["block"].double()
        with run.block_off():
            change = (on - _two(run, item, layer)["block"].double()).norm(dim=-1)
        total, tokens = total + float(change.sum()), tokens + len(change)
    return total / max(tokens, 1)


@contextmanager
def _pushed(host: Attached, layer: int, norm: float) -> Iterator[None]:
    """Within this context one fixed vector is added to the stream in front of a layer."""
    place: Any = find_decoder(host.model).layers[layer]  # type: ignore[index]
    width = int(causal_model(host.model).config.hidden_size)
    vector = norm * random_unit(width, seed=SHAM_SEED)

    def push(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        x, *rest = args if args else (kwargs.pop("hidden_states"),)
        return ((x.double() + vector.to(x.device)).to(x.dtype), *rest), kwargs

    hook = place.register_forward_pre_hook(push, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()


def _rows(item: AnalysedItem, found: Changes) -> list[dict[str, Any]]:
    rows = []
    for place in _PLACES:
        for name in ("talan", "sham"):
            angles = Angles()
            angles.add(found[place]["adapter"], found[place][name])
            rows.append(
                {
                    "benchmark": item.benchmark,
                    "item_id": item.item_id,
                    "place": place,
                    "change": name,
                    "norm_adapter": math.sqrt(angles.first),
                    "norm_change": math.sqrt(angles.second),
                    "cosine_mean": angles.summary(width=1)["cosine_mean"],
                }
            )
    return rows


def _as_printed(run: Attached) -> tuple[dict[str, Any], Tensor | None]:
    """Table 7's numbers, or why there are none; and the block's change of the probe."""
    width = int(causal_model(run.model).config.hidden_size)
    update = _q_update(run, width)
    if isinstance(update, str):
        return {"reason": update}, None
    x, block = _probe(width), copy.deepcopy(run.block()).double().cpu()
    own = block(x)[0] - x[0]
    angles, sham = Angles(), Angles()
    angles.add(x[0] @ update, own)
    pushed = random_unit(width, seed=SHAM_SEED) * own.norm(dim=-1).mean()
    sham.add(x[0] @ update, pushed.expand_as(own))
    return {**angles.summary(width=width), "sham": sham.summary(width=width)}, own


def _printed_other(other: Attached, own: Tensor) -> dict[str, Any]:
    width = own.shape[-1]
    update = _q_update(other, width)
    if isinstance(update, str):
        return {"reason": update}
    angles = Angles()
    angles.add(_probe(width)[0] @ update, own)
    return angles.summary(width=width)


def _probe(width: int) -> Tensor:
    """X [1, 512, d] in float64."""
    generator = torch.Generator().manual_seed(PROBE_SEED)
    x = torch.randn(1, PROBE_TOKENS, width, generator=generator, dtype=torch.float64)
    return x * (math.sqrt(width) / 20)


def _q_update(host: Attached, width: int) -> Tensor | str:
    """sum_l (B_l A_l)^T scale over all q_proj, [d, d]; or why there is none."""
    found = [
        module
        for name, module in host.model.named_modules()
        if name.endswith("q_proj") and isinstance(module, LoraLayer)
    ]
    if not found:
        return "the adapter has no low-rank matrices in q_proj"
    widths = sorted({int(module.out_features) for module in found})
    if widths != [width]:
        return (
            f"q_proj puts out {', '.join(map(str, widths))} numbers and the stream has {width}: "
            "their changes cannot be laid side by side"
        )
    total = torch.zeros(width, width, dtype=torch.float64)
    for module in found:
        for name in module.active_adapters:
            b = module.lora_B[name].weight.detach().double().cpu()
            a = module.lora_A[name].weight.detach().double().cpu()
            total += (b @ a).T * module.scaling[name]
    return total
