"""Benchmark suites: what is trained for, asked and scored."""

from workers.suites.registry import Suite, get_suite, resolve_benchmarks

__all__ = ["Suite", "get_suite", "resolve_benchmarks"]
