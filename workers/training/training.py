"""Matched supervised fine-tuning with transformers' Trainer.

Owns: how a recipe becomes ``TrainingArguments``, the loss of every optimizer step, and stopping a
run whose loss is no longer a number. Nothing is written to disk, nothing is logged.
Does not cover: the data and its order (``workers.training.sft_data``), what is trainable (the
adapter and TALAN decide), schedules of TALAN (its own callback).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.utils.data import Dataset
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from workers.errors import RecipeError, TrainingDivergedError
from workers.job.recipe import Recipe
from workers.processes.agreement import require_same_weights
from workers.training.packed_batches import attention_by_example, lay_end_to_end
from workers.training.sft_data import SftExample, collate


def train(
    model: Any,
    *,
    batches: Sequence[Sequence[SftExample]],
    recipe: Recipe,
    seed: int,
    pad_token_id: int,
    output_dir: Path,
    callbacks: Sequence[TrainerCallback] = (),
    shape_optimizer: Callable[[Optimizer], None] | None = None,
    num_processes: int = 1,
) -> tuple[float, ...]:
    """Train what is trainable in ``model`` for ``recipe.max_steps`` optimizer steps.

    Args:
        model: A PEFT model, TALAN attached or not.
        batches: Micro-batches in order, ``gradient_accumulation`` of them per optimizer step.
        recipe: Optimizer, schedule, clipping, precision.
        seed: The Trainer sets the global generators to it, so dropout draws match the baseline's.
        pad_token_id: What fills short rows of padded batches; masked out.
        output_dir: A folder that the Trainer wants to exist; stays empty.
        callbacks: TALAN's schedules.
        shape_optimizer: Sets learning rates of the fresh optimizer, before its scheduler is made.
        num_processes: Of the process group that this process has joined; each is given the same
            arguments and trains its share of every step's micro-batches.

    Returns:
        The mean loss over the step's assistant tokens, one per optimizer step.

    Raises:
        RecipeError: The recipe cannot be carried out on the model's device.
        TrainingDivergedError: A loss or a trained weight is not finite.
        WorkerError: The processes' weights are not the same before training, or after it.
    """
    packed = recipe.batching == "packed"
    trainer = SftTrainer(
        model=model,
        args=training_arguments(
            recipe,
            seed=seed,
            device=model.device,
            output_dir=output_dir,
            num_processes=num_processes,
        ),
        train_dataset=_BatchDataset(batches),
        data_collator=_lay_one if packed else partial(_collate_one, pad_token_id=pad_token_id),
        callbacks=list(callbacks),
        shape_optimizer=shape_optimizer,
    )
    trainer.remove_callback(PrinterCallback)
    agreed = _in_agreement(model) if num_processes > 1 else nullcontext()
    try:
        with agreed, attention_by_example(model) if packed else nullcontext():
            trainer.train()
    finally:
        _end_averaging(trainer.model_wrapped)
    _require_finite_weights(model)
    return tuple(trainer.step_losses)


def training_arguments(
    recipe: Recipe, *, seed: int, device: torch.device, output_dir: Path, num_processes: int = 1
) -> TrainingArguments:
    """The recipe in the Trainer's words; a loader item is one whole micro-batch.

    Micro-batches go round the processes in turn (accelerate deals them). TALAN's schedules freeze
    and leave out parameters in the course of a run, so DistributedDataParallel has to look for
    unused ones at every step.

    Raises:
        RecipeError: float16 on the CPU, which has no scaled float16 training; micro-batches that
            cannot be dealt evenly.
    """
    recipe.require_even_shares(num_processes)
    if recipe.dtype == "float16" and device.type == "cpu":
        raise RecipeError("training.dtype is 'float16'; allowed on a CPU are float32, bfloat16")
    return TrainingArguments(
        output_dir=str(output_dir),
        max_steps=recipe.max_steps,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=recipe.gradient_accumulation // num_processes,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_steps=math.ceil(recipe.max_steps * recipe.warmup_ratio),
        lr_scheduler_type=recipe.lr_scheduler,
        max_grad_norm=recipe.max_grad_norm,
        bf16=recipe.dtype == "bfloat16",
        fp16=recipe.dtype == "float16",
        activation_checkpointing=recipe.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        seed=seed,
        data_seed=seed,
        train_sampling_strategy="sequential",
        use_cpu=device.type == "cpu",
        ddp_find_unused_parameters=True,
        ddp_broadcast_buffers=False,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        log_level="error",
    )


class SftTrainer(Trainer):
    """The Trainer, keeping each optimizer step's loss and skipping work nobody reads."""

    def __init__(
        self, *, shape_optimizer: Callable[[Optimizer], None] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._shape_optimizer = shape_optimizer
        self.step_losses: list[float] = []
        self._micro_losses: list[Tensor] = []

    def training_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Forward and backward of one micro-batch; its loss is a share of the step's mean."""
        loss: Tensor = super().training_step(model, inputs, num_items_in_batch)
        self._micro_losses.append(loss)
        if len(self._micro_losses) == self.args.gradient_accumulation_steps:
            self._close_step()
        return loss

    def create_optimizer(self, model: nn.Module | None = None) -> Optimizer:
        """The Trainer's, and then the learning rates of its parts."""
        is_fresh = self.optimizer is None
        optimizer: Optimizer = super().create_optimizer(model)
        if is_fresh and self._shape_optimizer is not None:
            self._shape_optimizer(optimizer)
        return optimizer

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:  # noqa: ARG002
        """Nobody reads the count, and it walks over every parameter at every step."""
        return 0

    def _close_step(self) -> None:
        share = torch.stack(self._micro_losses).sum()
        if self.args.world_size > 1:  # each process's was multiplied by their number
            distributed.all_reduce(share)
            share /= self.args.world_size
        loss = float(share)
        self._micro_losses.clear()
        self.step_losses.append(loss)
        if not math.isfinite(loss):
            raise TrainingDivergedError(
                f"training loss is {loss} at step {len(self.step_losses) - 1}"
            )


class _BatchDataset(Dataset[Sequence[SftExample]]):
    """Whole micro-batches as items."""

    def __init__(self, batches: Sequence[Sequence[SftExample]]) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Sequence[SftExample]:
        return self._batches[index]


def _collate_one(items: Sequence[Sequence[SftExample]], *, pad_token_id: int) -> dict[str, Tensor]:
    (batch,) = items
    return collate(batch, pad_token_id=pad_token_id)


def _lay_one(items: Sequence[Sequence[SftExample]]) -> dict[str, object]:
    (batch,) = items
    return lay_end_to_end(batch)


@contextmanager
def _in_agreement(model: nn.Module) -> Iterator[None]:
    """All processes hold the same weights when training begins, and when it ends."""
    require_same_weights(model, when="before training")
    yield
    require_same_weights(model, when="after training")


def _end_averaging(wrapped: nn.Module | None) -> None:
    """Let DistributedDataParallel's C++ parts go while others still hold the process group.

    An error's frames keep them until after the group was left. As its last holder they would then
    wait for its threads with the GIL held, which such a thread may need to let go of a tensor: both
    wait for ever (torch 2.13).
    """
    if isinstance(wrapped, DistributedDataParallel):
        del wrapped.logger, wrapped.reducer


def _require_finite_weights(model: nn.Module) -> None:
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not bool(torch.isfinite(parameter).all()):
            raise TrainingDivergedError(f"trained weight {name} is not finite after the last step")
