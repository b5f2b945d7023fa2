"""``talan generate``: a model at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.options import StorageOption, open_store
from dashboards.model_card import exported_model


def generate(
    model: Annotated[
        str, typer.Argument(help="A model folder, a run's id, or a hub's owner/name.")
    ],
    prompt: Annotated[
        str | None, typer.Argument(help="What to ask; without it, standard input is read.")
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Keep a conversation: one line of input per turn.")
    ] = False,
    max_new_tokens: Annotated[int, typer.Option(help="Tokens of an answer, at most.")] = 256,
    temperature: Annotated[
        float, typer.Option(help="0 takes the likeliest token each time, as the audit does.")
    ] = 0.0,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, ... Default: the first GPU, else the CPU.")
    ] = None,
    storage: StorageOption = None,
) -> None:
    """Ask a trained model something; the answer appears as it is written.

    Examples: `talan generate champion "Compute 3 + 4."`, `talan generate 0a1b2c3d4e5f6071 --chat`,
    `talan generate champion < question.txt`. A chat ends with Ctrl-D or an empty line.
    """
    terminal = import_module("workers.models.terminal")
    sampling = terminal.Sampling(max_new_tokens, temperature)
    with ExitStack() as stack:
        source = model
        if not Path(model).is_dir() and "/" not in model:
            store = stack.enter_context(open_store(storage))
            source = str(stack.enter_context(exported_model(store, model)))
        loaded = terminal.TerminalModel(source, device=device)
        _converse(loaded, _turns(prompt, chat=chat), sampling=sampling, keeps=chat)


def _converse(loaded: Any, turns: Iterator[str], *, sampling: Any, keeps: bool) -> None:
    conversation: list[dict[str, str]] = []
    for turn in turns:
        asked = [*conversation, {"role": "user", "content": turn}]
        answer = loaded.answer(asked, sampling=sampling)
        conversation = [*asked, {"role": "assistant", "content": answer}] if keeps else []


def _turns(prompt: str | None, *, chat: bool) -> Iterator[str]:
    if prompt is not None:
        yield prompt
    if chat:
        yield from _lines()
    elif prompt is None:
        yield sys.stdin.read().strip()


def _lines() -> Iterator[str]:
    """Lines until an empty one or the end; a person is shown where to write."""
    while True:
        if sys.stdin.isatty():
            print("> ", end="", flush=True, file=sys.stderr)
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line
