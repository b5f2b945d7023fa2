"""One Optuna study a host: every trial told with its objective and its constraints.

Owns: opening the study beside our tables, writing finished trials, asking adaptive samplers for
the next point. Does not cover: which runs make up a trial and whether they are over
(``search.driving.trials``); our own tables, which stay the truth (``storage``).

A trial is a configuration on a host. Objective: the mean delta over its seeds, in pp, maximised.
One constraint per benchmark: minus the worst delta over its seeds, feasible at <= 0, so that a
feasible trial is G1 at every seed.

A trial of which some run ended early (``verdicts: exact``) has no objective and is told as Optuna's
PRUNED: a trial stopped before its end. Its constraints are what is known: minus the delta of cells
in full, minus the upper bound of a lost one (it is violated by that much or more), none for a cell
that is open. TPE ranks infeasible trials by their violation alone and so needs no more
(docs/decisions/0003-exact-verdicts.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState, create_trial
from sqlalchemy import make_url

from search.study.fresh_seeds import derived_seed
from search.study.keys import ADAPTIVE_SAMPLERS
from search.study.neighbours import neighbours
from search.study.space import Space, optuna_params
from storage import configure_sqlite, schema_engine_arguments

_ID = "configuration_id"
_DUPLICATE_TRIES = 10

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class TrialResult:
    """What a trial is told with.

    Args:
        configuration_id: The configuration's identity.
        configuration: Its canonical form.
        worst_deltas: The worst delta over seeds per benchmark, in pp; None where a run failed.
        mean_delta: The mean over seeds of the runs' mean deltas, in pp; None where a run failed,
            or ended early.
    """

    configuration_id: str
    configuration: Mapping[str, Any]
    worst_deltas: Mapping[str, float] | None
    mean_delta: float | None

    @property
    def state(self) -> TrialState:
        """What Optuna calls how it ended."""
        if self.worst_deltas is None:
            return TrialState.FAIL
        return TrialState.PRUNED if self.mean_delta is None else TrialState.COMPLETE


class HostStudy:
    """The Optuna study of one host.

    Args:
        storage: From ``open_optuna_storage``.
        name: ``study/backbone/adapter``.
        sampler: The design's sampler.
        seed: The design's seed; the sampler's own is derived from it, the name and the number of
            trials so far, so that a resumed study does not replay its first proposals.
        space: The host's space.
    """

    def __init__(
        self,
        storage: optuna.storages.RDBStorage,
        *,
        name: str,
        sampler: str,
        seed: int,
        space: Space,
    ) -> None:
        self._storage, self._space, self._seed = storage, space, seed
        self._adaptive = sampler in ADAPTIVE_SAMPLERS
        self._distributions = space.distributions(with_unscaled=not self._adaptive)
        self._study = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )
        # Not through the study, which would keep every trial in memory.
        trials = storage.get_all_trials(self._study._study_id, deepcopy=False)
        live = [t for t in trials if _ID in t.user_attrs and t.state != TrialState.FAIL]
        self._numbers: dict[str, int] = {t.user_attrs[_ID]: t.number for t in live}
        self._told = {t.user_attrs[_ID] for t in live if t.state.is_finished()}
        self._study.sampler = _sampler(sampler, seed=derived_seed(seed, name, len(trials)))

    @property
    def taken(self) -> set[str]:
        """Identities of the configurations that Optuna holds, told or running."""
        return set(self._numbers)

    def tell(self, result: TrialResult) -> int:
        """Record a trial that is over and answer its number; telling it again changes nothing.

        A failed trial may be told once more, as a new one, after its runs were done again.
        """
        identity = result.configuration_id
        if identity in self._told:
            return self._numbers[identity]
        number = self._numbers.pop(identity, None)
        if number is None:
            number = self._add(result)
        else:
            self._tell_asked(number, result)
        if result.state != TrialState.FAIL:
            self._numbers[identity] = number
            self._told.add(identity)
        return number

    def ask(
        self, *, identify: Callable[[Mapping[str, Any]], str], taken: set[str]
    ) -> tuple[int, dict[str, Any]] | None:
        """The sampler's next configuration that nobody has taken, or None when all are.

        A proposal that repeats a configuration costs no run: its trial is closed as failed.
        After ten repeats the free point nearest to the last of them is taken: the sampler has
        converged there, and a study never spins.
        """
        taken = taken | self.taken
        if len(taken) >= self._space.size:
            return None
        for _ in range(_DUPLICATE_TRIES):
            trial = self._study.ask(self._distributions)
            configuration = self._space.from_params(trial.params)
            identity = identify(configuration)
            if identity not in taken:
                trial.set_user_attr(_ID, identity)
                self._numbers[identity] = trial.number
                return trial.number, configuration
            self._study.tell(trial, state=TrialState.FAIL)
        return self._nearest_free(configuration, identify=identify, taken=taken)

    def close_orphans(self, known: set[str]) -> None:
        """Close as failed what was asked but never reached our tables (a crash in between)."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            identity = trial.user_attrs.get(_ID)
            if identity not in known:
                self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
                self._numbers.pop(identity, None)

    def _nearest_free(
        self,
        proposed: Mapping[str, object],
        *,
        identify: Callable[[Mapping[str, Any]], str],
        taken: set[str],
    ) -> tuple[int, dict[str, object]] | None:
        seed = derived_seed(self._seed, self._study.study_name, len(taken))
        for configuration in neighbours(self._space, proposed, seed=seed):
            identity = identify(configuration)
            if identity not in taken:
                params = self._params(configuration)
                self._study.enqueue_trial(params, user_attrs={_ID: identity})
                trial = self._study.ask(self._distributions)
                self._numbers[identity] = trial.number
                return trial.number, configuration
        return None

    def _params(self, configuration: Mapping[str, object]) -> dict[str, object]:
        """A configuration's parameters; an adaptive study has a gamma even where it is moot."""
        params = optuna_params(configuration)
        if self._adaptive and params["gradient_scale"] is None:
            params["gradient_scale"] = self._space.gammas[0]
        return params

    def _tell_asked(self, number: int, result: TrialResult) -> None:
        if result.worst_deltas is None:
            self._study.tell(number, state=TrialState.FAIL, skip_if_finished=True)
            return
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(
            self._study._study_id, number
        )
        trial = optuna.trial.Trial(self._study, trial_id)
        for benchmark, delta in result.worst_deltas.items():
            trial.set_constraint(benchmark, -delta)
        self._study.tell(number, result.mean_delta, state=result.state, skip_if_finished=True)

    def _add(self, result: TrialResult) -> int:
        # Study.add_trial() answers no number and keeps the trial in memory.
        template = self._finished(result)
        return int(self._storage._create_new_trial(self._study._study_id, template).number)

    def _finished(self, result: TrialResult) -> optuna.trial.FrozenTrial:
        return create_trial(
            state=result.state,
            value=result.mean_delta,
            params=self._params(result.configuration),
            distributions=self._distributions,
            user_attrs={_ID: result.configuration_id},
            constraints={b: -d for b, d in result.worst_deltas.items()}
            if result.worst_deltas
            else None,
        )


