"""What a suite's results depend on, as one hash: its training file, its items, its task files.

Owns: the hash by which two runs, or two machines, know that they used the same suite.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from workers.errors import SuiteError
from workers.suites.registry import get_suite


@lru_cache(maxsize=8)
def suite_fingerprint(name: str) -> str:
    """SHA-256 over the names and contents of the training file, the items and the task files.

    Raises:
        SuiteError: There is no such suite, or a file of it cannot be read.
    """
    suite = get_suite(name)
    items = [suite.items_file(benchmark) for benchmark in suite.benchmarks]
    digest = hashlib.sha256()
    for path in [suite.train_file, *items, *sorted(suite.tasks_folder.glob("*.yaml"))]:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SuiteError(f"The data of suite {name} cannot be read: {error}") from error
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()
