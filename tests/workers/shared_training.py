"""Work that the processes of a run do alike; imported by name in each of them."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from gloo_pair import SECOND
from torch.nn.parallel import DistributedDataParallel
from transformers import TrainerCallback

from talan import TalanConfig, attach
from workers.backbones.adapters import attach_adapter
from workers.backbones.determinism import seed_generators
from workers.backbones.loading import load_backbone
from workers.errors import WorkerError
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe
from workers.processes import process_group
from workers.suites.registry import get_suite
from workers.training.sft_data import SftExample, plan_batches, read_conversations, tokenise
from workers.training.training import train

LORA = AdapterSpec("lora", 4, 8, ("q_proj", "k_proj", "v_proj", "o_proj"))
# So long would a process wait that nobody tells: who leaves sooner was told.
LEAVING_S = 600.0
Joining = Callable[[], AbstractContextManager[int]]


def left_late(joining: Joining, *, error: bool) -> tuple[float, float]:
    """When this process was through with its part, and when it had left; the second is slow."""
    try:
        with patch.object(process_group, "_LEAVING_S", LEAVING_S), joining():
            time.sleep(1.0 if SECOND in os.environ else 0.0)
            through = time.monotonic()
            if error:
                raise WorkerError("met by both")
    except WorkerError:
        pass
    return through, time.monotonic()


def still_averaging(joining: Joining, *, recipe: Recipe) -> list[int]:
    """How many models are averaged over the processes when a failed training leaves them."""
    counts = []

    @contextmanager
    def counted() -> Iterator[int]:
        with joining() as num_processes:
            try:
                yield num_processes
            except WorkerError:
                found = [m for m in gc.get_objects() if isinstance(m, DistributedDataParallel)]
                counts.append(sum(hasattr(model, "reducer") for model in found))
                raise

    with suppress(WorkerError):
        trained(counted, recipe=recipe, fault="diverges")
    return counts


def alone() -> AbstractContextManager[int]:
    """The joining of a process that trains by itself."""
    return nullcontext(1)


@lru_cache
def drills() -> list[SftExample]:
    """64 tokenised examples of the tiny suite."""
    _, tokenizer = load_backbone("tiny-qwen3")
    said = read_conversations(get_suite("tiny").train_file, num_examples=64)
    return tokenise(said, tokenizer=tokenizer, max_length=256)


def trained(
    joining: Joining,
    *,
    recipe: Recipe,
    axes: dict[str, Any] | None = None,
    scope: str = "sequence",
    fault: str | None = None,
) -> dict[str, Any]:
    """Losses and trained weights of a run on the tiny backbone; in the second process a fault."""
    faulty = fault if SECOND in os.environ else None
    seed = 4 if faulty == "other seed" else 3
    adapted = attach_adapter(load_backbone("tiny-qwen3")[0], LORA, seed=seed)
    talan = None
    if axes is not None:
        talan = attach(adapted, TalanConfig.from_axes(axes, summary_scope=scope), seed=seed)
    seed_generators(3)
    watches: list[TrainerCallback] = [Watch(talan)] if talan else []
    if faulty == "dies":
        watches.append(DiesAtStep(2))
    if faulty == "diverges":
        watches.append(DivergesAtStep(2))
    with joining() as num_processes, tempfile.TemporaryDirectory() as folder:
        losses = train(
            adapted,
            batches=plan_batches(drills(), recipe=recipe, seed=3),
            recipe=recipe,
            seed=3,
            pad_token_id=0,
            output_dir=Path(folder),
            callbacks=[*watches, *([talan.trainer_callback()] if talan else [])],
            num_processes=num_processes,
        )
    weights = [p.detach().flatten() for p in adapted.parameters() if p.requires_grad]
    return {
        "losses": losses,
        "weights": torch.cat(weights),
        "norms": [w.norms for w in watches if isinstance(w, Watch)],
        "group_left": not torch.distributed.is_initialized(),
        "environment": "RANK" in os.environ,
    }


class Watch(TrainerCallback):
    """Norms of TALAN's gradients at every step, clipped and not yet scaled."""

    def __init__(self, talan: Any) -> None:
        self.talan = talan
        self.norms: list[float] = []

    def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
        grads = [p.grad for p in self.talan.block.parameters() if p.grad is not None]
        self.norms.append(float(torch.stack([g.norm() for g in grads]).norm()) if grads else 0.0)


class DiesAtStep(TrainerCallback):
    """Ends this process as a crash would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        if state.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


class DivergesAtStep(DiesAtStep):
    """Has a weight of this process's copy overflow."""

    def on_step_begin(self, _args: Any, state: Any, *_: Any, model: Any = None, **__: Any) -> None:
        if state.global_step == self.step:
            with torch.no_grad():
                next(p for p in model.parameters() if p.requires_grad).fill_(float("nan"))
