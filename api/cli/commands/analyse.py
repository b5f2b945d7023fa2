"""``talan analyse``: what the block does inside runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from api.cli.options import JsonOption, RayOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.analyses import show_analyses, show_study_analyses
from api.views.analyses import RunAnalyses, StudyAnalyses
from search.analyses.asking import asked_of_run
from search.analyses.catalogue import ITEMS
from search.analyses.of_study import asked_of_study
from search.driving.analysing import carry_out
from search.driving.audits import Engine
from search.driving.interruptions import exit_code, heed_signals
from search.errors import AnalysisError
from storage import Analysis, AuditStore, Run

SOME_FAILED = 1


def analyse(
    run_ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of runs, from `talan runs`.", show_default=False)
    ] = None,
    *,
    champions: Annotated[
        bool, typer.Option("--champions", help="Each host's champion, of all studies or one.")
    ] = False,
    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            help="A study as a whole: how its blocks' weights go with its deltas.",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="An analysis; may be given several times. Default: all."),
    ] = None,
    items: Annotated[int, typer.Option("--items", help="Items over all benchmarks.")] = ITEMS,
    nulls: Annotated[
        bool, typer.Option("--nulls/--no-nulls", help="Analyse the run's null runs, too.")
    ] = True,
    as_json: JsonOption = False,
    storage: StorageOption = None,
    ray_address: RayOption = None,
) -> None:
    """Look inside runs: how far the stream is from the baseline's, by depth, and more.

    With --study alone: whether weight statistics, or nearness to the champion, go with the deltas;
    with --champions and --study: that study's champions.

    Nothing is trained. Finished analyses are kept; the same command continues an interrupted one.

    Example: `talan analyse 0a1b2c3d4e5f6071`; ids are in `talan runs NAME`.
    """
    with open_store(storage) as store:
        runs = _runs(store, run_ids or [], champions=champions, study=study)
        asked = [
            one
            for run in runs
            for one in asked_of_run(store, run, names=only, items=items, with_nulls=nulls)
        ]
        whole = asked_of_study(store, study) if study and not runs else []
        recorded = store.analyses.ask([*asked, *whole])
        done = _carried_out(store, recorded, ray_address=ray_address)
        shown = [RunAnalyses.read(store, run, _of(run, done)) for run in runs]
    if whole and study:
        of_study = StudyAnalyses.read(study, done)
        echo_json(of_study) if as_json else show_study_analyses(of_study)
    elif as_json:
        echo_json(shown[0] if len(shown) == 1 and run_ids else shown)
    else:
        show_analyses(runs, shown, cost_s=sum(one.seconds or 0.0 for one in done))
    if any(one.state == "failed" for one in done):
        sys.exit(SOME_FAILED)


def _runs(store: AuditStore, ids: list[str], *, champions: bool, study: str | None) -> list[Run]:
    found = [store.runs.get(one) for one in dict.fromkeys(ids)]
    if champions:
        found += store.rates.champions(study)
    if not found and (champions or study is None):
        msg = (
            "no host has a champion: no run is strict G1"
            if champions
            else "name runs, or ask for --champions or --study NAME"
        )
        raise AnalysisError(msg)
    return found


def _of(run: Run, done: list[Analysis]) -> list[Analysis]:
    return [one for one in done if one.run_id == run.id]


def _carried_out(
    store: AuditStore, recorded: list[Analysis], *, ray_address: str | None
) -> list[Analysis]:
    heed_signals()
    console = Console(stderr=True, highlight=False)

    def watch(done: Analysis) -> None:
        said = f"{done.seconds:.1f} s" if done.error is None else f"failed: {done.error}"
        of = f"run {done.run_id}" if done.run_id else f"study {done.study}"
        console.print(f"{of}  {done.name}  {said}", markup=False)

    try:
        engine = Engine(ray_address=ray_address)
        return carry_out(store, recorded, engine=engine, watch=watch)
    except KeyboardInterrupt as interrupted:
        console.print("\nInterrupted; everything finished is kept. The same command continues.")
        sys.exit(exit_code(interrupted))
