"""One axis at a time around a configuration.

Owns: which neighbours a configuration has over the values of its study's axes, their study, and
each neighbour's delta relative to the centre. Does not cover: interactions between axes (for those
``search.follow_ups.importance``), driving (``search.driving.audits``).

All runs are at fresh seeds, the centre's too: a champion's own run was chosen for its luck, and
beside it every neighbour would look worse than it is. Centre and neighbours share a baseline at
each seed, which the difference takes out:

    relative[v] = mean over seeds of (mean delta of v - mean delta of the centre)      [pp]

Many neighbours are compared with one centre: the p-values to read are Dunnett's, which keep the
chance of any false alarm among all of them; t and p of a single row know nothing of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from search import study as study_files
from search.errors import NoResultYetError, StudyFileError, refuse
from search.follow_ups.studies import Configuration, Origin, follow_ups, launch_follow_up, origin_of
from search.follow_ups.studies import treatments_of as runs_of
from search.statistics.multiple import Dunnett, dunnett
from search.statistics.seeds import SeedSummary, seed_summary
from search.study.axes import AXIS_NAMES
from storage import AuditStore
from storage.records import Run
from talan.config import TalanConfig

if TYPE_CHECKING:
    from search.study.space import Space


@dataclass(frozen=True)
class Neighbour:
    """The centre with one axis at another value."""

    axis: str
    value: Any
    configuration: Configuration

    @property
    def identity(self) -> str:
        """The configuration's content hash."""
        return _identity(self.configuration)


@dataclass(frozen=True)
class AxisEffect:
    """A neighbour measured.

    Args:
        neighbour: Which.
        relative: Its mean delta minus the centre's, over seeds that have both.
        cells: The same per benchmark, the mean over seeds.
        mean_delta: Its own mean delta over the seeds.
        g1_seeds: Seeds at which it is G1.
        deltas: Its own mean delta at each seed that it has.
    """

    neighbour: Neighbour
    relative: SeedSummary
    cells: Mapping[str, float]
    mean_delta: float
    g1_seeds: int
    deltas: tuple[float, ...]


@dataclass(frozen=True)
class Ablation:
    """What one axis at a time does; deltas in pp.

    Args:
        origin: The run at the centre.
        studies: Where the runs are.
        centre: The centre's runs at the fresh seeds.
        effects: The measured neighbours, by axis.
        missing: Neighbours without a seed that both they and the centre have.
        against_centre: Dunnett's test of all neighbours against the centre that they share, by the
            neighbour's identity; None where no neighbour was measured.
    """

    origin: Origin
    studies: tuple[str, ...]
    centre: tuple[Run, ...]
    effects: tuple[AxisEffect, ...]
    missing: tuple[Neighbour, ...]
    against_centre: Dunnett | None


def launch_ablation(
    store: AuditStore, run_id: str, *, axes: Sequence[str] = (), num_seeds: int = 1
) -> list[str]:
    """Put the ablation of a run on record; the names of the studies to drive.

    Raises:
        RunNotFound: No such run.
        StudyFileError: An axis does not exist, or none of them has another value.
    """
    origin = origin_of(store, run_id)
    around = neighbours(origin, axes=axes)
    return launch_follow_up(
        store,
        origin,
        stem=_stem(origin, axes),
        configurations=[origin.configuration, *_distinct(around)],
        num_seeds=num_seeds,
    )


def ablation(store: AuditStore, run_id: str, *, axes: Sequence[str] = ()) -> Ablation:
    """What the ablation of a run amounts to so far, from the record alone.

    Raises:
        RunNotFound: No such run.
        StudyFileError: An axis does not exist, or the centre has no completed run yet.
    """
    _check_axes(axes)
    origin = origin_of(store, run_id)
    parts = follow_ups(store, _stem(origin, axes))
    by_id: dict[str, dict[int, Run]] = {}
    runs = runs_of(store, parts)
    for run in runs:
        if run.mean_delta is not None:
            by_id.setdefault(run.configuration_id or "", {})[run.seed] = run
    centre = by_id.get(_identity(origin.configuration), {})
    if not centre:
        msg = f"the ablation of run {run_id} has no completed run of its centre yet"
        raise NoResultYetError(msg)
    effects, missing = [], []
    for neighbour in _recorded_neighbours(origin, runs):
        effect = _effect(neighbour, by_id.get(neighbour.identity, {}), centre=centre)
        if effect is None:
            missing.append(neighbour)
        else:
            effects.append(effect)
    return Ablation(
        origin=origin,
        studies=tuple(part.name for part in parts),
        centre=tuple(centre.values()),
        effects=tuple(effects),
        missing=tuple(missing),
        against_centre=_against_centre(effects, centre),
    )


def neighbours(origin: Origin, *, axes: Sequence[str] = ()) -> list[Neighbour]:
    """The centre with one axis at each other value that its study has; all axes unless named.

    Raises:
        StudyFileError: An axis does not exist, or none of them has another value.
    """
    _check_axes(axes)
    space = _space(origin)
    wanted = [axis for axis in AXIS_NAMES if axis in (axes or AXIS_NAMES)]
    found = [
        Neighbour(axis, value, configuration)
        for axis in wanted
        for value, configuration in _varied(origin.configuration, axis=axis, space=space)
    ]
    if not found:
        msg = (
            f"axis: {', '.join(wanted)} has no other value in study {origin.study.name!r} that "
            "makes another model; allowed: an axis with several"
        )
        raise StudyFileError(msg)
    return found


