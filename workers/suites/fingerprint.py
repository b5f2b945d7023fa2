"""What a suite's results depend on, as hashes: its training file, its items, its task files.

Owns: the hash by which two runs, or two machines, know that they used the same suite, and the
hashes of each benchmark's items. Where the files lie makes no difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from workers.data.hashes import file_sha256
from workers.errors import SuiteError
from workers.suites.registry import get_suite
from workers.suites.suite import Suite


def suite_fingerprint(name: str, benchmarks: Sequence[str] | None = None) -> str:
    """SHA-256 over the names and contents of the training file, the items and the task files.

    Args:
        name: The suite's.
        benchmarks: Those whose files count; None: all of the suite's.

    Raises:
        SuiteError: There is no such suite, or a file of it is missing or cannot be read.
    """
    suite = get_suite(name)
    suite.check_train_file()
    digest = hashlib.sha256()
    for path in _files(suite, benchmarks):
        try:
            content = bytes.fromhex(file_sha256(path))
        except OSError as error:
            raise SuiteError(f"The data of suite {name} cannot be read: {error}") from error
        digest.update(f"{path.name}\0".encode() + content)
    return digest.hexdigest()


def item_hashes(name: str, benchmarks: Sequence[str]) -> dict[str, str]:
    """SHA-256 of each benchmark's file of items.

    Raises:
        SuiteError: There is no such suite, or items of it are missing.
    """
    suite = get_suite(name)
    suite.check_items(tuple(benchmarks))
    return {benchmark: file_sha256(suite.items_file(benchmark)) for benchmark in benchmarks}


def benchmark_hashes(name: str, benchmark: str) -> str:
    """SHA-256 over a benchmark's items, its task, its worked examples and the suite's settings.

    Raises:
        SuiteError: There is no such suite, or items of it are missing.
    """
    suite = get_suite(name)
    suite.check_items((benchmark,))
    files = [suite.items_file(benchmark), suite.task_file(benchmark), suite.shots_file(benchmark)]
    if suite.settings_file is not None:
        files.append(suite.settings_file)
    parts = [f"{path.name}\0{file_sha256(path)}" for path in files if path.is_file()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _files(suite: Suite, benchmarks: Sequence[str] | None) -> Iterator[Path]:
    """The files that count, in an order that does not depend on how they were asked for."""
    chosen = [name for name in suite.benchmarks if benchmarks is None or name in benchmarks]
    suite.check_items(tuple(chosen))
    yield suite.train_file
    yield from map(suite.items_file, chosen)
    yield from sorted({suite.task_file(name) for name in chosen})
    yield from (file for name in chosen if (file := suite.shots_file(name)).is_file())
    if suite.settings_file is not None:
        yield suite.settings_file
