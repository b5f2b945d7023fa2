"""Which suites of benchmarks there are, and what each is made of.

Owns the list of suites and the checks of the names in a study file. Does not read any data
(`workers.suites.tasks`, `workers.suites.items`) and does not score (`workers.suites.scoring`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.errors import SuiteError
from workers.recipe import Recipe


@dataclass(frozen=True)
class Suite:
    """Benchmarks that are trained for and evaluated together.

    Attributes:
        name: As a study file names it.
        benchmarks: In the order in which they are evaluated.
        recipe: What a study's `training` section starts from.
        train_file: JSON lines, each `{"messages": [{"role", "content"}, ...]}`.
        tasks_folder: lm-evaluation-harness YAMLs, one per benchmark.
        items_folder: Test items, one file of JSON lines per benchmark.
    """

    name: str
    benchmarks: tuple[str, ...]
    recipe: Recipe
    train_file: Path
    tasks_folder: Path
    items_folder: Path

    def items_file(self, benchmark: str) -> Path:
        """Return the file with the test items of one benchmark, in item order."""
        return self.items_folder / f"{benchmark}.jsonl"


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
    ),
    train_file=_HERE / "tiny" / "data" / "train.jsonl",
    tasks_folder=_HERE / "tiny" / "tasks",
    items_folder=_HERE / "tiny" / "data",
)

_SUITES = {suite.name: suite for suite in (_TINY,)}


def get_suite(name: str) -> Suite:
    """Return the suite of that name.

    Raises:
        SuiteError: naming the suites there are.
    """
    suite = _SUITES.get(name) if isinstance(name, str) else None
    if suite is None:
        raise SuiteError(f"There is no suite {name!r}; allowed is {', '.join(_SUITES)}")
    return suite


def resolve_benchmarks(names: str | Sequence[str]) -> tuple[Suite, tuple[str, ...]]:
    """Turn a study's `benchmarks` into one suite and the benchmarks of it, in the suite's order.

    Args:
        names: A suite's name (all of its benchmarks) or a list of benchmark names.

    Raises:
        SuiteError: for an unknown or repeated name, an empty list, or two suites in one list.
    """
    if isinstance(names, str):
        suite = get_suite(names)
        return suite, suite.benchmarks
    if not names:
        raise SuiteError(f"benchmarks is empty; allowed are {_allowed()}")
    for name in names:
        if list(names).count(name) > 1:
            raise SuiteError(f"benchmarks names {name!r} twice; name each one once")
    suites = {_suite_of(name).name for name in names}
    if len(suites) > 1:
        raise SuiteError(f"benchmarks mixes the suites {', '.join(sorted(suites))}; use one")
    suite = get_suite(suites.pop())
    return suite, tuple(name for name in suite.benchmarks if name in names)


def _suite_of(benchmark: str) -> Suite:
    for suite in _SUITES.values():
        if benchmark in suite.benchmarks:
            return suite
    raise SuiteError(f"There is no benchmark {benchmark!r}; allowed are {_allowed()}")


def _allowed() -> str:
    return ", ".join(name for suite in _SUITES.values() for name in suite.benchmarks)
