"""RepE: a direction read from contrasting pairs, added at inference.

    D_i = e_i (h(right_i) - h(corrupted_i)),    v = first principal component of D - mean(D)
    h' = (h + c s v) |h| / |h + c s v|

with h the last token's hidden state at a block's output, e_i = +1 and -1 in turn, so that the
centring takes the shared part of the pairs' order away and not the contrast, s the sign that puts
right answers first, c one strength for all blocks. arXiv 2310.01405, Section 3.1 (reading, by
principal components of differences) and Section 3.2 (control by a linear combination); h' keeps the
norm of h, as the authors' code can (``normalize``).

Owns: pairs, directions, the strength and the blocks that steer. The adapter is the matched one,
trained as the baseline is. Our choice, for the paper states none for answers: the corrupted answer
of a prompt is the answer to another prompt of the same domain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from peft import PeftModel
from torch import Tensor, nn

from talan.model_folder import finish_folder
from talan.sham import evaluating
from workers.errors import DataError
from workers.interventions.adapted import Adapted
from workers.interventions.attached import Attached
from workers.interventions.bench import Bench
from workers.interventions.blocks import Blocks, decoder_layers, read_blocks
from workers.interventions.intervention import Choice, Intervention, Try
from workers.interventions.settings import (
    is_number,
    layer_number,
    require,
    require_layer,
    require_whole,
)
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe
from workers.training.checkpoints import base_model
from workers.training.sft_data import IGNORED_LABEL, SftExample, plan_order


class Steering(nn.Module):
    """Adds c v to hidden states and keeps their norms; c = 0 is the identity, bit for bit."""

    direction: Tensor
    strength: Tensor

    def __init__(self, direction: Tensor, strength: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("direction", direction)
        self.register_buffer("strength", torch.tensor(strength))

    def forward(self, h: Tensor, x: Tensor | None = None) -> Tensor:
        """Hidden states ``[B, S, d]``."""
        del x
        if not float(self.strength):
            return h
        work = h.to(self.direction.dtype)
        moved = work + self.strength * self.direction
        kept: Tensor = work.norm(dim=-1, keepdim=True) / moved.norm(dim=-1, keepdim=True)
        return (moved * kept).to(h)


class Steered(Attached):
    """The trained adapter with steering blocks."""

    def __init__(self, host: Adapted) -> None:
        self.host = host
        self.steering: Blocks | None = None

    @property
    def model(self) -> Any:
        """PEFT's wrapper."""
        return self.host.model

    def steer(self, directions: Mapping[int, Tensor], *, strength: float) -> None:
        """Add directions at the outputs of blocks, all with one strength."""
        base = self.host.adapted.get_base_model()
        place, device = decoder_layers(base), base.device
        blocks = {
            f"{place}.{layer}": Steering(direction, strength).to(device)
            for layer, direction in directions.items()
        }
        self.steering = Blocks(self.host.model, blocks, parts_of=base)

    def set_strength(self, strength: float) -> None:
        """Change the strength of all blocks."""
        assert self.steering is not None
        for block in self.steering.blocks.values():
            block.strength.fill_(strength)  # type: ignore[operator]

    def detach(self) -> None:
        """Take steering and adapter off."""
        if self.steering is not None:
            self.steering.detach()
        self.host.detach()

    def num_parameters(self) -> int:
        """The adapter's, and one vector a steered block."""
        steering = 0 if self.steering is None else self.steering.num_parameters()
        return self.host.num_parameters() + steering

    def provenance(self) -> dict[str, Any]:
        """Where it steers."""
        blocks = {} if self.steering is None else self.steering.blocks
        return {"steered": sorted(int(name.rpartition(".")[2]) for name in blocks)}

    def save(self, folder: Path, *, backbone: str) -> None:
        """PEFT's two files and the directions; the folder says that PEFT alone is not enough."""
        assert self.steering is not None
        self.host.chat_template = self.chat_template
        self.host.save(folder, backbone=backbone)
        self.steering.save(folder, backbone=backbone)
        dtype = str(self.host.adapted.get_base_model().dtype).removeprefix("torch.")
        finish_folder(folder, intervention="repe", base=base_model(backbone), dtype=dtype)


