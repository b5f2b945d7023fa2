"""Driving a study from a terminal.

Owns: progress on the screen, and an interruption told as one sentence and exit code 130 (Ctrl-C)
or 143 (SIGTERM). Does not cover: driving itself (``search.driving``).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from api.cli import tables
from api.cli.live import Live
from search import driving
from search.driving.interruptions import exit_code, heed_signals

if TYPE_CHECKING:
    from search.study.plan import Audit
    from storage import AuditStore

SOME_FAILED = 1


def drive_shown(
    store: AuditStore,
    name: str,
    *,
    ray_address: str | None,
    again: str | None = None,
    audit: Audit | None = None,
) -> str:
    """Drive a recorded study; its state then.

    Args:
        store: The record.
        name: The study.
        ray_address: A Ray cluster; None: a Ray of its own.
        again: The command that goes on with it; None: ``talan study resume``.
        audit: The study with its names resolved, where the caller has that already.
    """
    heed_signals()
    console, again = Console(stderr=True), again or f"talan study resume {name}"
    try:
        with Live(console) as live:
            engine = driving.Engine(ray_address=ray_address)
            state = driving.drive(store, name, audit=audit, engine=engine, observer=live)
    except KeyboardInterrupt as interrupted:
        console.print(
            f"\nInterrupted; everything finished is kept. Go on with: {again}",
            highlight=False,
            soft_wrap=True,  # a command stays one line, however narrow the terminal
        )
        sys.exit(exit_code(interrupted))
    if state == "stopped":
        console.print(f"Stopped. Go on with: {again}", highlight=False, soft_wrap=True)
    return state


def drive_to_end(
    store: AuditStore, name: str, *, ray_address: str | None, audit: Audit | None = None
) -> None:
    """Drive a study and show what came of it; ends the command with 1 if runs failed."""
    drive_shown(store, name, ray_address=ray_address, audit=audit)
    found = store.studies.status(name)
    tables.show_outcome(store, found)
    if any(counts.failed for counts in found.kinds.values()):
        sys.exit(SOME_FAILED)


def drive_follow_up(
    store: AuditStore, names: list[str], *, ray_address: str | None, again: str
) -> None:
    """Drive the parts of a follow-up that are not completed; ends the command if one is stopped."""
    for name in names:
        if store.studies.get(name).state == "completed" and not _any_failed(store, name):
            continue
        if drive_shown(store, name, ray_address=ray_address, again=again) == "stopped":
            sys.exit(SOME_FAILED)


def _any_failed(store: AuditStore, name: str) -> bool:
    return any(counts.failed for counts in store.studies.status(name).kinds.values())
