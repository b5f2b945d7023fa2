"""What the data folder holds, and whether it still is what was put there.

Owns: one entry per benchmark, built mixture and fetched repository, and the comparison of hashes.
Does not cover how they got there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.data.folder import benchmarks_folder, data_folder, repository_folder
from workers.data.hashes import file_sha256
from workers.data.hub import read_revisions
from workers.errors import DataError
from workers.mixture.build import TRAIN_FILE, read_manifest
from workers.suites.paper.benchmarks import PUBLISHED
from workers.suites.paper.prepare import read_source

BENCHMARK, MIXTURE, REPOSITORY = "benchmark", "mixture", "repository"


@dataclass(frozen=True)
class Entry:
    """One thing in the data folder.

    Attributes:
        kind: `BENCHMARK`, `MIXTURE` or `REPOSITORY`.
        name: Of the benchmark or mixture, or the repository with its revision.
        num_rows: Items or examples; None for a repository, whose rows are not counted.
        expected_rows: As many as were published; None where that is not known.
        sha256: Of the items or the training file; of nothing where it is missing.
        source: Where it comes from, in a few words.
        files: What is hashed, with the recorded hash.
    """

    kind: str
    name: str
    num_rows: int | None
    expected_rows: int | None
    sha256: str | None
    source: str
    files: tuple[tuple[Path, str], ...] = ()


def list_data() -> list[Entry]:
    """Return all entries; a benchmark that is not there has no rows and no hash.

    Raises:
        DataError: A record in the folder cannot be read.
    """
    return [*map(_benchmark, PUBLISHED), *_mixtures(), *_repositories()]


def verify_data() -> list[Entry]:
    """Return the entries whose files all are what was put there; the others raise.

    Raises:
        DataError: A file is missing or was changed; the message names the first of them.
    """
    found = [entry for entry in list_data() if entry.files]
    for entry in found:
        for path, digest in entry.files:
            if not path.is_file():
                raise DataError(f"{entry.kind} {entry.name}: the file {path} is missing")
            if file_sha256(path) != digest:
                raise DataError(
                    f"{entry.kind} {entry.name}: {path} was changed (its hash is "
                    f"{file_sha256(path)[:12]}, recorded is {digest[:12]}); get it again"
                )
    return found


def _benchmark(name: str) -> Entry:
    expected, record = PUBLISHED[name].num_items, read_source(name)
    if record is None:
        return Entry(BENCHMARK, name, None, expected, None, "")
    folder = benchmarks_folder()
    files = [(folder / f"{name}.jsonl", str(record["items_sha256"]))]
    if "shots_sha256" in record:
        files.append((folder / f"{name}.shots.jsonl", str(record["shots_sha256"])))
    return Entry(
        kind=BENCHMARK,
        name=name,
        num_rows=record["num_items"],
        expected_rows=expected,
        sha256=record["items_sha256"],
        source=_words(record["source"]),
        files=tuple(files),
    )


def _mixtures() -> Iterator[Entry]:
    for manifest_file in sorted((data_folder() / "mixture").glob("*/manifest.json")):
        manifest = read_manifest(manifest_file.parent)
        groups = ", ".join(f"{name} {count}" for name, count in manifest["groups"].items())
        yield Entry(
            kind=MIXTURE,
            name=manifest_file.parent.name,
            num_rows=manifest["num_examples"],
            expected_rows=None,
            sha256=manifest["sha256"],
            source=f"seed {manifest['seed']}: {groups}",
            files=((manifest_file.parent / TRAIN_FILE, manifest["sha256"]),),
        )


def _repositories() -> Iterator[Entry]:
    for record in sorted((data_folder() / "hub").glob("*/revisions.json")):
        repository = record.parent.name.replace("--", "/", 1)
        for revision, fetched in sorted(read_revisions(repository).items()):
            folder = repository_folder(repository) / fetched["commit"]
            files = tuple((folder / name, digest) for name, digest in fetched["files"].items())
            yield Entry(
                kind=REPOSITORY,
                name=f"{repository}@{revision}",
                num_rows=None,
                expected_rows=None,
                sha256=None,
                source=f"commit {fetched['commit'][:12]}, {len(files)} files",
                files=files,
            )


def _words(source: dict[str, Any]) -> str:
    if "repository" in source:
        return f"{source['repository']} at {str(source['commit'])[:12]}"
    return f"file {source['file']}"
