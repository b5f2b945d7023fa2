"""How much each axis matters in a study: importance, read against what shuffled trials give.

Owns: shares of a host's trials by mean delta (pp) or by feasibility (1 where a trial is G1 at every
seed, else 0). On a full grid they are the exact ones of the analysis of variance. Elsewhere fANOVA
(Hutter, Hoos and Leyton-Brown, 2014) or PED-ANOVA (Watanabe, Bansal and Hutter, 2023), both
Optuna's, add up to 1 whatever the trials hold, noise too: nothing is apportioned where a forest's
R2 out of bag is 0 or less, each share has the 95% point of its shares in shuffled trials as its
reference (``search.statistics.importance_reference``), and intervals are from resampled trials.
fANOVA splits the variance of a random forest fitted to the trials. PED-ANOVA asks which axes tell
the best trials from all: the best tenth by mean delta, the feasible ones by feasibility.
Assumes: trials are a sample of the space (grid, random, qmc). An adaptive sampler's are not, and
its design is named. Trials that ended early (``verdicts: exact``) have a feasibility and no mean
delta: by mean delta nothing is told then, since the others are not a sample of the space.
Does not cover: what single values do (``search.follow_ups.ablation``).
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.driving.optuna_record import host_study_name, open_optuna_storage
from search.errors import refuse
from search.statistics.importance_reference import (
    FEWEST_SHUFFLES,
    Reference,
    grid_shares,
    out_of_bag_r2,
    shuffled_reference,
)
from search.study.file import recorded_file
from search.study.gamma_note import gamma_note
from search.study.keys import ADAPTIVE_SAMPLERS
from storage import AuditStore
from storage.records import Study

OBJECTIVES = ("mean_delta", "feasibility")
AUTO, ANOVA, FANOVA, PED_ANOVA = "auto", "anova", "fanova", "ped-anova"
METHODS = (AUTO, ANOVA, FANOVA, PED_ANOVA)
_FEWEST = 4
_NUM_TREES = 32
_BEST = 0.1  # the share of trials that PED-ANOVA tells from all, by mean delta
_SHUFFLES = {ANOVA: 999, PED_ANOVA: 199, FANOVA: 39}  # what takes about ten seconds at 100 trials
_MANY = 300  # trials from which on fANOVA takes a second and more a shuffle
_RESAMPLES, _FEWEST_RESAMPLES, _TRIALS_IN_TIME = 20, 10, 3_000
_NOTHING = (
    "nothing to apportion: a forest predicts no trial that it was not fitted to (R2 out of bag "
    "{:.2f})"
)


@dataclass(frozen=True)
class AxisImportance:
    """An axis's share of what varies.

    Attributes:
        axis: Which.
        share: In [0, 1].
        interval: 95%, from resampled trials; None where no resample could tell.
        reference: The 95% point of its share in shuffled trials; None where none were shuffled.
        important: Whether the share is more than chance gives any axis in 95% of studies.
    """

    axis: str
    share: float
    interval: tuple[float, float] | None
    reference: float | None = None
    important: bool | None = None


@dataclass(frozen=True)
class HostImportance:
    """Importance on one host.

    Args:
        backbone: The backbone.
        adapter: The adapter's label.
        trials: Completed trials, with those that ended early.
        feasible: How many of them are G1 at every seed.
        resamples: Resamples that the intervals are from.
        axes: Largest share first; empty where nothing can be told.
        reason: Why nothing can be told; None where something is.
        method: What the shares are of; None where nothing can be told for want of trials.
        r2: The forest's R2 out of bag; None for exact shares.
        shuffles: Shuffled trials that the references are from.
        together: With exact shares the rest: interactions of axes, and noise. Else None.
    """

    backbone: str
    adapter: str
    trials: int
    feasible: int
    resamples: int
    axes: tuple[AxisImportance, ...]
    reason: str | None = None
    method: str | None = None
    r2: float | None = None
    shuffles: int = 0
    together: float | None = None


def study_importance(
    store: AuditStore,
    study: str,
    *,
    by: str = "mean_delta",
    method: str = AUTO,
    resamples: int = 50,
    shuffles: int | None = None,
    seed: int = 0,
) -> list[HostImportance]:
    """The importance of the axes on each host of a study.

    Args:
        store: The record.
        study: Its name.
        by: ``mean_delta`` or ``feasibility``.
        method: ``anova`` (exact, a full grid), ``fanova``, ``ped-anova``, or ``auto``: the exact
            shares of a full grid, fANOVA elsewhere.
        resamples: For the intervals; exact shares have none.
        shuffles: For the references; 0 for none, None for as many as the method affords.
        seed: Of forests, resamples and shuffles.

    Raises:
        StudyNotFound: No such study.
        StudyFileError: An unknown objective or method.
    """
    if by not in OBJECTIVES:
        raise refuse("by", by, ", ".join(OBJECTIVES))
    if method not in METHODS:
        raise refuse("method", method, ", ".join(METHODS))
    found = store.studies.get(study)
    storage = open_optuna_storage(store.sibling_url("optuna"))
    hosts = []
    for host in found.hosts:
        backbone, adapter = host.backbone, host.adapter_label
        name = host_study_name(study, backbone=backbone, adapter=adapter)
        result = trial_importance(
            _completed(storage, name),
            by=by,
            method=method,
            resamples=resamples,
            shuffles=shuffles,
            seed=seed,
        )
        hosts.append(HostImportance(backbone, adapter, **result))
    return hosts


def affordable(num_trials: int) -> tuple[int, int]:
    """Resamples and shuffles of so many trials in some ten seconds, at 3 ms each.

    Shuffles come first: as few as have a 95% point, none where even those take too long. A few
    resamples would say nothing.
    """
    number = min(_RESAMPLES, _TRIALS_IN_TIME // max(num_trials, 1) - 1)
    resamples = number if number >= _FEWEST_RESAMPLES else 0
    return resamples, FEWEST_SHUFFLES if resamples >= FEWEST_SHUFFLES else 0


def importance_notes(study: Study) -> list[str]:
    """What to know of a study's axes beside their shares."""
    note = gamma_note(recorded_file(study.spec))
    return [note] if note else []


