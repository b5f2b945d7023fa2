"""A suite as a folder of local files: `suite.yaml`, `items/`, and a training file.

Owns: the keys of `suite.yaml` and their checks. The tasks of a folder's own benchmarks are those of
the tiny suite, one per kind of answer, so that no code is ever taken from a folder. Does not read
items (`workers.suites.tasks`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workers.data.yaml_text import load_yaml
from workers.errors import RecipeError, SuiteError
from workers.job.recipe import Recipe
from workers.suites.benchmark import read_benchmark
from workers.suites.suite import Suite

SETTINGS = "suite.yaml"
_TINY_TASKS = Path(__file__).resolve().parent / "tiny" / "tasks"
_Kind = Literal["letters", "numbers", "algebra", "code"]
_TASK_OF_KIND = {
    read_benchmark(file).kind: file.stem for file in sorted(_TINY_TASKS.glob("*.yaml"))
}
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]


class _Settings(BaseModel):
    """The keys of `suite.yaml`: benchmarks of its own by kind, or those of another suite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    extends: str | None = None
    benchmarks: dict[_Name, _Kind] | list[str] | None = None
    recipe: dict[str, object] = Field(default_factory=dict)
    train_file: str | None = None
    max_new_tokens: Annotated[int | None, Field(ge=1)] = None
    sandbox_cpu_s: Annotated[int | None, Field(ge=1, le=600)] = None


def is_suite_folder(name: str) -> bool:
    """Say whether a name is a folder with a `suite.yaml`."""
    return bool(name) and (Path(name).expanduser() / SETTINGS).is_file()


def read_suite_folder(folder: Path, *, find: Callable[[str], Suite]) -> Suite:
    """Read a suite from its folder.

    Args:
        folder: It holds `suite.yaml`.
        find: Finds the suite that this one extends.

    Raises:
        SuiteError: A key or a value is not allowed.
    """
    file = folder.expanduser().resolve() / SETTINGS
    settings = _read(file)
    suite = _extended(settings, file, find) if settings.extends else _own(settings, file)
    try:
        recipe = suite.recipe.replace(**settings.recipe)
    except RecipeError as error:
        raise SuiteError(f"{file}: {error}") from error
    given = file.parent / settings.train_file if settings.train_file else suite.train_file
    return replace(
        suite,
        name=str(file.parent),
        recipe=recipe,
        train_file=given,
        max_new_tokens=settings.max_new_tokens or suite.max_new_tokens,
        sandbox_cpu_s=settings.sandbox_cpu_s or suite.sandbox_cpu_s,
        settings_file=file,
    )


def _read(file: Path) -> _Settings:
    try:
        content = load_yaml(file.read_text(encoding="utf-8"))
        return _Settings.model_validate(content if content is not None else {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuiteError(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        # Between keys, pydantic names the type that it tried.
        where = ".".join(str(x) for x in first["loc"] if "[" not in str(x)) or "the file"
        allowed = ", ".join(_Settings.model_fields)
        raise SuiteError(
            f"{file}: {where} is {first['input']!r}: {first['msg']}; the keys are {allowed}, the "
            f"kinds of benchmarks {', '.join(_TASK_OF_KIND)}"
        ) from error


def _own(settings: _Settings, file: Path) -> Suite:
    if not isinstance(settings.benchmarks, Mapping) or not settings.benchmarks:
        raise SuiteError(
            f"{file}: benchmarks is {settings.benchmarks!r}; allowed: a mapping of names to "
            f"kinds ({', '.join(_TASK_OF_KIND)}), or a list with extends"
        )
    if settings.max_new_tokens is None:  # the tasks' own is made for the tiny backbone
        raise SuiteError(f"{file}: max_new_tokens is missing; allowed: a whole number from 1")
    return Suite(
        name=str(file.parent),
        benchmarks=tuple(settings.benchmarks),
        recipe=Recipe(),
        train_file=file.parent / "train.jsonl",
        tasks_folder=_TINY_TASKS,
        items_folder=file.parent / "items",
        task_of={name: _TASK_OF_KIND[kind] for name, kind in settings.benchmarks.items()},
    )


def _extended(settings: _Settings, file: Path, find: Callable[[str], Suite]) -> Suite:
    base = find(str(settings.extends))
    if base.settings_file is not None:
        raise SuiteError(f"{file}: extends is {settings.extends!r}; allowed: a built-in suite")
    chosen = settings.benchmarks
    if chosen is None:
        return base
    if not isinstance(chosen, list) or not chosen or set(chosen) - set(base.benchmarks):
        allowed = ", ".join(base.benchmarks)
        raise SuiteError(f"{file}: benchmarks is {chosen!r}; allowed: a list of some of {allowed}")
    return replace(base, benchmarks=tuple(name for name in base.benchmarks if name in chosen))
