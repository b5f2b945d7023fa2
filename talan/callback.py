"""TALAN's schedules under transformers' Trainer.

Trainer clips gradients, then calls `on_pre_optimizer_step`, then steps the optimizer: the
gradient scale belongs there. Steps are Trainer's `global_step`, so a resumed run goes on where
it stopped. Checkpoints that Trainer writes get TALAN's files beside the adapter's.
"""

from pathlib import Path
from typing import Protocol

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from talan.checkpoint import has_checkpoint
from talan.errors import TalanCheckpointError


class Steered(Protocol):
    """What follows Trainer's steps: the handle from `attach` or `load`."""

    loaded_from: Path | None

    def begin_step(self, step: int) -> None:
        """Apply the schedules for a step."""

    def scale_gradients(self) -> None:
        """Apply the gradient scale."""

    def save(self, folder: str | Path) -> None:
        """Write TALAN's files."""

    def load_weights(self, folder: str | Path) -> None:
        """Take the weights of TALAN's files."""


class TalanCallback(TrainerCallback):
    """Drives one attached block.

    Args:
        talan: the handle from `attach` or `load`.
        scales_gradients: whether the gradient scale acts on gradients, as in the paper.
    """

    def __init__(self, talan: Steered, *, scales_gradients: bool = True) -> None:
        self.talan = talan
        self.scales_gradients = scales_gradients

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Restore the weights of the checkpoint that is resumed, if one is."""
        del control, kwargs
        if state.global_step:
            self._restore(args, step=state.global_step)
        self.talan.begin_step(state.global_step)

    def on_step_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Apply both schedules."""
        del args, control, kwargs
        self.talan.begin_step(state.global_step)

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Scale the gradients, which are clipped by now."""
        del args, state, control, kwargs
        if self.scales_gradients:
            self.talan.scale_gradients()

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Write TALAN's files into the checkpoint that Trainer has just written."""
        del control, kwargs
        if state.is_world_process_zero:
            self.talan.save(_checkpoint_folder(args, step=state.global_step))

    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Follow Trainer, which has just put back the adapter of the best checkpoint."""
        del control, kwargs
        if args.load_best_model_at_end and state.best_model_checkpoint:
            self.talan.load_weights(state.best_model_checkpoint)

    def _restore(self, args: TrainingArguments, *, step: int) -> None:
        folder = _checkpoint_folder(args, step=step)
        if has_checkpoint(folder):
            self.talan.load_weights(folder)
        elif self.talan.loaded_from is None:
            raise TalanCheckpointError(
                f"Training resumes at step {step}, but {folder} holds no TALAN weights: attach "
                "them with talan.load(model, folder, trainable=True)."
            )


def _checkpoint_folder(args: TrainingArguments, *, step: int) -> Path:
    return Path(args.output_dir or ".") / f"checkpoint-{step}"
