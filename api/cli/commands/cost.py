"""``talan cost``: what a study's hosts and runs take, before they are launched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.cli.options import JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.style import console, show, table_of
from api.views.cost import CostReport
from search.cost.cost import StudyEstimate, estimate_study
from search.cost.draft_replay import ForetoldAnswers, replay_study
from search.cost.measure import HostTable, measure_study, resolve_shapes, seconds_by_host, tabulate
from search.study.file import read_study_file
from search.study.plan import Audit
from storage.durations import Duration
from storage.errors import StorageError
from workers.backbones.costs import HostCost
from workers.job.recipe import takes_drafts


def cost(
    file: Annotated[Path, typer.Argument(help="The study file (YAML).", show_default=False)],
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure time and memory on this machine.")
    ] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Measurements of each mixer.")] = 3,
    response_tokens: Annotated[
        int, typer.Option(min=1, help="Tokens of a response, on average, for the estimate.")
    ] = 400,
    from_study: Annotated[
        str | None,
        typer.Option(
            "--from", help="A recorded study whose answers are replayed for the estimate."
        ),
    ] = None,
    as_json: JsonOption = False,
    storage: StorageOption = None,
) -> None:
    """Count parameters, and estimate the hours that a study takes.

    Parameters are counted without weights; a backbone that is not on this machine is counted by its
    published shape. Times come from earlier runs of the same host and recipe in the record. With
    `--measure` they are measured on this machine, with random weights if the backbone is not here.

    `--from STUDY` replays the answers of a recorded study, without a model: how long they are, how
    many equal the baseline's, and how many forward passes they take as drafts.

    Example: `talan cost examples/tiny-lora-grid.yaml --measure`
    """
    audit, sources = resolve_shapes(read_study_file(file))
    tables = tabulate(audit)
    if measure:
        tables = measure_study(audit, tables, rounds=rounds, progress=_say)
    answers = None if from_study is None else _replay(from_study, storage)
    estimate = estimate_study(
        audit,
        durations=_durations(storage),
        measured=seconds_by_host(
            audit, tables, response_tokens=_decoded(audit, answers, otherwise=response_tokens)
        ),
    )
    if as_json:
        echo_json(
            CostReport.from_record(tables, sources=sources, estimate=estimate, answers=answers)
        )
        return
    _show_hosts(tables, sources)
    if answers is not None:
        _show_answers(answers)
    _show_estimate(estimate)


def _replay(study: str, storage: str | None) -> ForetoldAnswers:
    with open_store(storage) as store:
        return replay_study(store, study)


def _decoded(audit: Audit, answers: ForetoldAnswers | None, *, otherwise: float) -> float:
    """Decoding steps an answer: a pass over drafted tokens counts as one."""
    if answers is None:
        return otherwise
    if takes_drafts(audit.recipe):
        return answers.passes_per_answer
    return answers.tokens_per_answer


def _show_answers(answers: ForetoldAnswers) -> None:
    console.print(
        f"\n{answers.answers:,} answers of {answers.runs} runs of {answers.study}: "
        f"{answers.tokens_per_answer:.1f} tokens on average, {answers.equal / answers.answers:.1%} "
        f"equal to the baseline's; with drafts {answers.passes_per_answer:.2f} forward passes an "
        f"answer, {answers.counts.passes_per_token or 0:.3f} a token"
    )


def _say(text: str) -> None:
    Console(stderr=True, highlight=False).print(text)


def _durations(storage: str | None) -> list[Duration]:
    """What earlier runs took; no record is no run."""
    try:
        with open_store(storage) as store:
            return store.durations.read()
    except StorageError:
        if storage is not None:
            raise
        return []


def _show_hosts(tables: list[HostTable], sources: dict[str, str]) -> None:
    measured = ("train", "decode", "GPU memory") if any(host.costs for host in tables) else ()
    table = table_of("host", "mixer", "adapter / TALAN", "share", *measured)
    for host in tables:
        for mixer, size in host.sizes.largest.items():
            cost = host.costs.get(mixer)
            table.add_row(
                f"{host.sizes.backbone} {host.sizes.adapter_label}",
                mixer,
                f"{_count(size.adapter)} / {_count(size.talan)}",
                f"{size.talan_share:.2%}",
                *(_measured(cost) if cost else [""] * len(measured)),
            )
    show(table, keys=2)
    shapes = sorted(name for name, source in sources.items() if source != "files")
    if shapes:
        console.print(f"\nOn its published shape, for its files are not here: {', '.join(shapes)}")


def _count(parameters: int) -> str:
    return f"{parameters:,}" if parameters < 1e6 else f"{parameters / 1e6:,.1f}M"


def _measured(cost: HostCost) -> tuple[str, str, str]:
    memory = _memory(cost.peak_gib, cost.talan_peak_gib)
    return f"{cost.train_ratio:.2f}x", f"{cost.decode_ratio:.2f}x", memory


def _memory(alone: float | None, with_talan: float | None) -> str:
    if alone is None or with_talan is None:
        return "no GPU"
    return f"{alone:.1f} GiB {with_talan - alone:+.1f}"


def _show_estimate(estimate: StudyEstimate) -> None:
    table = table_of("host", "runs", "a run", "based on")
    for host in estimate.hosts:
        seconds = host.seconds_per_run
        table.add_row(
            f"{host.backbone} {host.adapter_label}",
            str(host.runs),
            "not known" if seconds is None else f"{seconds:,.0f} s",
            host.based_on or "nothing: measure with --measure, or run a few configurations first",
        )
    console.print()
    console.print(table)
    if estimate.wall_s is not None:
        hours = estimate.wall_s / 3600
        console.print(
            f"\n{estimate.runs} runs, {estimate.workers} at a time: {hours:,.2f} h; "
            f"{estimate.gpu_hours:,.1f} GPU-hours, {estimate.cpu_hours:,.1f} CPU-hours"
        )
