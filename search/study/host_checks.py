"""Whether the parts of a study's hosts fit together, found out before anything is trained.

Owns: building every host of a study on the meta device, and the sizes that this gives. Does not
cover: what is checked without a model (``search.study.plan``), data and memory
(``search.cost.check``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from search.errors import StudyFileError
from search.study.plan import Audit
from workers.backbones.sizes import HostShape, HostSize, backbone_config
from workers.errors import WorkerError
from workers.job.jobs import AdapterSpec


@dataclass(frozen=True)
class HostSizes:
    """One host of a study.

    Attributes:
        backbone: As the study names it.
        adapter_label: The adapter's name in tables.
        baseline: Without TALAN.
        largest: The study's largest configuration, by mixer.
        points: Which configuration that is, by mixer.
    """

    backbone: str
    adapter_label: str
    baseline: HostSize
    largest: Mapping[str, HostSize]
    points: Mapping[str, Mapping[str, Any]]


def check_hosts(audit: Audit) -> list[HostSizes]:
    """Build every host of the study without weights.

    Raises:
        StudyFileError: An adapter lacks its modules, or a configuration does not fit a backbone.
    """
    return [_check_host(audit, number) for number in range(len(audit.hosts))]


def _check_host(audit: Audit, number: int) -> HostSizes:
    host = audit.hosts[number]
    try:
        shape = HostShape(backbone_config(host.backbone)[0], AdapterSpec.from_record(host.adapter))
        largest: dict[str, HostSize] = {}
        points: dict[str, Mapping[str, Any]] = {}
        for point in blocks(audit, number):
            size = shape.size(point, block=audit.file.talan)
            known = largest.get(point["mixer"])
            if known is None or size.talan > known.talan:
                largest[point["mixer"]], points[point["mixer"]] = size, point
    except WorkerError as error:
        msg = f"backbone {host.backbone!r} with {host.adapter_label}: {error}"
        raise StudyFileError(msg) from error
    return HostSizes(host.backbone, host.adapter_label, shape.size(None), largest, points)


def blocks(audit: Audit, host: int) -> Iterator[dict[str, Any]]:
    """One point of the study for each block of another size that a host may have.

    A block's shape follows from slots, mixer and the writeback's rule and gate; where it sits, its
    alpha and how it is trained do not matter. More slots are more parameters and nothing else, so
    the fewest and the most stand for all: a request with a thousand values costs no more than one
    with two.
    """
    if not audit.file.has_treatments:
        return
    if audit.listed is not None:
        seen: list[object] = []
        for point in audit.listed[host]:
            kind = [point["slots"], point["mixer"], *_shape_of(point["writeback"])]
            if kind not in seen:
                seen.append(kind)
                yield dict(point)
        return
    space = audit.spaces[host]
    first = space.point(0)
    slot_counts = dict.fromkeys((min(space.slots), max(space.slots)))
    writebacks = {_shape_of(writeback): writeback for writeback in reversed(space.writebacks)}
    shapes = itertools.product(slot_counts, space.mixers, reversed(writebacks.values()))
    for slots, mixer, writeback in shapes:
        yield {**first, "slots": slots, "mixer": mixer, "writeback": writeback}


def _shape_of(writeback: Mapping[str, object]) -> tuple[object, ...]:
    """What of a writeback its parameters' shapes follow from."""
    return writeback["rule"], writeback["gate"]
