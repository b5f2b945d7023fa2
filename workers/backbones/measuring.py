"""A host put together on the machine at hand, to be measured.

Owns: a backbone's own weights, or random ones of its published shape where they are not at hand,
with an adapter on them; the threads and the device that a run would have. Does not cover: what is
timed (``workers.backbones.costs``), which configurations are (``search.cost.measure``).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

from talan import TalanConfig
from workers.backbones.adapters import attach_adapter
from workers.backbones.costs import HostCost, Load, measure_costs
from workers.backbones.loading import load_backbone
from workers.backbones.shapes import PUBLISHED_SHAPES, published_config
from workers.errors import BackboneError, WorkerError, first_line
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe


def measuring_device() -> str:
    """Where hosts are measured: the GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def measure_host(
    backbone: str,
    adapter: AdapterSpec,
    configurations: Mapping[str, TalanConfig],
    *,
    recipe: Recipe,
    load: Load,
    rounds: int,
    num_threads: int,
) -> tuple[dict[str, HostCost], str]:
    """Measure configurations on one host.

    Returns:
        Costs by the configurations' keys, and ``its weights`` or ``random weights``.

    Raises:
        WorkerError: The host cannot be put together here, or does not fit.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]
    torch.set_num_threads(num_threads)
    try:
        model, source = _model(backbone, dtype=recipe.dtype)
        adapted = attach_adapter(model, adapter, seed=0)
    except torch.OutOfMemoryError as error:
        raise WorkerError(first_line(error)) from error
    costs = measure_costs(
        adapted,
        configurations,
        load=load,
        rounds=rounds,
        checkpointing=recipe.gradient_checkpointing,
    )
    return costs, source


def _model(name: str, *, dtype: str) -> tuple[object, str]:
    device = measuring_device()
    try:
        return load_backbone(name, dtype=dtype, device=device)[0], "its weights"
    except BackboneError:
        if name.partition("@")[0] not in PUBLISHED_SHAPES:
            raise
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            published_config(name), dtype=getattr(torch, dtype)
        )
    return model, "random weights"