def no_sample_note(designs: Iterable[str]) -> str:
    """What to know where designs chose trials by their results; empty where none did."""
    adaptive = sorted(set(ADAPTIVE_SAMPLERS) & set(designs))
    note = f"{', '.join(adaptive)} chose trials by results: they are not a sample of the space."
    return note if adaptive else ""


def trial_importance(
    trials: Sequence[FrozenTrial],
    *,
    by: str,
    method: str,
    resamples: int,
    seed: int,
    shuffles: int | None = None,
) -> dict[str, Any]:
    """What ``HostImportance`` says of some completed trials."""
    counts = {
        "trials": len(trials),
        "feasible": sum(map(_is_feasible, trials)),
        "resamples": 0,
        "axes": (),
    }
    reason = _why_not(trials, by=by)
    if reason:
        return {**counts, "reason": reason}
    values = [_target(by)(trial) for trial in trials]
    points = [trial.params for trial in trials]
    exact = grid_shares(points, values) if method in (AUTO, ANOVA) else None
    if method == ANOVA and exact is None:
        return {**counts, "reason": "the trials are not a full grid; allowed: fanova, ped-anova"}
    used = ANOVA if exact is not None else FANOVA if method == AUTO else method
    fit = None if exact is not None else out_of_bag_r2(points, values, seed=seed)
    counts |= {"method": used, "r2": fit}
    if fit is not None and fit <= 0:
        return {**counts, "reason": _NOTHING.format(fit)}
    shares = exact or _shares(trials, values, by=by, method=used, seed=seed)
    draws = [] if exact else _resampled(trials, by=by, method=used, resamples=resamples, seed=seed)
    reference = _reference(trials, values, by=by, method=used, shuffles=shuffles, seed=seed)
    return {
        **counts,
        "resamples": len(draws),
        "shuffles": reference.shuffles if reference else 0,
        "together": 1 - sum(exact.values()) if exact is not None else None,
        "axes": tuple(
            AxisImportance(
                axis,
                share,
                interval=_interval([draw[axis] for draw in draws]),
                reference=reference.points[axis] if reference else None,
                important=reference.is_important(axis, share) if reference else None,
            )
            for axis, share in sorted(shares.items(), key=lambda item: -item[1])
        ),
    }


