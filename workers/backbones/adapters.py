"""LoRA, DoRA and rsLoRA on a resident backbone, put on and taken off through PEFT.

Owns: what an ``AdapterSpec`` means to PEFT, which modules it finds, and seeding its first weights.
Does not cover: the spec's own checks (``workers.job.jobs``), TALAN, and restoring the backbone's
flags (``workers.backbones.resident``). Adapters are never merged: five merges drift a weight by
1e-8.
"""

from collections.abc import Sequence
from typing import Any

from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from torch import nn

from workers.backbones.determinism import seed_generators
from workers.errors import AdapterError
from workers.job.jobs import AdapterSpec


def attach_adapter(
    model: Any, spec: AdapterSpec, *, seed: int, layers: Sequence[int] | None = None
) -> PeftModel:
    """Put a freshly initialised adapter on ``model``, in place, and return PEFT's wrapper.

    The adapter's weights depend on the seed, the spec and the backbone only, in the baseline and in
    every treatment alike. ``layers`` are the blocks that have it; None: all of them.

    Raises:
        AdapterError: The backbone lacks a target module.
    """
    require_targets(model, spec)
    return attach_tuner(model, lora_config(spec, layers=layers), seed=seed)


def attach_tuner(model: nn.Module, config: PeftConfig, *, seed: int) -> PeftModel:
    """Put any of PEFT's tuners on ``model``; the global generators are re-seeded right before."""
    seed_generators(seed)
    return get_peft_model(model, config)


def detach_adapter(adapted: PeftModel) -> nn.Module:
    """Take the adapter off without merging; returns the backbone with its own linear modules."""
    return adapted.base_model.unload()  # type: ignore[no-any-return]


def lora_config(spec: AdapterSpec, *, layers: Sequence[int] | None = None) -> LoraConfig:
    """PEFT's configuration of the spec: DoRA and rsLoRA are switches of its LoRA."""
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=spec.r,
        lora_alpha=spec.alpha,
        lora_dropout=spec.dropout,
        target_modules=list(spec.target_modules),
        use_dora=spec.type == "dora",
        use_rslora=spec.type == "rslora",
        bias="none",
        layers_to_transform=None if layers is None else list(layers),
    )


def require_targets(model: nn.Module, spec: AdapterSpec) -> None:
    """Check that the adapter has its modules.

    Raises:
        AdapterError: The backbone lacks one, naming those that it has.
    """
    present = linear_names(model)
    for target in spec.target_modules:
        if target not in present:
            allowed = ", ".join(sorted(present))
            msg = f"adapter.target_modules names {target!r}; this backbone has {allowed}"
            raise AdapterError(msg)


def linear_names(model: nn.Module) -> set[str]:
    """Names of the linear modules that an adapter may have."""
    return {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name != "lm_head"
    }
