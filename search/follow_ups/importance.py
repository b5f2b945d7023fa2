"""How much each axis has to say in a study: importance, with its uncertainty.

Owns: fANOVA (Hutter, Hoos and Leyton-Brown, 2014) and PED-ANOVA (Watanabe, Bansal and Hutter,
2023), both Optuna's, of a host's trials by mean delta (pp) or by feasibility (1 where a trial is
G1 at every seed, else 0), as shares that add up to 1; and percentile intervals from resampling
trials with replacement, seeded.
fANOVA splits the variance of a random forest fitted to the trials. PED-ANOVA asks which axes tell
the best trials from all: the best tenth by mean delta, the feasible ones by feasibility.
Assumes: trials are a sample of the space (grid, random, qmc). An adaptive sampler's are not, and
its design is named. Trials that ended early (``verdicts: exact``) have a feasibility and no mean
delta: by mean delta nothing is told then, since the others are no sample of the space.
Does not cover: what single values do (``search.follow_ups.ablation``).
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.importance import (
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from search.driving.optuna_record import host_study_name, open_optuna_storage
from search.errors import refuse
from storage import AuditStore

OBJECTIVES = ("mean_delta", "feasibility")
METHODS = ("fanova", "ped-anova")
_FEWEST = 4
_NUM_TREES = 32
_BEST = 0.1  # the share of trials that PED-ANOVA tells from all, by mean delta


@dataclass(frozen=True)
class AxisImportance:
    """An axis's share of what varies, with a 95% interval; None where no resample could tell."""

    axis: str
    share: float
    interval: tuple[float, float] | None


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
    """

    backbone: str
    adapter: str
    trials: int
    feasible: int
    resamples: int
    axes: tuple[AxisImportance, ...]
    reason: str | None = None


def study_importance(
    store: AuditStore,
    study: str,
    *,
    by: str = "mean_delta",
    method: str = "fanova",
    resamples: int = 50,
    seed: int = 0,
) -> list[HostImportance]:
    """The importance of the axes on each host of a study.

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
            _completed(storage, name), by=by, method=method, resamples=resamples, seed=seed
        )
        hosts.append(HostImportance(backbone, adapter, **result))
    return hosts


def trial_importance(
    trials: Sequence[FrozenTrial], *, by: str, method: str, resamples: int, seed: int
) -> dict[str, Any]:
    """What ``HostImportance`` says of some completed trials."""
    counts = {"trials": len(trials), "feasible": sum(map(_is_feasible, trials))}
    reason = _why_not(trials, by=by)
    if reason:
        return {**counts, "resamples": 0, "axes": (), "reason": reason}
    shares = _shares(trials, by=by, method=method, seed=seed)
    draws = _resampled(trials, by=by, method=method, resamples=resamples, seed=seed)
    axes = [
        AxisImportance(axis, share, interval=_interval([draw[axis] for draw in draws]))
        for axis, share in sorted(shares.items(), key=lambda item: -item[1])
    ]
    return {**counts, "resamples": len(draws), "axes": tuple(axes)}


def importance_shape(study: str, *, by: str, found: HostImportance) -> dict[str, Any]:
    """One entry of ``talan importance NAME --json``."""
    return {
        "study": study,
        "backbone": found.backbone,
        "adapter": found.adapter,
        "by": by,
        "trials": found.trials,
        "feasible": found.feasible,
        "resamples": found.resamples,
        "axes": [
            {"axis": axis.axis, "importance": axis.share, "interval": axis.interval}
            for axis in found.axes
        ],
        "reason": found.reason,
    }


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
    return [
        _shares(draw, by=by, method=method, seed=seed + number)
        for number, draw in enumerate(draws, start=1)
        if _varies(draw, by=by)
    ]


def _shares(trials: Sequence[FrozenTrial], *, by: str, method: str, seed: int) -> dict[str, float]:
    target = _target(by)
    study = optuna.create_study(direction="maximize")
    study.add_trials([_with_value(trial) for trial in trials])
    if method == "fanova":
        evaluator: Any = FanovaImportanceEvaluator(n_trees=_NUM_TREES, seed=seed)
    else:
        evaluator = PedAnovaImportanceEvaluator(target_quantile=_best_share(trials, by=by))
    sign = 1 if method == "fanova" else -1  # PED-ANOVA takes lower for better
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(
            study, evaluator=evaluator, target=lambda trial: sign * target(trial)
        )
    return {axis: float(share) for axis, share in found.items()}


def _best_share(trials: Sequence[FrozenTrial], *, by: str) -> float:
    if by == "mean_delta":
        return _BEST
    return sum(map(_is_feasible, trials)) / len(trials)


def _target(by: str) -> Callable[[FrozenTrial], float]:
    if by == "feasibility":
        return lambda trial: float(_is_feasible(trial))
    return lambda trial: float(trial.value or 0.0)


def _with_value(trial: FrozenTrial) -> FrozenTrial:
    """Optuna tells of completed trials only; one that ended early takes part as infeasible."""
    if trial.state == TrialState.COMPLETE:
        return trial
    return create_trial(
        value=float(_is_feasible(trial)),
        params=trial.params,
        distributions=trial.distributions,
        constraints=trial.constraints,
    )


def _is_feasible(trial: FrozenTrial) -> bool:
    return all(constraint <= 0 for constraint in trial.constraints.values())


def _interval(values: Sequence[float]) -> tuple[float, float] | None:
    if not values:
        return None
    low, high = np.quantile(values, (0.025, 0.975))
    return (float(low), float(high))