def host_study_name(study: str, *, backbone: str, adapter: str) -> str:
    """What Optuna calls a study on one host."""
    return f"{study}/{backbone}/{adapter}"


def open_optuna_storage(url: str) -> optuna.storages.RDBStorage:
    """Optuna's tables at a URL, over connections that are set up as our own are.

    In Postgres the schema that the URL asks for is named in each transaction, so that a pooler may
    stand in between.
    """
    escaped = url.replace("{", "%7B").replace("}", "%7D")  # Optuna formats its URL
    parsed = make_url(escaped)
    if parsed.get_backend_name() != "sqlite":
        schema = str(parsed.query.get("options", "")).partition("search_path=")[2] or "public"
        plain = parsed.difference_update_query(["options"]).render_as_string(hide_password=False)
        arguments = schema_engine_arguments(schema)
        return optuna.storages.RDBStorage(plain, engine_kwargs=arguments)
    storage = optuna.storages.RDBStorage(escaped)
    configure_sqlite(storage.engine)
    storage.engine.dispose()
    return storage


def _sampler(sampler: str, *, seed: int) -> optuna.samplers.BaseSampler:
    if sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, multivariate=True)
    if sampler == "nsga2":
        return optuna.samplers.NSGAIISampler(seed=seed, population_size=20)
    return optuna.samplers.RandomSampler(seed=seed)
