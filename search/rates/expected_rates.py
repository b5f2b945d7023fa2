"""What chance alone would give on each host, computed once for every state of its runs.

Owns: the analytic chance rate from measured discordance, and remembering it: it reads outcomes item
by item, which takes longer than counting all runs, and changes only when another run of the host
gets its verdict. Does not cover: the statistics (``search.statistics.chance``), nor counting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.statistics.chance import chance_over_runs
from storage import AuditStore
from storage.records import Discordance

HostKey = tuple[str, str, str]  # study, backbone, adapter


class ExpectedRates:
    """Expected rates of one record's hosts; it may be shared by threads."""

    def __init__(self) -> None:
        self._known: dict[HostKey, tuple[int, dict[str, Any] | None]] = {}

    def of(
        self, store: AuditStore, num_runs: Mapping[HostKey, int]
    ) -> dict[HostKey, dict[str, Any] | None]:
        """``expected`` of ``talan g1 --json`` by host; None where nothing can be told.

        Args:
            store: The record.
            num_runs: Each host's treatments with a verdict.
        """
        found = {}
        for host, runs in num_runs.items():
            known = self._known.get(host)
            if known is None or known[0] != runs:
                known = (runs, _measured(store, host))
                self._known[host] = known
            found[host] = known[1]
        return found


def expected_rate(found: Discordance) -> dict[str, Any]:
    """``expected`` of a host with this discordance."""
    chance = chance_over_runs(found.runs)
    return {
        "kind": chance.kind,
        "rate": chance.rate,
        "runs": chance.runs,
        "cells": dict(chance.cells),
    }


def _measured(store: AuditStore, host: HostKey) -> dict[str, Any] | None:
    study, backbone, adapter = host
    found = store.rates.discordance(study, backbone=backbone, adapter=adapter)
    return expected_rate(found[0]) if found else None
