"""A suite that travels: its files and settings as a bundle, and the suite that comes out of one.

Owns: which files of a suite go along (training data, items, worked examples, the settings file)
and what is said of it besides. Tasks and scorers do not travel: they are code of this package.
Files keep their names, so that a suite has the same hash wherever it is read.
Does not cover: storing and fetching (`workers.data.bundles`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workers.data.bundles import read_facts
from workers.job.recipe import Recipe
from workers.suites.suite import Suite

_PACKAGE = Path(__file__).resolve().parent
_KIND = "suite"


def is_packaged(suite: Suite) -> bool:
    """Whether all of its files come with this package, and so are wherever a worker is."""
    return all(path.is_relative_to(_PACKAGE) for path in (suite.train_file, suite.items_folder))


def suite_files(suite: Suite, benchmarks: Sequence[str]) -> dict[str, Path]:
    """The files that a run needs, by their place in the bundle.

    Raises:
        SuiteError: One of them is missing.
    """
    suite.check_train_file()
    suite.check_items(tuple(benchmarks))
    files = {f"train/{suite.train_file.name}": suite.train_file}
    for benchmark in benchmarks:
        for path in (suite.items_file(benchmark), suite.shots_file(benchmark)):
            if path.is_file():
                files[f"items/{path.name}"] = path
    if suite.settings_file is not None:
        files[f"settings/{suite.settings_file.name}"] = suite.settings_file
    return files


def suite_facts(suite: Suite, benchmarks: Sequence[str]) -> dict[str, object]:
    """What the files do not say."""
    return {
        "kind": _KIND,
        "benchmarks": list(benchmarks),
        "recipe": asdict(suite.recipe),
        "train_file": suite.train_file.name,
        "tasks": suite.tasks_folder.relative_to(_PACKAGE).as_posix(),
        "task_of": dict(suite.task_of),
        "max_new_tokens": suite.max_new_tokens,
        "sandbox_cpu_s": suite.sandbox_cpu_s,
        "settings_file": None if suite.settings_file is None else suite.settings_file.name,
    }


def bundled_suite(folder: Path) -> Suite | None:
    """The suite of a fetched bundle; None where the folder is none."""
    facts = read_facts(folder)
    if facts is None or facts.get("kind") != _KIND:
        return None
    return _read(folder, facts)


def _read(folder: Path, facts: Mapping[str, Any]) -> Suite:
    settings = facts["settings_file"]
    return Suite(
        name=str(folder),
        benchmarks=tuple(facts["benchmarks"]),
        recipe=Recipe(**facts["recipe"]),
        train_file=folder / "train" / facts["train_file"],
        tasks_folder=_PACKAGE / facts["tasks"],
        items_folder=folder / "items",
        task_of=dict(facts["task_of"]),
        max_new_tokens=facts["max_new_tokens"],
        sandbox_cpu_s=facts["sandbox_cpu_s"],
        settings_file=None if settings is None else folder / "settings" / settings,
    )
