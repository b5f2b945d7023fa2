"""``talan champions``: each host's best strict G1 run."""

from __future__ import annotations

from api.cli.options import AnyNameArgument, JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.champions import show_champions
from api.views.runs import Champion
from search import rates


def champions(
    name: AnyNameArgument = None, as_json: JsonOption = False, storage: StorageOption = None
) -> None:
    """Show each host's champion: the strict G1 run with the largest mean delta.

    The best of many is biased upward. Its configuration's shrunken mean says by how much: it comes
    from the variance of all the host's configurations. Confirm a champion on fresh seeds before
    calling it better.
    """
    with open_store(storage) as store:
        found = store.rates.champions(name)
        worths = rates.champion_worths(store, found) if name else {}
    if as_json:
        echo_json(
            [Champion.from_record(champion, worth=worths.get(champion.id)) for champion in found]
        )
    else:
        show_champions(found, worths)
