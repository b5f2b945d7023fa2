"""A dry run's report for people.

Owns: how ``talan study check`` looks. Does not cover: the checks (``search.cost.check``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.cli.tables.style import console, show, table_of

if TYPE_CHECKING:
    from search.cost.check import Memory, StudyCheck
    from search.cost.power import StudyPower


def show_check(found: StudyCheck) -> None:
    """The report as tables."""
    runs = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in found.runs.items())
    console.print(f"[bold]{found.audit.file.name}[/bold] can be launched: {runs} runs")
    console.print(f"benchmarks: {', '.join(found.audit.benchmarks)}\n")
    hosts = table_of("host", "backbone", "adapter", "TALAN (share)", "memory, at least")
    for host, memory in zip(found.hosts, found.memory, strict=True):
        largest = max(host.largest.values(), key=lambda size: size.talan)
        hosts.add_row(
            f"{host.backbone} {host.adapter_label}",
            f"{host.baseline.backbone:,}",
            f"{host.baseline.adapter:,}",
            f"{largest.talan:,} ({largest.talan_share:.2%})",
            _memory_text(memory),
        )
    show(hosts)
    for data in found.data:
        console.print(
            f"\ntraining data for {data.backbone}: {data.num_examples} examples; of the first "
            f"{data.num_sampled}, {data.mean_tokens:.0f} tokens each, {data.cut_share:.0%} cut, "
            f"{data.taught_share:.0%} of tokens taught"
        )
    for prompt in found.prompts:
        console.print(
            f"longest prompt of {prompt.benchmark} for {prompt.backbone}: {prompt.num_tokens:,} "
            f"tokens of {prompt.most_tokens:,}"
        )
    free = "" if found.space.free_gib is None else f"; {found.space.free_gib:,.1f} GiB are free"
    console.print(f"checkpoints: about {found.space.needed_gib:.2g} GiB{free}")
    _show_power(found.power)
    for note in found.notes:
        console.print(f"\nnote: {note}")


def _show_power(power: StudyPower) -> None:
    console.print(
        f"\n[bold]what it can see[/bold] (5% level, 80% power; {power.runs} runs against a "
        f"baseline, {power.seeds} baseline{'s' * (power.seeds > 1)} a host)"
    )
    if power.rate is None:
        console.print(f"G1 rate: no test, {power.reason}")
    else:
        console.print(f"G1 rate: {power.rate:.0%} and more (rotation test)")
    for name, delta in power.delta_by_benchmark.items():
        seen = "no delta" if delta is None else f"a delta of {delta:.1f} pp and more"
        console.print(
            f"{name}: {seen} of one run ({power.n_items[name]} items, "
            f"{power.discordance[name]:.1%} of them assumed discordant; McNemar's test)"
        )
    seeds = ", ".join(f"{n} for {pp} pp" for pp, n in power.confirmation_seeds.items())
    console.print(
        f"confirmation: seeds {seeds} (t test; noise of a run's mean delta {power.noise_pp:.2f} pp)"
    )


def _memory_text(memory: Memory) -> str:
    there = "not known here" if memory.available_gib is None else f"{memory.available_gib:.1f}"
    return f"{memory.needed_gib:.1f} GiB a run ({memory.device}: {there})"
