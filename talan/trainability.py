"""Which parameters of a block are trained at a step, and which gradients are scaled.

Plain functions of (block, configuration, step), so that a schedule can be resumed at any step.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.optim import Optimizer

from talan.config import TalanConfig, Trainability

_FROZEN_PARTS = {
    "all": (),
    "remix_writeback": ("summarizer",),
    "writeback": ("summarizer", "mixer"),
    "frozen": ("summarizer", "mixer", "writeback"),
}


def trains_at(trainability: Trainability, *, step: int) -> bool:
    """Whether `train_until` still lets the block train at `step` (counted from 0)."""
    return trainability.train_until is None or step < trainability.train_until


def is_identity_at(trainability: Trainability, *, step: int) -> bool:
    """Whether the block is the identity in training at `step` (counted from 0)."""
    return step < trainability.warmup_identity


def set_requires_grad(block: nn.Module, trainability: Trainability, *, step: int) -> None:
    """Switch the parameters on or off for `step`.

    Parameters that are off lose their gradients, so that an optimizer skips them: neither
    momentum nor weight decay moves them any more.
    """
    trains = trains_at(trainability, step=step)
    frozen = _FROZEN_PARTS[trainability.scope]
    for name, parameter in block.named_parameters():
        parameter.requires_grad_(trains and name.split(".")[0] not in frozen)
        if not parameter.requires_grad:
            parameter.grad = None


def scaled_parameters(block: nn.Module) -> Iterator[nn.Parameter]:
    """Trained parameters other than alpha and the gate of the writeback."""
    for name, parameter in block.named_parameters():
        if parameter.requires_grad and not name.startswith("writeback."):
            yield parameter


def scale_gradients(block: nn.Module, config: TalanConfig) -> int:
    """Multiply the gradients by gamma; returns how many tensors have one."""
    gradients = [p.grad for p in scaled_parameters(block) if p.grad is not None]
    if gradients and config.gradient_scale not in (None, 1.0):
        torch._foreach_mul_(gradients, config.gradient_scale)
    return len(gradients)


def scale_learning_rates(optimizer: Optimizer, block: nn.Module, config: TalanConfig) -> None:
    """Move what gamma scales into groups of its own, with gamma times the learning rate."""
    gamma = 1.0 if config.gradient_scale is None else config.gradient_scale
    scaled = {id(parameter) for parameter in scaled_parameters(block)}
    for group in list(optimizer.param_groups):
        own = [p for p in group["params"] if id(p) in scaled]
        if own and gamma != 1.0:
            group["params"] = [p for p in group["params"] if id(p) not in scaled]
            optimizer.add_param_group({**group, "params": own, "lr": gamma * group["lr"]})
