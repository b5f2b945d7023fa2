"""Optuna's record of a host, held to on SQLite and on Postgres."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from postgres_server import PostgresServer
from small_spaces import EXAMPLE_AXES, SMALL_AXES, space_of

from search.driving.optuna_record import HostStudy, TrialResult, derived_seed, open_optuna_storage
from search.study.axes import AXIS_NAMES
from search.study.plan import configuration_id
from search.study.space import Space
from storage import AuditStore

SMALL = space_of(SMALL_AXES)
LARGE = space_of(EXAMPLE_AXES)
EVERYTHING = {configuration_id(SMALL.point(index)) for index in range(SMALL.size)}


Host = Callable[..., HostStudy]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[optuna.storages.RDBStorage]:
    """Optuna's tables beside ours, as the driver opens them; one database for all tests here."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('optuna')}/talan.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create_database())
    with AuditStore.open(url) as store:
        yield open_optuna_storage(store.sibling_url("optuna"))


@pytest.fixture
def study(database: optuna.storages.RDBStorage, request: pytest.FixtureRequest) -> optuna.Study:
    """A study of the test's own, as anyone else sees it."""
    return optuna.create_study(storage=database, study_name=request.node.name, direction="maximize")


@pytest.fixture
def host(study: optuna.Study, database: optuna.storages.RDBStorage) -> Host:
    """Opens that study as a driver does at every start."""

    def open_host(sampler: str = "grid", *, space: Space = SMALL, seed: int = 0) -> HostStudy:
        return HostStudy(database, name=study.study_name, sampler=sampler, seed=seed, space=space)

    return open_host


def result(configuration: Any, *deltas: float) -> TrialResult:
    """What a trial of one seed is told with; no delta: its run failed."""
    return TrialResult(
        configuration_id=configuration_id(configuration),
        configuration=configuration,
        worst_deltas=dict(zip("abcd", deltas, strict=False)) if deltas else None,
        mean_delta=sum(deltas) / len(deltas) if deltas else None,
    )


def ask(host: HostStudy, taken: set[str] | None = None) -> dict[str, Any] | None:
    asked = host.ask(identify=configuration_id, taken=taken or set())
    return asked[1] if asked else None


def num_trials_in_memory() -> int:
    gc.collect()
    return sum(type(found) is optuna.trial.FrozenTrial for found in gc.get_objects())


