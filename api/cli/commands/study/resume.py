"""``talan study resume``: go on with an audit."""

from __future__ import annotations

from api.cli.driving import drive_to_end
from api.cli.options import NameArgument, RayOption, StorageOption, open_store


def resume(
    name: NameArgument, storage: StorageOption = None, ray_address: RayOption = None
) -> None:
    """Continue a study: finished runs stay, interrupted and failed ones are run again."""
    with open_store(storage) as store:
        drive_to_end(store, name, ray_address=ray_address)
