"""``talan lm-eval``: lm-evaluation-harness' own command line on a model folder."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

CONTEXT_SETTINGS = {"ignore_unknown_options": True, "allow_interspersed_args": False}


def lm_eval(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="The harness' own arguments; `talan lm-eval run --help` lists them."),
    ] = None,
) -> None:
    """Run lm-evaluation-harness, which then knows the model type `talan`.

    Everything else is the harness' own: its options, tasks, tables and files. `pretrained` is a
    folder from `talan checkpoint` or its name on the hub; `dtype`, `device`, `revision` and `base`
    may follow it.

    The audited benchmarks are among its tasks as `talan_<benchmark>`, such as `talan_tiny_code` and
    `talan_gsm8k_cot` (an `--include_path` of your own replaces them). Run as below, each gives the
    same score as its cell, item by item.

    Example: `talan lm-eval run --model talan --model_args pretrained=champion --tasks
    talan_tiny_arithmetic --apply_chat_template --fewshot_as_multiturn false --batch_size 64
    --output_path results --log_samples`
    """
    import_module("workers.models.harness_command").run_harness(arguments or [])
