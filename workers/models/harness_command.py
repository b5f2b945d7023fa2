"""lm-evaluation-harness' own command line, which knows one type of model more.

Owns: the type ``talan``, a model folder as the harness' model, and handing over. The harness has no
plug-ins for models: a type is known once its class is registered in the same process. Does not
cover: any of the harness' options.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from lm_eval.__main__ import cli_evaluate
from lm_eval.api.registry import register_model

from talan import first_tokens_stand_alone, from_pretrained
from workers.evaluation.harness import PromptCache, ResidentLM
from workers.models.harness_tasks import write_tasks


@register_model("talan")
class TalanLM(ResidentLM):
    """A model folder; prompts are tokenised, and answers stopped, as the audit does it.

    Args:
        pretrained: The folder, or a hub's name of one.
        batch_size: Items generated together.
        device: Where to; None: the first GPU, else the CPU.
        dtype: Of the base model; None: what it was trained in.
        revision: Of the folder on the hub.
        base: The base model's folder or hub id, where it is not found under its recorded name.
        max_batch_size: Ignored: batches have the size that is asked for.
    """

    def __init__(
        self,
        pretrained: str,
        *,
        batch_size: int | str = 1,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        base: str | None = None,
        max_batch_size: int | None = None,
    ) -> None:
        del max_batch_size
        model, tokenizer = from_pretrained(
            str(pretrained), dtype=dtype, device_map=_place(device), revision=revision, base=base
        )
        size = int(batch_size) if str(batch_size).isdecimal() else 1  # "auto" measures by doubling
        super().__init__(model, tokenizer=tokenizer, batch_size=size, prompts=PromptCache())

    def _loglikelihood_tokens(
        self, requests: list[Any], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        """One by one where the block reads the whole sequence.

        The harness pads on the right and passes no mask: padding would count in the block's memory.
        """
        alone = None if first_tokens_stand_alone(self.model) else 1
        found: list[tuple[float, bool]] = super()._loglikelihood_tokens(
            requests, disable_tqdm=disable_tqdm, override_bs=alone or override_bs
        )
        return found


def run_harness(arguments: Sequence[str]) -> None:
    """Run the harness' command line; the audited benchmarks are among its tasks.

    Args:
        arguments: As the harness takes them. Where they name an ``--include_path`` of their own,
            the audited benchmarks are not added.
    """
    with TemporaryDirectory(prefix="talan-tasks-") as folder:
        added = [] if _includes(arguments) else _tasks_in(Path(folder))
        before, sys.argv = sys.argv, ["lm-eval", *arguments, *added]
        try:
            cli_evaluate()
        finally:
            sys.argv = before


def _place(device: str | None) -> str:
    """The harness asks for ``cuda:0`` where nobody asks for anything, and means the CPU as well."""
    if device is None or device.startswith("cuda"):
        return (device or "cuda") if torch.cuda.is_available() else "cpu"
    return device


def _includes(arguments: Sequence[str]) -> bool:
    """Also without options, where the harness prints its help."""
    named = any(argument.partition("=")[0] == "--include_path" for argument in arguments)
    return named or not any(argument.startswith("-") for argument in arguments)


def _tasks_in(folder: Path) -> list[str]:
    write_tasks(folder)
    return ["--include_path", str(folder)]
