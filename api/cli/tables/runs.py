"""Runs for people: a listing's table, and one run in full.

Owns: how cells look, those that were not evaluated in full included. Does not cover: their values,
nor other tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from api.cli.tables.configurations import run_text
from api.cli.tables.style import console, fits, show, signed, table_of
from dashboards.wording import p_value, pp_interval, seed_words, verdict_words
from search import rates
from search.rates.unread_boxes import UnreadBoxes
from storage.records import BoundedCell, Run
from storage.verdict import INERT, NOT_G1, STRICT, TIED

_MEANING = {
    STRICT: "no cell loses, at least one gains",
    TIED: "every delta is 0, with other responses than the baseline's",
    INERT: "every response is the baseline's, byte for byte",
    NOT_G1: "at least one cell loses",
    None: "every delta is 0; `talan db upgrade` compares the stored responses",
}


def show_runs(runs: Sequence[Run]) -> None:
    """Runs with the delta of each cell, a row each."""
    if not runs:
        console.print("No run.")
        return
    benchmarks = list(dict.fromkeys(name for run in runs for name in (*run.cells, *run.bounds)))
    table = table_of("run", "host", "seed", "configuration", "state", *benchmarks, "mean", "G1")
    for run in runs:
        table.add_row(
            run.id,
            f"{run.backbone} {run.adapter}",
            seed_words(run).removeprefix("seed "),
            run_text(run),
            run.state,
            *_results(run, benchmarks),
            _short_verdict(run),
        )
    if fits(table):
        console.print(table)
    else:
        _show_narrow(runs, benchmarks)
    early = sum(run.ended_early for run in runs)
    if early:
        console.print(
            f"{early} of {len(runs)} runs ended early, when they could not be G1 any more: <= is "
            "the largest delta a lost cell could have had, ? a cell not finished; no mean delta.",
            style="dim",
        )


def _show_narrow(runs: Sequence[Run], benchmarks: Sequence[str]) -> None:
    """Two lines per run: its results, and below them what it is."""
    headings = (*(name.replace("_", "_\n") for name in benchmarks), "mean", "G1")
    table = table_of("run", *headings)
    for run in runs:
        verdict = _short_verdict(run) if run.state == "completed" else run.state
        table.add_row(run.id, *_results(run, benchmarks), verdict)
    with console.capture() as captured:
        show(table)
    hosts = {(run.backbone, run.adapter) for run in runs}
    words = {run.id: _what(run, has_host=len(hosts) > 1) for run in runs}
    for line in captured.get().splitlines():
        console.print(line, markup=False)
        if (known := line.split(" ", 1)[0]) in words:
            console.print(f"  {words[known]}", style="dim", markup=False)


def _what(run: Run, *, has_host: bool) -> str:
    host = f"{run.backbone} {run.adapter}, " if has_host else ""
    return f"{host}{run_text(run)}" + ("" if "seed" in run_text(run) else f", {seed_words(run)}")


def _results(run: Run, benchmarks: Sequence[str]) -> list[str]:
    return [*(_cell_text(run, name) for name in benchmarks), signed(run.mean_delta)]


def show_run(run: Run, *, losses: Sequence[float], error_detail: str | None = None) -> None:
    """One run in full."""
    console.print(f"[bold]{run.id}[/bold]  {run.kind} of study {run.study}, {run.state}")
    console.print(f"{run.backbone} {run.adapter}, {seed_words(run)}, attempt {run.attempt}")
    console.print(run_text(run))
    if run.error:
        console.print(f"error: {run.error}", style="red", markup=False)
    if error_detail:
        console.print(error_detail.rstrip(), style="dim", markup=False)
    if losses:
        console.print(f"loss {losses[0]:.3f} -> {losses[-1]:.3f} in {len(losses)} steps")
    if run.compute_s is not None:
        console.print(f"{run.compute_s:.1f} s of training and evaluating on {run.worker}")
    if run.kl_to_baseline is not None:
        scaled = "" if run.null_scale is None else f", at scale {run.null_scale:.3g}"
        console.print(f"{run.kl_to_baseline:.3g} nats a token from its baseline{scaled}")
    table = table_of(
        *("benchmark", "right", "score", "baseline", "delta (pp)"),
        *("helped", "hurt", "changed"),
    )
    for name, cell in run.cells.items():
        table.add_row(
            name,
            f"{cell.n_correct}/{cell.n_items}",
            f"{cell.score:.2f}",
            "" if cell.baseline_score is None else f"{cell.baseline_score:.2f}",
            signed(cell.delta),
            *("" if count is None else str(count) for count in (cell.helped, cell.hurt)),
            "" if cell.changed is None else str(cell.changed),
        )
    for name, bound in run.bounds.items():
        table.add_row(name, *_bounds_text(bound), "", "", "")
    if run.cells or run.bounds:
        show(table)
    _show_tests(run)
    if run.g1 is not None:
        console.print(_verdict_text(run))
    if run.checkpoint_artifact:
        console.print(f"checkpoint {run.checkpoint_artifact}", soft_wrap=True)
    stored = {name: cell.responses_artifact for name, cell in run.cells.items()}
    parts = {name: bound.responses_artifact for name, bound in run.bounds.items()}
    for name, artifact in {**stored, **parts}.items():
        if artifact:
            console.print(f"responses of {name} {artifact}", soft_wrap=True)


def _show_tests(run: Run) -> None:
    """The tests of what changed against the baseline; nothing where nothing is compared."""
    tests = rates.tests_of(run)
    if not tests.cells:
        return
    table = table_of("benchmark", "exact p", "mid-p", "95% of the delta (pp)")
    for name, found in tests.cells.items():
        exact, mid = p_value(found.mcnemar_exact), p_value(found.mcnemar_mid)
        table.add_row(name, exact, mid, pp_interval(found.interval))
    table.add_row("mean", "", "", pp_interval(tests.mean_interval))
    console.print(table)
    console.print(
        "p: McNemar's test of helped against hurt items, two-sided; intervals: items resampled. "
        "They are of these two runs, not of other seeds.",
        style="dim",
    )


def show_truncated(num_truncated: Mapping[str, int | None]) -> None:
    """Benchmarks with responses that ended at the limit of new tokens; nothing where none did."""
    cut = [f"{name} {number}" for name, number in num_truncated.items() if number]
    if cut:
        console.print(f"responses cut at the limit of new tokens: {', '.join(cut)}")


def show_rests_on(found: Mapping[str, str]) -> None:
    """What the verdict rests on; hashes by their first digits."""
    if found:
        console.print("rests on, as its baseline must:", style="dim")
    for name, value in found.items():
        short = value.removeprefix("sha256-")[:16] if len(value) > 60 else value
        console.print(f"  {name}: {short}", style="dim", markup=False)


def show_unread(unread: Mapping[str, UnreadBoxes]) -> None:
    """Benchmarks with responses whose boxed number the scorer did not read."""
    for name, boxes in unread.items():
        console.print(
            f"{name}: in {boxes.num_unread} of {boxes.num_responses} responses the boxed number is "
            "another than the one that was scored; talan rescore --scorer boxed-only reads it"
        )


def _short_verdict(run: Run) -> str:
    if run.g1 is None:
        return ""
    return {NOT_G1: "no", None: "yes"}.get(run.verdict, run.verdict or "")


def _cell_text(run: Run, benchmark: str) -> str:
    bound = run.bounds.get(benchmark)
    if bound is not None:
        return f"<= {signed(bound.delta[1])}" if bound.delta[1] < 0 else "?"
    cell = run.cells.get(benchmark)
    if cell is None:
        return ""
    return f"{cell.score:.1f}%" if cell.delta is None else signed(cell.delta)


def _bounds_text(cell: BoundedCell) -> tuple[str, str, str, str]:
    """Right answers, score, the baseline's and delta of a cell that was not evaluated in full."""
    low, high = cell.n_correct
    if not cell.n_evaluated:
        return "not evaluated", "", f"{cell.baseline_score:.2f}", ""
    right = f"{low} to {high} of {cell.n_items}, {cell.n_evaluated} asked"
    deltas = f"{signed(cell.delta[0])} to {signed(cell.delta[1])}"
    return right, "", f"{cell.baseline_score:.2f}", deltas


def _verdict_text(run: Run) -> str:
    if run.ended_early:
        return "not G1: a cell cannot reach its baseline; the run ended there and has no mean delta"
    words = verdict_words(run.g1, run.verdict)
    return f"mean delta {signed(run.mean_delta)} pp, {words}: {_MEANING[run.verdict]}"
