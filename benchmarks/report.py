"""How a benchmark reports: a table for people, JSON for the record, and the machine it ran on."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }


def report(name: str, *, rows: Sequence[Mapping[str, Any]], **facts: Any) -> None:
    """Print a table to stderr and the whole as JSON to stdout."""
    if rows:
        names = list(rows[0])
        cells = [names, *([_text(row[key]) for key in names] for row in rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
        for line in cells:
            padded = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
            print("  ".join(padded), file=sys.stderr)
    print(json.dumps({"benchmark": name, "machine": machine(), **facts, "rows": rows}, indent=2))


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