class TestTold:
    def test_objective_constraints_and_champion(self, host: Host, study: optuna.Study) -> None:
        driver = host()
        told = [(1.0, 1.0), (9.0, -1.0), (2.0, 4.0), (0.0, 0.0), (-5.0, -5.0)]
        numbers = [
            driver.tell(result(SMALL.point(index), *deltas)) for index, deltas in enumerate(told)
        ]
        assert numbers == [0, 1, 2, 3, 4]
        for index, (trial, deltas) in enumerate(zip(study.trials, told, strict=True)):
            assert trial.state == TrialState.COMPLETE
            assert trial.value == sum(deltas) / 2
            assert trial.constraints == {"a": -deltas[0], "b": -deltas[1]}
            feasible = all(constraint <= 0 for constraint in trial.constraints.values())
            assert feasible == (min(deltas) >= 0)
            assert trial.user_attrs["configuration_id"] == configuration_id(SMALL.point(index))
        # Trial 1 has the largest mean and is infeasible; trial 2 is the best of the feasible.
        assert study.best_trial.number == 2

    def test_twice_is_once(self, host: Host, study: optuna.Study) -> None:
        driver = host()
        first = driver.tell(result(SMALL.point(0), 1.0))
        assert driver.tell(result(SMALL.point(0), 1.0)) == first
        assert host().tell(result(SMALL.point(0), 1.0)) == first  # another driver, after a crash
        assert len(study.trials) == 1

    def test_what_was_told_is_not_kept_in_memory(self, host: Host) -> None:
        host().tell(result(SMALL.point(0), 1.0))
        driver, before = host(), num_trials_in_memory()
        for index in range(1, SMALL.size):
            driver.tell(result(SMALL.point(index), 1.0))
        assert num_trials_in_memory() <= before

    @pytest.mark.parametrize("sampler", ["grid", "tpe"])
    def test_a_failed_one_is_told_anew_after_it_was_run_again(
        self, host: Host, study: optuna.Study, sampler: str
    ) -> None:
        points = [SMALL.point(index) for index in range(SMALL.size)]
        frozen = next(point for point in points if point["gradient_scale"] is None)
        assert host(sampler).tell(result(frozen)) == 0
        driver = host(sampler)
        assert driver.tell(result(frozen, 3.0)) == 1
        assert host(sampler).tell(result(frozen, 3.0)) == 1
        states = [trial.state for trial in study.trials]
        assert states == [TrialState.FAIL, TrialState.COMPLETE]
        assert study.trials[1].value == 3.0

    def test_importance_of_the_axes_can_be_asked(self, host: Host, study: optuna.Study) -> None:
        driver = host(space=LARGE)
        for index in range(0, LARGE.size, 12):
            point = LARGE.point(index)
            driver.tell(result(point, 10.0 * point["layer"] + 0.01 * (index % 7)))
        importances = optuna.importance.get_param_importances(study)
        assert set(importances) == set(AXIS_NAMES)
        assert max(importances, key=importances.__getitem__) == "layer"
        assert importances["layer"] > 0.8


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
class TestAsked:
    def test_never_repeats_and_exhausts_a_small_space(
        self, host: Host, study: optuna.Study, sampler: str
    ) -> None:
        driver, found = host(sampler), []
        while (point := ask(driver)) is not None:
            found.append(configuration_id(point))
            driver.tell(result(point, 1.0, float(len(found)) - 3))
        assert sorted(found) == sorted(EVERYTHING)
        complete = study.get_trials(states=(TrialState.COMPLETE,))
        assert [trial.user_attrs["configuration_id"] for trial in complete] == found
        assert complete[0].constraints == {"a": -1.0, "b": 2.0}
        assert study.best_trial.value == (1.0 + 3.0) / 2

    def test_knows_what_the_record_has_taken(self, host: Host, sampler: str) -> None:
        free = configuration_id(SMALL.point(3))
        point = ask(host(sampler), EVERYTHING - {free})
        assert point is not None
        assert configuration_id(point) == free
        assert ask(host(sampler), EVERYTHING) is None

    def test_a_resumed_study_goes_on_instead_of_starting_over(
        self, host: Host, study: optuna.Study, sampler: str
    ) -> None:
        asked = []
        for _ in range(2):
            driver = host(sampler, space=LARGE, seed=5)
            for _ in range(4):
                point = ask(driver)
                driver.tell(result(point, 1.0))
                asked.append(configuration_id(point))
        assert len(set(asked)) == 8
        # The first proposals, played again, would have been refused four times.
        assert len(study.get_trials(states=(TrialState.FAIL,))) < 4

    def test_orphans_are_closed_and_free_again(
        self, host: Host, study: optuna.Study, sampler: str
    ) -> None:
        crashed = host(sampler)
        kept, lost = ask(crashed), ask(crashed)
        study.ask(SMALL.distributions(with_unscaled=False))  # died before it was named
        resumed = host(sampler)
        resumed.close_orphans({configuration_id(kept)})
        states = [trial.state for trial in study.trials]
        assert states.count(TrialState.RUNNING) == 1
        assert resumed.taken == {configuration_id(kept)}
        again = ask(resumed, EVERYTHING - {configuration_id(lost)})
        assert again == lost

    def test_a_trial_that_was_asked_is_told_by_its_number(
        self, host: Host, study: optuna.Study, sampler: str
    ) -> None:
        asked = host(sampler).ask(identify=configuration_id, taken=set())
        assert asked is not None
        number, point = asked
        assert host(sampler).tell(result(point, 2.0, -1.0)) == number  # by the next driver
        trial = study.trials[number]
        assert (trial.state, trial.value) == (TrialState.COMPLETE, 0.5)
        assert trial.constraints == {"a": -2.0, "b": 1.0}

    def test_a_failed_one_closes_its_trial(
        self, host: Host, study: optuna.Study, sampler: str
    ) -> None:
        driver = host(sampler)
        asked = driver.ask(identify=configuration_id, taken=set())
        assert asked is not None
        number, point = asked
        assert driver.tell(result(point)) == number
        assert study.trials[number].state == TrialState.FAIL


def test_a_password_with_braces_opens_the_same_database(postgres_url: str) -> None:
    with_password = postgres_url.replace("talan@", "talan:p%7Bw%7D%25@")
    with AuditStore.open(with_password) as store:
        storage = open_optuna_storage(store.sibling_url("optuna"))
    assert storage.get_all_studies() == []


def test_a_seed_depends_on_every_part() -> None:
    assert derived_seed(0, "a", 1) == derived_seed(0, "a", 1)
    seeds = {derived_seed(*parts) for parts in [(0, "a", 1), (1, "a", 1), (0, "b", 1), (0, "a", 2)]}
    assert len(seeds) == 4
    assert derived_seed(1, 23) != derived_seed(12, 3)
    assert all(0 <= seed < 2**32 for seed in seeds)
