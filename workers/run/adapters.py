"""LoRA, DoRA and rsLoRA on a resident backbone, put on and taken off through PEFT.

Owns: what an ``AdapterSpec`` means to PEFT, which modules it finds, and seeding its first weights.
Does not cover: the spec's own checks (``workers.job.jobs``), TALAN, and restoring the backbone's
flags (``workers.run.resident``). Adapters are never merged: five merges drift a weight by 1e-8.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from peft import LoraConfig, PeftModel, get_peft_model
from peft.helpers import DoraCaching
from torch import nn

from workers.errors import AdapterError
from workers.job.jobs import AdapterSpec
from workers.run.determinism import seed_generators


def attach_adapter(model: Any, spec: AdapterSpec, *, seed: int) -> PeftModel:
    """Put a freshly initialised adapter on ``model``, in place, and return PEFT's wrapper.

    The global generators are re-seeded right before: the adapter's weights depend on the seed, the
    spec and the backbone only, in the baseline and in every treatment alike.

    Raises:
        AdapterError: The backbone lacks a target module.
    """
    require_targets(model, spec)
    seed_generators(seed)
    return get_peft_model(model, lora_config(spec))


def detach_adapter(adapted: PeftModel) -> nn.Module:
    """Take the adapter off without merging; returns the backbone with its own linear modules."""
    return adapted.base_model.unload()  # type: ignore[no-any-return]


def lora_config(spec: AdapterSpec) -> LoraConfig:
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
    )


def generation_cache(spec: AdapterSpec) -> AbstractContextManager[Any]:
    """Keep what every decoding step would recompute: DoRA's weight norms (3x faster)."""
    return DoraCaching() if spec.type == "dora" else nullcontext()


def require_targets(model: nn.Module, spec: AdapterSpec) -> None:
    """Check that the adapter has its modules.

    Raises:
        AdapterError: The backbone lacks one, naming those that it has.
    """
    present = {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name != "lm_head"
    }
    for target in spec.target_modules:
        if target not in present:
            allowed = ", ".join(sorted(present))
            msg = f"adapter.target_modules names {target!r}; this backbone has {allowed}"
            raise AdapterError(msg)
