"""``talan champions``: each host's best strict G1 run."""

from __future__ import annotations

from api.cli.options import AnyNameArgument, JsonOption, StorageOption, open_store
from api.cli.printing import echo_json
from api.cli.tables.champions import show_champions
from api.views.runs import Champion


def champions(
    name: AnyNameArgument = None, as_json: JsonOption = False, storage: StorageOption = None
) -> None:
    """Show each host's champion: the strict G1 run with the largest mean delta.

    The best of many is biased upward: confirm a champion on fresh seeds before calling it better.
    """
    with open_store(storage) as store:
        found = store.rates.champions(name)
    if as_json:
        echo_json([Champion.from_record(champion) for champion in found])
    else:
        show_champions(found)
