"""What a suite is: benchmarks, their items and tasks, training data and a recipe.

Owns the record and where its files are. Does not cover which suites there are
(`workers.suites.registry`), nor what is in the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workers.errors import SuiteError
from workers.job.recipe import Recipe
from workers.sandbox import Limits
from workers.suites.benchmark import Benchmark, read_benchmark


@dataclass(frozen=True)
class Suite:
    """Benchmarks that are trained for and evaluated together.

    Attributes:
        name: What `get_suite` finds it by, here and in another process.
        benchmarks: In the order in which they are evaluated.
        recipe: What a study's `training` section starts from.
        train_file: JSON lines, each `{"messages": [{"role", "content"}, ...]}`.
        tasks_folder: lm-evaluation-harness YAMLs, `<benchmark>.yaml` or, for the benchmarks in
            `task_of`, the one named there.
        items_folder: Test items, one file of JSON lines per benchmark, and its worked examples
            (few-shot) beside it where it has any.
        task_of: Whose task a benchmark borrows, where it has none of its own.
        max_new_tokens: Limit of every response; None: what the tasks say.
        sandbox_cpu_s: Seconds of processor time that a program with its tests may take.
        settings_file: The file the suite itself was read from, if there is one.
        items_remedy: What to run where items are missing.
        train_remedy: What to run where the training file is missing.
    """

    name: str
    benchmarks: tuple[str, ...]
    recipe: Recipe
    train_file: Path
    tasks_folder: Path
    items_folder: Path
    task_of: Mapping[str, str] = field(default_factory=dict)
    max_new_tokens: int | None = None
    sandbox_cpu_s: int = Limits.cpu_s
    settings_file: Path | None = None
    items_remedy: str = ""
    train_remedy: str = ""

    @property
    def is_own(self) -> bool:
        """Whether its items are somebody's own: those of built-in suites are known to be sound."""
        return self.settings_file is not None and bool(self.task_of)

    def items_file(self, benchmark: str) -> Path:
        """Return the file with the test items of one benchmark, in item order."""
        return self.items_folder / f"{benchmark}.jsonl"

    def shots_file(self, benchmark: str) -> Path:
        """Return the file with a benchmark's worked examples; there is none for 0-shot."""
        return self.items_folder / f"{benchmark}.shots.jsonl"

    def task_file(self, benchmark: str) -> Path:
        """Return the task that a benchmark is asked and scored by."""
        return self.tasks_folder / f"{self.task_of.get(benchmark, benchmark)}.yaml"

    def benchmark(self, name: str) -> Benchmark:
        """Return what a benchmark declares of itself."""
        return read_benchmark(self.task_file(name))

    def check_items(self, benchmarks: tuple[str, ...]) -> None:
        """Check that the items are there.

        Raises:
            SuiteError: naming the benchmark and what to run.
        """
        for benchmark in benchmarks:
            file = self.items_file(benchmark)
            if not file.is_file():
                raise SuiteError(
                    f"The data of benchmark {benchmark} is missing: there is no file {file}"
                    f"{_instead(self.items_remedy)}"
                )

    def check_train_file(self) -> None:
        """Check that the training file is there.

        Raises:
            SuiteError: naming the file and what to run.
        """
        if not self.train_file.is_file():
            raise SuiteError(
                f"The training data of suite {self.name} is missing: there is no file "
                f"{self.train_file}{_instead(self.train_remedy)}"
            )


def _instead(remedy: str) -> str:
    return f"; {remedy}" if remedy else ""
