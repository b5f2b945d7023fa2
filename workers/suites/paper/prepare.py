"""Writing a benchmark's items into the data folder: from the hub's files or from a local one.

Owns: the three files of a benchmark there (items, worked examples, where both come from) and that
they appear together or not at all. Does not cover what an item is
(`workers.suites.paper.benchmarks`) and fetching (`workers.data.hub`). The same rows give the same
bytes everywhere.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from workers.data.files import write_json, write_json_lines
from workers.data.folder import benchmarks_folder
from workers.data.hashes import file_sha256
from workers.data.hub import pull
from workers.data.rows import read_rows, require_columns
from workers.errors import DataError
from workers.sandbox import Limits
from workers.suites.benchmark import CODE
from workers.suites.items import why_no_item, why_refused
from workers.suites.paper.benchmarks import CHOICE_SEED, Published, published
from workers.suites.paper.shots import worked_examples
from workers.suites.paper.suite import paper_suite


@dataclass(frozen=True)
class Prepared:
    """What was written for a benchmark."""

    benchmark: str
    num_items: int
    num_items_published: int
    items_sha256: str


def pull_benchmark(name: str, *, revision: str | None = None) -> Prepared:
    """Fetch a benchmark from the hub and write its items.

    Raises:
        DataError: There is no such benchmark, the hub refuses, or what it has is another data set.
    """
    benchmark = published(name)
    fetched = pull(
        benchmark.repository, patterns=[benchmark.files], revision=revision or benchmark.revision
    )
    rows = chain.from_iterable(map(read_rows, fetched.files))
    where = f"{benchmark.repository} at {fetched.commit[:12]}"
    items = _items(benchmark, rows, where=where)
    if len(items) != benchmark.num_items:
        raise DataError(
            f"{where} has {len(items)} test items; the benchmark {name} has {benchmark.num_items}"
        )
    return _write(benchmark, items, source=fetched.source)


def import_benchmark(name: str, file: Path) -> Prepared:
    """Write the items of a benchmark from a local file in the published columns.

    A file with fewer items than were published is taken as it is; `Prepared` says how many.

    Raises:
        DataError: There is no such benchmark, columns are missing, or a row is not an item of it.
    """
    benchmark = published(name)
    items = _items(benchmark, read_rows(file), where=str(file))
    source = {"file": file.name, "sha256": file_sha256(file)}
    return _write(benchmark, items, source=source)


def read_source(name: str) -> Mapping[str, Any] | None:
    """Return what is known of where a benchmark's items come from; None where there are none."""
    file = _source_file(name)
    try:
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    return record


def _items(
    benchmark: Published, rows: Iterable[Mapping[str, object]], *, where: str
) -> list[dict[str, object]]:
    items: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        require_columns(row, benchmark.columns, where=where)
        _check_cells(benchmark, row, where=f"{where}: row {number + 1}")
        item = _item(benchmark, row, number, where=where)
        if item is not None:
            items.append(item)
    if not items:
        raise DataError(f"{where} has no test item of {benchmark.name}")
    ids = [item["id"] for item in items]
    repeated = next((a for a, b in zip(sorted(ids), sorted(ids)[1:], strict=False) if a == b), None)
    if repeated is not None:
        raise DataError(f"{where} has the item {repeated!r} twice; allowed: each once")
    return items


def _check_cells(benchmark: Published, row: Mapping[str, object], *, where: str) -> None:
    for column in benchmark.columns:
        value = row[column]
        if value is None or (isinstance(value, str) and not value.strip()):
            raise DataError(f"{where} has nothing in column {column!r}")
        if column not in benchmark.not_text and not isinstance(value, str):
            raise DataError(f"{where} has {value!r} in column {column!r}; allowed: text")


def _item(
    benchmark: Published, row: Mapping[str, object], number: int, *, where: str
) -> dict[str, object] | None:
    try:
        item = benchmark.to_item(row, number)
        why = None if item is None else _why_unsound(item, benchmark)
        if why is not None:
            raise ValueError(why)
        return item
    except (TypeError, ValueError, AttributeError, SyntaxError) as error:
        raise DataError(
            f"{where}: row {number + 1} is not an item of {benchmark.name}: {error}"
        ) from error


def _why_unsound(item: dict[str, Any], benchmark: Published) -> str | None:
    """What is wrong with an item; a program is not run here, for two of MBPP's own do not end."""
    declared = paper_suite().benchmark(benchmark.name)
    why = why_no_item(item, declared)
    if why is not None or declared.kind == CODE:
        return why
    return why_refused(item, declared.kind, cpu_s=Limits.cpu_s)


def _write(
    benchmark: Published, items: list[dict[str, Any]], *, source: Mapping[str, object]
) -> Prepared:
    shots = worked_examples(benchmark.name)
    if len(shots) != benchmark.num_shots:
        raise DataError(
            f"The installed lm-eval has {len(shots)} worked examples for {benchmark.name}; needed "
            f"are {benchmark.num_shots}"
        )
    folder = benchmarks_folder()
    record = {
        "benchmark": benchmark.name,
        "num_items": len(items),
        "num_items_published": benchmark.num_items,
        "source": dict(source),
        "lm_eval": version("lm-eval"),
    }
    if benchmark.name == "gpqa_diamond":
        record["choice_seed"] = CHOICE_SEED
    _source_file(benchmark.name).unlink(missing_ok=True)  # until all three belong together
    record["items_sha256"] = write_json_lines(folder / f"{benchmark.name}.jsonl", items)
    if shots:
        shots_file = folder / f"{benchmark.name}.shots.jsonl"
        record["shots_sha256"] = write_json_lines(shots_file, shots)
    write_json(_source_file(benchmark.name), record)
    return Prepared(
        benchmark=benchmark.name,
        num_items=len(items),
        num_items_published=benchmark.num_items,
        items_sha256=str(record["items_sha256"]),
    )


def _source_file(name: str) -> Path:
    return benchmarks_folder() / f"{name}.source.json"
