"""What stands at the end of ``talan study run``."""

from __future__ import annotations

from api.cli.tables.champions import show_champions
from api.cli.tables.g1 import show_g1
from api.cli.tables.studies import show_studies
from api.cli.tables.style import console
from search import rates
from storage import AuditStore
from storage.records import StudyStatus


def show_outcome(store: AuditStore, study: StudyStatus) -> None:
    """What stands at the end of ``talan study run``: G1 by mixer, the champion, what is next."""
    name = study.name
    console.print()
    show_studies([study])
    for by in (None, "mixer"):
        console.print()
        show_g1(rates.g1_rows(store, name, by=by))
    console.print("\nChampion (the best of many: biased upward until confirmed on fresh seeds)")
    champions = store.rates.champions(name)
    show_champions(champions, rates.champion_worths(store, champions))
    example = champions[0].id if champions else "RUN_ID"
    console.print(
        f"\nLook next:  talan runs {name} --sort mean_delta   talan run {example}\n"
        f"            talan g1 {name} --by layer   talan export {name} --format csv"
    )
