"""Which suites of benchmarks there are, and what each is made of.

Owns the list of suites and the checks of the names in a study file. Does not read any data
(`workers.suites.tasks`) and does not score (`workers.suites.scoring`).

A suite is named by a word (`tiny`, `paper`), is a folder with a `suite.yaml`, or one that a worker
fetched (`workers.suites.bundled`). Followed by
` trained on FILE` it is the same suite with another training file, so that one name says all that a
process elsewhere needs.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from workers.errors import SuiteError
from workers.job.recipe import Recipe
from workers.suites.bundled import bundled_suite
from workers.suites.folder import is_suite_folder, read_suite_folder
from workers.suites.paper.suite import PAPER_BENCHMARKS, paper_suite
from workers.suites.suite import Suite

__all__ = ["BUILT_IN", "Suite", "get_suite", "resolve_benchmarks", "with_training_data"]

_HERE = Path(__file__).resolve().parent

_TINY = Suite(
    name="tiny",
    benchmarks=("tiny_choice", "tiny_arithmetic", "tiny_algebra", "tiny_code"),
    recipe=Recipe(
        max_steps=78,
        batch_size=16,
        gradient_accumulation=1,
        learning_rate=5e-3,
        max_length=256,
        dtype="float32",
        gradient_checkpointing=False,
        eval_batch_size=128,
        num_examples=5000,
        batching="packed",
    ),
    train_file=_HERE / "tiny" / "data" / "train.jsonl",
    tasks_folder=_HERE / "tiny" / "tasks",
    items_folder=_HERE / "tiny" / "data",
)

_SUITES = {suite.name: suite for suite in (_TINY,)}  # whose data comes with this package
_ELSEWHERE: dict[str, tuple[tuple[str, ...], Callable[[], Suite]]] = {
    "paper": (PAPER_BENCHMARKS, paper_suite)
}
BUILT_IN = (*_SUITES, *_ELSEWHERE)
_TRAINED_ON = " trained on "


def get_suite(name: str) -> Suite:
    """Return the suite of that name, or of that folder.

    Raises:
        SuiteError: naming the suites there are.
    """
    if isinstance(name, str):
        base, _, train_file = name.partition(_TRAINED_ON)
        suite = _named(base)
        if suite is not None:
            return replace(suite, name=name, train_file=Path(train_file)) if train_file else suite
    allowed = ", ".join(BUILT_IN)
    raise SuiteError(f"There is no suite {name!r}; allowed: {allowed}, a folder with suite.yaml")


def with_training_data(suite: Suite, data: str) -> Suite:
    """Return the suite with another training file: a JSON lines file, or a folder with one.

    Raises:
        SuiteError: There is no such file; the message says how one is built.
    """
    path = Path(data).expanduser().resolve()
    file = path / "train.jsonl" if path.is_dir() else path
    if not file.is_file():
        raise SuiteError(
            f"training_data is {data!r}, and there is no file {file}; allowed: a file of JSON "
            "lines or a folder that talan data build wrote"
        )
    base, _, _ = suite.name.partition(_TRAINED_ON)
    return get_suite(f"{base}{_TRAINED_ON}{file}")


def resolve_benchmarks(names: str | Sequence[str]) -> tuple[Suite, tuple[str, ...]]:
    """Turn a study's `benchmarks` into one suite and the benchmarks of it, in the suite's order.

    Args:
        names: A suite's name or folder (all of its benchmarks) or a list of benchmark names.

    Raises:
        SuiteError: for an unknown or repeated name, an empty list, or two suites in one list.
    """
    if isinstance(names, str):
        suite = get_suite(names)
        return suite, suite.benchmarks
    if not names:
        raise SuiteError(f"benchmarks is empty; allowed: {_allowed()}")
    for name in names:
        if list(names).count(name) > 1:
            raise SuiteError(f"benchmarks names {name!r} twice; name each one once")
    suites = {_suite_of(name) for name in names}
    if len(suites) > 1:
        raise SuiteError(f"benchmarks mixes the suites {', '.join(sorted(suites))}; use one")
    suite = get_suite(suites.pop())
    return suite, tuple(name for name in suite.benchmarks if name in names)


def _named(base: str) -> Suite | None:
    if base in _ELSEWHERE:
        return _ELSEWHERE[base][1]()
    if base in _SUITES:
        return _SUITES[base]
    if base and (bundled := bundled_suite(Path(base))) is not None:
        return bundled
    return read_suite_folder(Path(base), find=get_suite) if is_suite_folder(base) else None


def _suite_of(benchmark: str) -> str:
    for suite, benchmarks in _benchmarks().items():
        if benchmark in benchmarks:
            return suite
    raise SuiteError(f"There is no benchmark {benchmark!r}; allowed: {_allowed()}")


def _allowed() -> str:
    return ", ".join(name for benchmarks in _benchmarks().values() for name in benchmarks)


def _benchmarks() -> dict[str, tuple[str, ...]]:
    shipped = {name: suite.benchmarks for name, suite in _SUITES.items()}
    return {**shipped, **{name: benchmarks for name, (benchmarks, _) in _ELSEWHERE.items()}}
