"""Driving a study from a terminal.

Owns: progress on the screen, and an interruption told as one sentence and exit code 130 (Ctrl-C)
or 143 (SIGTERM). Does not cover: what is shown afterwards (the commands).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from api.cli.live import Live
from storage import AuditStore

if TYPE_CHECKING:
    from search.study.plan import Audit

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
    from search.driving.audits import Engine, drive
    from search.driving.interruptions import exit_code, heed_signals

    heed_signals()
    console, again = Console(stderr=True), again or f"talan study resume {name}"
    try:
        with Live(console) as live:
            engine = Engine(ray_address=ray_address)
            state = drive(store, name, audit=audit, engine=engine, observer=live)
    except KeyboardInterrupt as interrupted:
        console.print(
            f"\nInterrupted; everything finished is kept. Go on with: {again}", highlight=False
        )
        sys.exit(exit_code(interrupted))
    if state == "stopped":
        console.print(f"Stopped. Go on with: {again}", highlight=False)
    return state


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
