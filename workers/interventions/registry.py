"""Which interventions there are: ours, and those that somebody else's package brings.

Owns: finding one by its name, and the one that a job asks for. A package of one's own registers a
class under the entry-point group ``talan.interventions``; only what is installed where a run is
planned and where it is trained can be asked for. Does not cover: what an intervention is.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from talan.vocabulary import INTERVENTION_GROUP
from workers.errors import MethodError, first_line
from workers.interventions.intervention import Intervention
from workers.job.jobs import RunJob

BUILT_IN = {
    "dora": "workers.interventions.dora:Dora",
    "repe": "workers.interventions.repe:Repe",
    "cogsteer": "workers.interventions.cogsteer:CogSteer",
    "delift": "workers.interventions.delift:Delift",
    "adapter_fusion": "workers.interventions.adapter_fusion:AdapterFusion",
    "loreft": "workers.interventions.loreft:LoreftMethod",
    "ia3": "workers.interventions.ia3:Ia3",
    "vera": "workers.interventions.vera:Vera",
    "shadow": "workers.interventions.shadow:Shadow",
}


def method_names() -> list[str]:
    """All that a study file may ask for: ours first, then those installed."""
    own = sorted(point.name for point in _installed().values() if point.name not in BUILT_IN)
    return [*BUILT_IN, *own]


def find_method(name: str) -> type[Intervention]:
    """The class of a name.

    Raises:
        MethodError: There is none, or the package that brings it cannot be loaded.
    """
    where = BUILT_IN.get(name)
    if where is not None:
        module, _, attribute = where.partition(":")
        found: Any = getattr(import_module(module), attribute)
    else:
        point = _installed().get(name)
        if point is None:
            allowed = ", ".join(method_names())
            raise MethodError(f"there is no method {name!r}; installed are {allowed}")
        found = _loaded(point)
    if not (isinstance(found, type) and issubclass(found, Intervention)):
        raise MethodError(f"method {name!r}: {found!r} is not a class of Intervention")
    return found


def read_method(entry: Mapping[str, object]) -> Intervention:
    """The intervention that a study file's entry asks for.

    Raises:
        MethodError: There is none of that name, or a setting is not allowed.
    """
    settings = {key: value for key, value in entry.items() if key != "method"}
    return find_method(str(entry.get("method"))).from_settings(settings)


def intervention_of(job: RunJob, *, scale: float = 1.0) -> Intervention:
    """The intervention that a job asks for.

    Args:
        job: The run.
        scale: Of a jitter, how far it moves the adapter's first weights; of a sham, the factor on
            its norm.

    Raises:
        MethodError: As ``read_method``.
    """
    from workers.interventions.adapter_alone import AdapterAlone
    from workers.interventions.jitter import Jitter
    from workers.interventions.sham import ShamPath
    from workers.interventions.talan_block import TalanBlock

    if job.method is not None:
        method = read_method(job.method)
        return method.as_null() if job.is_method_null else method
    if job.sham is not None:
        axes = job.configuration or {}
        return ShamPath(configuration=axes, block=job.block, number=job.sham, scale=scale)
    if job.jitter is not None:
        return Jitter(number=job.jitter, scale=scale)
    if job.configuration is not None:
        return TalanBlock(configuration=job.configuration, block=job.block)
    return AdapterAlone()


def _installed() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=INTERVENTION_GROUP)}


def _loaded(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:
        raise MethodError(
            f"method {point.name!r} is installed and cannot be loaded: {first_line(error)}"
        ) from error
