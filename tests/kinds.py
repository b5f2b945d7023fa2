"""The kind of a benchmark, as its task declares it."""

from workers.suites.registry import resolve_benchmarks


def kind_of(benchmark: str) -> str:
    """Of a built-in suite's benchmark."""
    suite, _ = resolve_benchmarks([benchmark])
    return suite.benchmark(benchmark).kind
