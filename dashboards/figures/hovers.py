"""What figures say when a pointer rests on a run or a host.

Owns: a host's label and a run in a few lines of HTML. Does not cover: numbers and configurations in
words (``dashboards.wording``, ``search.study.axes``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.wording import pp, safe, verdict_words
from search.study.axes import configuration_words


def host_lines(host: str) -> str:
    """A host's label on two lines, adapter below: names are long and screens narrow."""
    return "<br>".join(safe(_shortened(word)) for word in host.rsplit(" ", 1))


def run_lines(run: Mapping[Any, Any]) -> str:
    """A run, from a row of ``runs``: host, configuration, deltas and verdict."""
    verdict = verdict_words(run["g1"], run["verdict"])
    layer, slots, mixer, writeback, *trained = configuration_words(run)
    return "<br>".join(
        [
            f"<b>{safe(run['host'])}</b>, seed {run['seed']}",
            safe(f"{layer} of {run['num_layers']}, {slots}"),
            safe(f"{mixer}, {writeback}"),
            safe(", ".join(trained)),
            f"mean delta {pp(run['mean_delta'])}, worst {pp(run['worst_delta'])}, {verdict}",
            f"run {safe(run['id'])}",
        ]
    )


def _shortened(name: str) -> str:
    """The end of a hub id or a folder says what it is."""
    last = name.rstrip("/").rsplit("/", 1)[-1] or name
    return last if len(last) <= 20 else f"{last[:19]}…"