def ablations_of(store: AuditStore, run_id: str) -> list[Ablation]:
    """All ablations of a run that have a result: of all axes, and of chosen ones.

    Raises:
        RunNotFound: No such run.
    """
    try:
        stem = _stem(origin_of(store, run_id), ())
    except StudyFileError:  # a baseline, or a run without a verdict
        return []
    chosen = {name.removeprefix(stem) for name in store.studies.names() if name.startswith(stem)}
    found = []
    for axes in dict.fromkeys(_axes_of(rest) for rest in sorted(chosen)):
        if axes is not None:
            with suppress(StudyFileError):  # launched, and the centre has no result yet
                found.append(ablation(store, run_id, axes=axes))
    return found


def _check_axes(axes: Sequence[str]) -> None:
    for axis in axes:
        if axis not in AXIS_NAMES:
            raise refuse("axis", axis, ", ".join(AXIS_NAMES))


def _recorded_neighbours(origin: Origin, runs: Sequence[Run]) -> list[Neighbour]:
    """The neighbours that the follow-up's studies asked for, in their order, done or not.

    Beside another trainability the gradient scale may be another one, too.
    """
    centre = origin.configuration
    found: dict[str, Neighbour] = {}
    for run in runs:
        configuration = run.configuration or {}
        differing = [axis for axis in AXIS_NAMES if configuration[axis] != centre[axis]]
        if differing and run.configuration_id not in found:
            axis = "trainability" if "trainability" in differing else differing[0]
            neighbour = Neighbour(axis, configuration[axis], configuration)
            found[run.configuration_id or ""] = neighbour
    return list(found.values())


def _identity(configuration: Configuration) -> str:
    return TalanConfig.from_axes(configuration).configuration_id


def _space(origin: Origin) -> Space:
    """The space of the run's host."""
    return study_files.resolve(origin.file).spaces[origin.run.host]


def _varied(centre: Configuration, *, axis: str, space: Space) -> list[tuple[Any, dict[str, Any]]]:
    """Other values of one axis, with the configurations they make; each model once."""
    found: list[tuple[Any, dict[str, Any]]] = []
    for value in _values(axis, space=space):
        changed = {**centre, axis: value}
        if axis == "trainability":
            changed["gradient_scale"] = _gamma(centre, trainability=value, space=space)
        if not _exists(changed, space=space) or changed == dict(centre):
            continue
        if all(changed != other for _, other in found):
            found.append((value, changed))
    return found


def _values(axis: str, *, space: Space) -> Sequence[Any]:
    if axis in ("trainability", "gradient_scale"):
        return [mode[axis == "gradient_scale"] for mode in space.modes]
    return {
        "layer": space.layers,
        "slots": space.slots,
        "mixer": space.mixers,
        "writeback": [dict(writeback) for writeback in space.writebacks],
    }[axis]


def _gamma(
    centre: Configuration, *, trainability: Mapping[str, object], space: Space
) -> float | None:
    """The gradient scale beside another trainability: the centre's where it means anything."""
    scales = [gamma for mode, gamma in space.modes if mode == trainability]
    return centre["gradient_scale"] if centre["gradient_scale"] in scales else scales[0]


def _exists(configuration: Configuration, *, space: Space) -> bool:
    """Whether the space has this pair of trainability and gradient scale."""
    mode = (configuration["trainability"], configuration["gradient_scale"])
    return mode in space.modes


def _effect(
    neighbour: Neighbour, runs: Mapping[int, Run], *, centre: Mapping[int, Run]
) -> AxisEffect | None:
    seeds = [seed for seed in centre if seed in runs]
    if not seeds:
        return None
    pairs = [(runs[seed], centre[seed]) for seed in seeds]
    return AxisEffect(
        neighbour=neighbour,
        relative=seed_summary([(a.mean_delta or 0) - (b.mean_delta or 0) for a, b in pairs]),
        cells={
            name: fmean((a.cells[name].delta or 0) - (b.cells[name].delta or 0) for a, b in pairs)
            for name in pairs[0][0].cells
        },
        mean_delta=fmean(run.mean_delta or 0 for run, _ in pairs),
        g1_seeds=sum(bool(run.g1) for run, _ in pairs),
        deltas=tuple(run.mean_delta or 0.0 for run in runs.values()),
    )


def _against_centre(effects: Sequence[AxisEffect], centre: Mapping[int, Run]) -> Dunnett | None:
    """Each model once, whatever axes lead to it."""
    deltas = {effect.neighbour.identity: effect.deltas for effect in effects}
    if not deltas:
        return None
    return dunnett(deltas, centre=[run.mean_delta or 0.0 for run in centre.values()])


def _distinct(around: Sequence[Neighbour]) -> list[Configuration]:
    """Each model once: two axes may lead to the same one."""
    return list({neighbour.identity: neighbour.configuration for neighbour in around}.values())


def _axes_of(rest: str) -> tuple[str, ...] | None:
    """The axes that the rest of a study's name tells; none: all; None: it is no ablation's name.

    ``-lm`` are layer and mixer, ``-2`` and ``-lm-2`` further seeds.
    """
    word = rest.removeprefix("-").partition("-")[0]
    initials = "" if word.isdecimal() else word
    axes = tuple(axis for axis in AXIS_NAMES if axis[0] in initials)
    return axes if "".join(axis[0] for axis in axes) == initials else None


def _stem(origin: Origin, axes: Sequence[str]) -> str:
    """One name for each choice of axes, whatever their order."""
    initials = "".join(axis[0] for axis in AXIS_NAMES if axis in axes)
    all_named = len(initials) in (0, len(AXIS_NAMES))
    return origin.stem("ablate") + ("" if all_named else f"-{initials}")