@dataclass(frozen=True, kw_only=True)
class Repe(Intervention):
    """The matched adapter, steered at inference.

    Args:
        layers: Block numbers or depths whose outputs are steered.
        contrast: What the right answer stands against.
        strengths: Values of c; the one with the least held-out loss is taken. 0 must be among
            them, so that not steering can win.
        pairs: Training examples that the directions are read from.
    """

    method: ClassVar[str] = "repe"
    source: ClassVar[str] = "arXiv 2310.01405"
    null: ClassVar[str] = "a random direction of the same strength"
    unmatched: ClassVar[tuple[str, ...]] = (
        "It is trained as the baseline is; what it changes, it changes after training.",
        "The strength is chosen on held-out training loss, never on a benchmark.",
    )

    layers: tuple[int | str, ...] = ("40%", "60%")
    contrast: str = "corrupted_answer"
    strengths: tuple[float, ...] = (0, 0.5, 1, 2, 4)
    pairs: int = 128

    def __post_init__(self) -> None:
        """Check all settings.

        Raises:
            MethodError: A value is not allowed.
        """
        super().__post_init__()
        layers = self.layers
        ok = isinstance(layers, tuple) and len(layers) > 0
        require(self.method, "layers", layers, ok=ok, allowed="a list of layers")
        for layer in layers:
            require_layer(self.method, "layers", layer)
        known = ("corrupted_answer",)
        ok = self.contrast in known
        require(self.method, "contrast", self.contrast, ok=ok, allowed=", ".join(known))
        grid = self.strengths
        ok = isinstance(grid, tuple) and all(map(is_number, grid)) and 0 in grid
        ok = ok and len(set(grid)) == len(grid)
        allowed = "a list of different numbers with 0 among them"
        require(self.method, "strengths", grid, ok=ok, allowed=allowed)
        require_whole(self.method, "pairs", self.pairs, least=4)

    def check(self, *, num_layers: int, backbone: str, adapter: AdapterSpec) -> None:
        """Check that the backbone has the layers."""
        del adapter
        for layer in self.layers:
            layer_number(self.method, layer, num_layers=num_layers, backbone=backbone)

    def chooses(self, recipe: Recipe) -> bool:
        """Whether there is more than one strength, or rate."""
        return len(self.strengths) > 1 or super().chooses(recipe)

    def attach(self, bench: Bench, prepared: object) -> Steered:
        """Put the matched adapter on; it is steered once it is trained."""
        del prepared
        return Steered(Adapted(bench.attach_adapter()))

    def settle(self, attached: Steered, bench: Bench, prepared: Any) -> Choice:
        """Read the directions, choose the strength, and steer."""
        del prepared
        layers = sorted(
            {
                layer_number(self.method, one, num_layers=bench.num_layers, backbone="")
                for one in self.layers
            }
        )
        directions = self._directions(attached, bench, layers)
        attached.steer(directions, strength=0.0)
        tries = []
        for strength in self.strengths:
            attached.set_strength(strength)
            tries.append(Try(strength, bench.held_out_loss(attached.model)))
        choice = Choice.of_least_loss(tries)
        if self.is_null:
            assert attached.steering is not None
            attached.steering.detach()
            attached.steer(_random_like(directions, bench), strength=choice.value)
        attached.set_strength(choice.value)
        return choice

    def _directions(
        self, attached: Steered, bench: Bench, layers: Sequence[int]
    ) -> dict[int, Tensor]:
        right = _seen(bench)[: self.pairs]
        pairs = corrupted_pairs(right, generator=bench.generator(self.method))
        with evaluating(attached.model):
            good = last_states(attached.model, [one for one, _ in pairs], layers=layers)
            bad = last_states(attached.model, [other for _, other in pairs], layers=layers)
        return {
            layer: direction_of(good[:, place], bad[:, place]).to(torch.float32)
            for place, layer in enumerate(layers)
        }

    @classmethod
    def load(cls, model: nn.Module, folder: Path) -> Attached:
        """Read PEFT's two files and the directions."""
        stored = read_blocks(folder)
        adapted = PeftModel.from_pretrained(model, str(folder))
        attached = Steered(Adapted(adapted))
        _steer_as_stored(attached, stored)
        return attached

    @classmethod
    def put_on(cls, adapted: nn.Module, folder: Path, *, trainable: bool = False) -> Blocks:
        """Steer a model whose adapter is in place (``talan.from_pretrained``)."""
        del trainable  # directions are fixed
        attached = Steered(Adapted(adapted))
        _steer_as_stored(attached, read_blocks(folder))
        assert attached.steering is not None
        return attached.steering


