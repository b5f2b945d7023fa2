"""A dry run's report for people.

Owns: how ``talan study check`` looks. Does not cover: the checks (``search.cost.check``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from search.cost.check import Memory, StudyCheck


def show_check(found: StudyCheck) -> None:
    """The report as tables."""
    console = Console(highlight=False)
    runs = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in found.runs.items())
    console.print(f"[bold]{found.audit.file.name}[/bold] can be launched: {runs} runs")
    console.print(f"benchmarks: {', '.join(found.audit.benchmarks)}\n")
    hosts = Table("host", "backbone", "adapter", "TALAN (share)", "memory, at least", box=None)
    for host, memory in zip(found.hosts, found.memory, strict=True):
        largest = max(host.largest.values(), key=lambda size: size.talan)
        hosts.add_row(
            f"{host.backbone} {host.adapter_label}",
            f"{host.baseline.backbone:,}",
            f"{host.baseline.adapter:,}",
            f"{largest.talan:,} ({largest.talan_share:.2%})",
            _memory_text(memory),
        )
    console.print(hosts)
    for data in found.data:
        console.print(
            f"\ntraining data for {data.backbone}: {data.num_examples} examples; of the first "
            f"{data.num_sampled}, {data.mean_tokens:.0f} tokens each, {data.cut_share:.0%} cut, "
            f"{data.taught_share:.0%} of tokens taught"
        )


def _memory_text(memory: Memory) -> str:
    there = "not known here" if memory.available_gib is None else f"{memory.available_gib:.1f}"
    return f"{memory.needed_gib:.1f} GiB a run ({memory.device}: {there})"
