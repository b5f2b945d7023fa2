"""One configuration of TALAN: the six axes and the block's fixed protocol fields.

Owns validation, the canonical form of the six axes and their identity (a content hash).
Does not know any backbone: whether a layer exists is checked where the block is attached.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from talan import checks
from talan.paper_json import axes_from_record, record_from_axes
from talan.vocabulary import (
    BLOCK_FIELDS,
    GATES,
    LARGEST_GRADIENT_SCALE,
    MIXERS,
    OPTIONAL_AXES,
    REQUIRED_AXES,
    RULES,
    SCOPES,
    SMALLEST_GRADIENT_SCALE,
    SUMMARIZERS,
    SUMMARY_SCOPES,
)


@dataclass(frozen=True)
class Writeback:
    """How the perturbation returns to the residual stream (Eq. 4).

    Attributes:
        rule: `direct` (X + alpha H) or `gate` (X + g(X, H) * H).
        gate: `vector` or `scalar` for the rule `gate`, None for `direct`.
        alpha: strength at the start; above 0 for `direct`, 0 allowed for `gate`.
    """

    rule: str
    gate: str | None = None
    alpha: float = 0.008

    def __post_init__(self) -> None:
        checks.one_of("writeback.rule", self.rule, allowed=RULES)
        if self.rule == "gate":
            checks.one_of("writeback.gate", self.gate, allowed=GATES)
        elif self.gate is not None:
            raise checks.refuse("writeback.gate", self.gate, allowed="null for the rule 'direct'")
        alpha = checks.number("writeback.alpha", self.alpha, positive=self.rule == "direct")
        object.__setattr__(self, "alpha", alpha)

    @classmethod
    def from_mapping(cls, value: object) -> "Writeback":
        """Read `{"rule": ..., "gate": ..., "alpha": ...}`."""
        return cls(
            **checks.mapping("writeback", value, required=("rule", "alpha"), optional=("gate",))
        )


@dataclass(frozen=True)
class Trainability:
    """Which parts of the block receive gradients, and when.

    Attributes:
        scope: `all`, `writeback` (gate or alpha only), `remix_writeback` (summarizer frozen)
            or `frozen` (in the forward pass, no gradients).
        train_until: the block trains for steps 0..k-1 and is frozen from step k on.
        warmup_identity: the block is the identity for the first k training steps.
    """

    scope: str = "all"
    train_until: int | None = None
    warmup_identity: int = 0

    def __post_init__(self) -> None:
        checks.one_of("trainability.scope", self.scope, allowed=SCOPES)
        if self.train_until is not None:
            checks.integer("trainability.train_until", self.train_until, minimum=1)
        checks.integer("trainability.warmup_identity", self.warmup_identity, minimum=0)

    @classmethod
    def from_mapping(cls, value: object) -> "Trainability":
        """Read `{"scope": ..., "train_until": ..., "warmup_identity": ...}`."""
        optional = ("train_until", "warmup_identity")
        return cls(**checks.mapping("trainability", value, required=("scope",), optional=optional))

    @property
    def never_trains(self) -> bool:
        """Whether no step reaches a parameter: frozen, or off again before the warm-up is over."""
        ends_first = self.train_until is not None and self.train_until <= self.warmup_identity
        return self.scope == "frozen" or ends_first

    def canonical(self) -> dict[str, Any]:
        """As a dict in which fields without effect are null."""
        return asdict(self) | ({"train_until": None} if self.scope == "frozen" else {})


@dataclass(frozen=True)
class TalanConfig:
    """One point of the six-axis space, and the block's fixed fields.

    Attributes:
        layer: decoder block whose input is changed; 0 is the embedding output.
        slots: number T of latent slots.
        mixer: one of the four remix families.
        writeback: rule, gate and alpha.
        trainability: scope and schedules.
        gradient_scale: factor on the gradients of everything but alpha and the gate, from 1e-6 to
            1e6; None is 1.
        summarizer: `attention` or `soft_mos`.
        summary_scope: `sequence` (the paper's) or `prefix` (ours: tokens <= i only).
        inner_dim: inner width of the mixer; None is min(d, 512), our choice.
        heads: attention heads; None is the largest of 8, 4, 2, 1 that divides inner_dim.
        components: mixers in parallel, each with weights of its own.
    """

    layer: int
    slots: int
    mixer: str
    writeback: Writeback
    trainability: Trainability = Trainability()
    gradient_scale: float | None = None
    summarizer: str = "attention"
    summary_scope: str = "sequence"
    inner_dim: int | None = None
    heads: int | None = None
    components: int = 1

    def __post_init__(self) -> None:
        checks.integer("layer", self.layer, minimum=0)
        checks.integer("slots", self.slots, minimum=1)
        checks.one_of("mixer", self.mixer, allowed=MIXERS)
        self._check_parts()
        if self.gradient_scale is not None:
            scale = checks.number("gradient_scale", self.gradient_scale, positive=True)
            if not SMALLEST_GRADIENT_SCALE <= scale <= LARGEST_GRADIENT_SCALE:
                bounds = f"from {SMALLEST_GRADIENT_SCALE:g} to {LARGEST_GRADIENT_SCALE:g}"
                raise checks.refuse("gradient_scale", scale, allowed=f"a number {bounds}")
            object.__setattr__(self, "gradient_scale", scale)
        checks.one_of("summarizer", self.summarizer, allowed=SUMMARIZERS)
        checks.one_of("summary_scope", self.summary_scope, allowed=SUMMARY_SCOPES)
        checks.integer("components", self.components, minimum=1)
        self._check_width()

    def _check_parts(self) -> None:
        if not isinstance(self.writeback, Writeback):
            raise checks.refuse("writeback", self.writeback, allowed="a Writeback")
        if not isinstance(self.trainability, Trainability):
            raise checks.refuse("trainability", self.trainability, allowed="a Trainability")

    def _check_width(self) -> None:
        for key in ("inner_dim", "heads"):
            if getattr(self, key) is not None:
                checks.integer(key, getattr(self, key), minimum=1)
        if self.inner_dim and self.heads and self.inner_dim % self.heads:
            allowed = f"a multiple of heads = {self.heads}"
            raise checks.refuse("inner_dim", self.inner_dim, allowed=allowed)

    @classmethod
    def from_axes(cls, axes: Mapping[str, object], **block_fields: object) -> "TalanConfig":
        """Build from the six axes as plain data.

        Args:
            axes: the keys layer, slots, mixer, writeback, trainability, gradient_scale; the
                last two may be missing.
            block_fields: summarizer, summary_scope, inner_dim, heads, components.

        Raises:
            TalanConfigError: for an unknown or missing key, or a value that is not allowed.
        """
        values = checks.mapping("axes", axes, required=REQUIRED_AXES, optional=OPTIONAL_AXES)
        fields = checks.mapping("talan", block_fields, required=(), optional=BLOCK_FIELDS)
        values["writeback"] = Writeback.from_mapping(values["writeback"])
        values["trainability"] = Trainability.from_mapping(
            values.get("trainability", {"scope": "all"})
        )
        return cls(**values, **fields)

    @classmethod
    def from_record(
        cls,
        record: Mapping[str, object],
        *,
        scope: str = "all",
        train_until: int | None = None,
        gradient_scale: float | None = None,
    ) -> "TalanConfig":
        """Read the paper's JSON record (Appendix C).

        Args:
            record: the JSON object.
            scope: trainability scope, which the paper states beside the record.
            train_until: likewise (Q8B: 20).
            gradient_scale: likewise (Q32B: 500).

        Raises:
            TalanConfigError: naming the key and value that cannot be read.
        """
        axes, summarizer = axes_from_record(record)
        axes["trainability"] |= {"scope": scope, "train_until": train_until}
        axes["gradient_scale"] = gradient_scale
        return cls.from_axes(axes, summarizer=summarizer)

    def to_record(self, hidden_size: int) -> dict[str, object]:
        """The paper's JSON record (Appendix C) on a backbone of width `hidden_size`."""
        return record_from_axes(self.axes(), summarizer=self.summarizer, hidden_size=hidden_size)

    @property
    def scales_gradients(self) -> bool:
        """Whether anything that the gradient scale multiplies is ever trained."""
        return self.trainability.scope in ("all", "remix_writeback")

    @property
    def is_null_intervention(self) -> bool:
        """Whether the block is the identity and stays it: alpha 0, and no step trains the block.

        With alpha 0 the perturbation g * H is 0, and so is every gradient but that of v, which
        g = v * 2 sigmoid(...) starts from (Eq. 4). A single step that trains v leaves the identity.
        """
        return self.writeback.alpha == 0 and self.trainability.never_trains

    def axes(self) -> dict[str, Any]:
        """The six axes in canonical form: points that are the same model are equal."""
        scale = 1.0 if self.gradient_scale is None else self.gradient_scale
        return {
            "layer": self.layer,
            "slots": self.slots,
            "mixer": self.mixer,
            "writeback": asdict(self.writeback),
            "trainability": self.trainability.canonical(),
            "gradient_scale": scale if self.scales_gradients else None,
        }

    def block_fields(self) -> dict[str, Any]:
        """The fixed protocol fields that are not axes."""
        return {name: getattr(self, name) for name in BLOCK_FIELDS}

    @property
    def configuration_id(self) -> str:
        """SHA-256 of the canonical axes."""
        text = json.dumps(self.axes(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