def _reference(
    trials: Sequence[FrozenTrial],
    values: Sequence[float],
    *,
    by: str,
    method: str,
    shuffles: int | None,
    seed: int,
) -> Reference | None:
    points = [trial.params for trial in trials]

    def shuffled(drawn: Sequence[float]) -> Mapping[str, float]:
        if method == ANOVA:
            found = grid_shares(points, drawn)
            assert found is not None
            return found
        return _shares(trials, drawn, by=by, method=method, seed=seed)

    number = _SHUFFLES[method] if shuffles is None or (shuffles and method == ANOVA) else shuffles
    if shuffles is None and method == FANOVA and len(trials) > _MANY:
        number = FEWEST_SHUFFLES
    if number == 0:
        return None
    return shuffled_reference(values, shuffled, shuffles=number, seed=seed)


def _completed(storage: optuna.storages.BaseStorage, name: str) -> list[FrozenTrial]:
    try:
        study = optuna.load_study(study_name=name, storage=storage)
    except KeyError:  # nothing of it was driven yet
        return []
    states = (TrialState.COMPLETE, TrialState.PRUNED)
    found: list[FrozenTrial] = study.get_trials(deepcopy=False, states=states)
    return found


def _why_not(trials: Sequence[FrozenTrial], *, by: str) -> str | None:
    if len(trials) < _FEWEST:
        return f"{len(trials)} completed trials; at least {_FEWEST} are needed"
    early = sum(trial.state == TrialState.PRUNED for trial in trials)
    if early and by == "mean_delta":
        return (
            f"{early} of {len(trials)} trials ended early and have no mean delta; "
            "allowed: feasibility"
        )
    if not _varies(trials, by=by):
        return f"{by.replace('_', ' ')} is the same in all trials"
    return None


def _varies(trials: Sequence[FrozenTrial], *, by: str) -> bool:
    target = _target(by)
    return len({target(trial) for trial in trials}) > 1


def _resampled(
    trials: Sequence[FrozenTrial], *, by: str, method: str, resamples: int, seed: int
) -> list[Mapping[str, float]]:
    """Shares over resampled trials; resamples in which nothing varies say nothing."""
    generator = random.Random(seed)
    draws = [generator.choices(trials, k=len(trials)) for _ in range(resamples)]
    target = _target(by)
    return [
        _shares(draw, [target(trial) for trial in draw], by=by, method=method, seed=seed + number)
        for number, draw in enumerate(draws, start=1)
        if _varies(draw, by=by)
    ]


def _shares(
    trials: Sequence[FrozenTrial], values: Sequence[float], *, by: str, method: str, seed: int
) -> dict[str, float]:
    """Optuna's shares of the trials' points with these values."""
    # Imported here: it brings scikit-learn, a third of the time that every server takes to start.
    from optuna.importance import (
        FanovaImportanceEvaluator,
        PedAnovaImportanceEvaluator,
        get_param_importances,
    )

    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            create_trial(value=value, params=trial.params, distributions=trial.distributions)
            for trial, value in zip(trials, values, strict=True)
        ]
    )
    if method == FANOVA:
        evaluator: object = FanovaImportanceEvaluator(n_trees=_NUM_TREES, seed=seed)
    else:
        evaluator = PedAnovaImportanceEvaluator(target_quantile=_best_share(values, by=by))
    sign = 1 if method == FANOVA else -1  # PED-ANOVA takes lower for better
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(
            study, evaluator=evaluator, target=lambda trial: sign * float(trial.value or 0.0)
        )
    return {axis: float(share) for axis, share in found.items()}


def _best_share(values: Sequence[float], *, by: str) -> float:
    return _BEST if by == "mean_delta" else sum(values) / len(values)


def _target(by: str) -> Callable[[FrozenTrial], float]:
    if by == "feasibility":
        return lambda trial: float(_is_feasible(trial))
    return lambda trial: float(trial.value or 0.0)


def _is_feasible(trial: FrozenTrial) -> bool:
    return all(constraint <= 0 for constraint in trial.constraints.values())


def _interval(values: Sequence[float]) -> tuple[float, float] | None:
    if not values:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return (float(low), float(high))
