"""Where data that does not come with this package lies: benchmark items, mixtures, hub files.

Owns the folder's place and its layout. Does not cover how anything gets there
(`workers.data.hub`, `workers.suites.paper`, `workers.mixture`).

    TALAN_DATA/                         default: ~/.cache/talan-audit/data
        paper/<benchmark>.jsonl         items, with .shots.jsonl and .source.json beside them
        mixture/<name>/                 a built training mixture: train.jsonl, manifest.json
        hub/<owner>--<name>/            files of a hub repository, by commit
"""

import os
from pathlib import Path

VARIABLE = "TALAN_DATA"


def data_folder() -> Path:
    """Return the data folder, whether it exists or not; `TALAN_DATA` moves it."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (cache / "talan-audit" / "data").expanduser().resolve()


def benchmarks_folder() -> Path:
    """Return the folder of the paper's benchmarks."""
    return data_folder() / "paper"


def mixture_folder(name: str) -> Path:
    """Return the folder that a mixture is built into where none is named."""
    return data_folder() / "mixture" / name


def repository_folder(repository: str) -> Path:
    """Return the folder of one hub repository, such as `openai/gsm8k`."""
    return data_folder() / "hub" / repository.replace("/", "--")
