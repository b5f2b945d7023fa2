"""What stands at the end of ``talan study run``."""

from __future__ import annotations

from api.cli.tables.methods import show_deltas
from api.cli.tables.studies import show_studies
from api.cli.tables.style import console
from dashboards.story import tell
from search.methods.rows import method_rows
from storage import AuditStore
from storage.records import StudyStatus


def show_outcome(store: AuditStore, study: StudyStatus) -> None:
    """Where the study stands, what came of it in plain sentences, what is next."""
    name = study.name
    console.print()
    show_studies([study])
    for sentence in tell(store, name):
        console.print(f"\n{sentence}", highlight=False)
    console.print()
    rows = method_rows(store, name)
    if rows:
        show_deltas(rows)
        console.print()
    champions = store.rates.champions(name)
    steps = _next(name, champions[0].id if champions else None)
    if rows:
        steps.append(("see what each method took", f"talan methods {name}"))
    if not study.runs.total:  # methods alone: there is no rate and no axis
        rated = (f"talan g1 {name}", f"talan importance {name}")
        steps = [step for step in steps if step[1] not in rated]
    for words, command in steps:
        console.print(f"{words:<28}[bold]{command}[/bold]", highlight=False, soft_wrap=True)


def _next(name: str, champion: str | None) -> list[tuple[str, str]]:
    steps = [
        ("look at it in a browser", f"talan serve   # then http://127.0.0.1:8000/studies/{name}")
    ]
    if champion is not None:
        steps += [
            ("look at the best run", f"talan run {champion}"),
            ("confirm it at fresh seeds", f"talan confirm {champion}"),
        ]
    return [
        *steps,
        ("see what the tests say", f"talan g1 {name}"),
        ("see whether an axis matters", f"talan importance {name}"),
        ("see every run", f"talan runs {name} --sort mean_delta"),
    ]