def _steer_as_stored(attached: Steered, stored: Mapping[str, Tensor]) -> None:
    names = [name.rpartition("/")[0] for name in stored if name.endswith("/direction")]
    layers = {int(name.rpartition(".")[2]): stored[f"{name}/direction"] for name in names}
    attached.steer(layers, strength=float(stored[f"{names[0]}/strength"]))


def direction_of(right: Tensor, corrupted: Tensor) -> Tensor:
    """The unit direction ``[d]`` from states ``[N, d]`` of right and of corrupted answers.

    Pairs are turned round in turn before the mean is taken away; the sign is the one that puts
    right answers further along it, on average.
    """
    difference = (right - corrupted).double()
    turn = torch.ones(len(difference), 1, dtype=torch.double)
    turn[1::2] = -1
    turned = difference * turn
    centred = turned - turned.mean(dim=0)
    first: Tensor = torch.linalg.svd(centred, full_matrices=False).Vh[0]
    along = difference.mean(dim=0) @ first
    return first if along >= 0 else -first


def corrupted_pairs(
    examples: Sequence[SftExample], *, generator: torch.Generator
) -> list[tuple[SftExample, SftExample]]:
    """Each example with itself given another's answer, of its own domain and in other words.

    Raises:
        DataError: No two examples of a domain answer otherwise.
    """
    answers = [_answer(example) for example in examples]
    pairs = []
    for number, example in enumerate(examples):
        others = [
            place
            for place, other in enumerate(examples)
            if other.domain == example.domain and answers[place] != answers[number]
        ]
        if others:
            place = others[int(torch.randint(len(others), (1,), generator=generator))]
            right, wrong = (_with_answer(example, answers[one]) for one in (number, place))
            pairs.append((right, wrong))
    if len(pairs) < 2:
        raise DataError(
            f"method repe needs pairs of a right and a corrupted answer, and {len(examples)} "
            f"training examples give {len(pairs)}; allowed: 2 of a domain that differ"
        )
    return pairs


@torch.no_grad()
def last_states(model: Any, examples: Sequence[SftExample], *, layers: Sequence[int]) -> Tensor:
    """Hidden states of the last token at the outputs of blocks, float64 ``[N, layers, d]``."""
    found = []
    for example in examples:
        ids = torch.tensor([example.input_ids], device=model.device)
        seen: dict[int, Tensor] = {}
        base = model.get_base_model()
        hooks = [
            base.model.layers[layer].register_forward_hook(_note(seen, layer)) for layer in layers
        ]
        try:
            model(input_ids=ids, use_cache=False)
        finally:
            for hook in hooks:
                hook.remove()
        found.append(torch.stack([seen[layer] for layer in layers]))
    return torch.stack(found)


def _note(seen: dict[int, Tensor], layer: int) -> object:
    def hook(_: object, __: object, output: Tensor) -> None:
        seen[layer] = output[0, -1].double().cpu()

    return hook


def _seen(bench: Bench) -> list[SftExample]:
    """The examples in the order in which training sees them first."""
    order = dict.fromkeys(plan_order(len(bench.examples), recipe=bench.recipe, seed=bench.seed))
    return [bench.examples[number] for number in order]


def _answer(example: SftExample) -> tuple[int, ...]:
    """The tokens of the last answer."""
    start, end = _span(example)
    return example.input_ids[start:end]


def _with_answer(example: SftExample, answer: tuple[int, ...]) -> SftExample:
    """The example up to its last answer, and another one in its place."""
    start, _ = _span(example)
    labels = (*example.labels[:start], *answer)
    return replace(example, input_ids=(*example.input_ids[:start], *answer), labels=labels)


def _span(example: SftExample) -> tuple[int, int]:
    """Where the last answer begins and ends; a template may write something after it."""
    spoken = [label != IGNORED_LABEL for label in example.labels]
    end = len(spoken) - spoken[::-1].index(True)
    start = end
    while start > 0 and spoken[start - 1]:
        start -= 1
    return start, end


def _random_like(directions: Mapping[int, Tensor], bench: Bench) -> dict[int, Tensor]:
    """Unit directions drawn at random, one for each block."""
    generator = bench.generator("repe", "null")
    drawn = {}
    for layer, direction in directions.items():
        vector = torch.randn(direction.shape, generator=generator, dtype=torch.float64)
        drawn[layer] = (vector / vector.norm()).to(direction.dtype)
    return drawn
