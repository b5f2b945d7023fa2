"""Ray Tune drives the audit's executor: cells one by one, its scheduler's choice, the record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from small_suite import small_suite
from trained_study import STUDY, TrainedStudy

from search.driving.audits import launch
from search.driving.tune import AuditTrainable, configuration_of, search_space
from search.driving.tune_record import AuditExperiment
from search.errors import StudyFileError
from search.rates import g1_rows
from search.study.file import parse_study
from storage import AuditStore
from storage.records import RunFilter

AXES = {
    "layer": [1, 2],
    "mixer": ["per_token_mix"],
    # From next to nothing to one that breaks every answer: a scheduler has something to stop.
    "writeback": [
        {"rule": "direct", "alpha": 0.001},
        {"rule": "gate", "gate": "vector", "alpha": 0.001},
        {"rule": "direct", "alpha": 0.3},
        {"rule": "direct", "alpha": 30.0},
    ],
    "trainability": [{"scope": "all"}],
}
NAME, FAILED = "tuned", "failed"
CONTENT: dict[str, Any] = {**STUDY, "name": NAME, "axes": AXES, "resources": {"workers": 2}}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, AuditStore]]:
    """Eight configurations under ASHA on two workers: Tune's results, and the record."""
    folder: Path = tmp_path_factory.mktemp("tuned")
    url = f"sqlite:///{folder / 'talan.db'}"
    content = {
        **CONTENT,
        "benchmarks": small_suite(folder / "suite", *CONTENT["benchmarks"]),
        "training": {"max_steps": 1, "num_examples": 16},
    }
    with AuditExperiment(content, artifacts=str(folder / "artifacts"), storage=url) as audit:
        space = {axis: tune.grid_search(choice.categories) for axis, choice in audit.space.items()}
        scheduler = ASHAScheduler(
            metric="worst_delta", mode="max", grace_period=1, max_t=2, reduction_factor=2
        )
        results = tune.Tuner(
            audit.trainable,
            param_space=space,
            tune_config=tune.TuneConfig(scheduler=scheduler, reuse_actors=True),
            run_config=tune.RunConfig(
                callbacks=audit.callbacks, verbose=0, storage_path=str(folder / "tune")
            ),
        ).fit()
        fail_one(content, folder=folder, url=url)
    with AuditStore.open(url) as store:
        yield results, store


def fail_one(content: dict[str, Any], *, folder: Path, url: str) -> None:
    """One configuration whose worker finds a file where its artifacts go; Ray runs already."""
    axes = {**AXES, "layer": [1], "writeback": AXES["writeback"][:1]}
    artifacts = folder / "gone"
    failing = {**content, "name": FAILED, "axes": axes}
    with AuditExperiment(failing, artifacts=str(artifacts), storage=url) as audit:
        shutil.rmtree(artifacts)
        artifacts.touch()
        tune.Tuner(
            audit.trainable,
            run_config=tune.RunConfig(
                callbacks=audit.callbacks, verbose=0, storage_path=str(folder / "tune")
            ),
        ).fit()


def test_a_trial_that_fails_stands_in_the_record_with_its_cause(tuned: tuple[Any, AuditStore]):
    _, store = tuned
    (run,) = store.runs.iterate(FAILED, RunFilter(kind="treatment"))
    assert run.state == "failed"
    assert run.error is not None
    assert "gone" in run.error


def test_every_trial_stands_in_the_record_as_it_ended(tuned: tuple[Any, AuditStore]):
    results, store = tuned
    assert len(results) == 8
    assert not results.errors
    treated = RunFilter(kind="treatment")
    runs = {run.configuration_id: run for run in store.runs.iterate(NAME, treated)}
    assert len(runs) == 8
    (baseline,) = store.runs.iterate(NAME, RunFilter(kind="baseline"))
    seen = set()
    for result in results:
        last = result.metrics
        (run,) = [
            found
            for found in runs.values()
            if found.configuration is not None
            and found.configuration["layer"] == result.config["layer"]
            and _label(found.configuration["writeback"]) == result.config["writeback"]
        ]
        seen.add(run.id)
        if last["g1"] is not None:
            assert (run.state, run.g1) == ("completed", last["g1"])
            assert run.mean_delta == pytest.approx(last["mean_delta"], abs=1e-12)
        elif last["lost"]:
            assert (run.state, run.g1, run.mean_delta) == ("completed", False, None)
        else:
            assert (run.state, run.g1) == ("pending", None)
        for name, cell in run.cells.items():
            assert cell.baseline_n_correct == baseline.cells[name].n_correct
    assert len(seen) == 8
    pending = [run for run in runs.values() if run.state == "pending"]
    assert store.studies.get(NAME).state == ("stopped" if pending else "completed")


def _label(writeback: dict[str, Any]) -> str:
    parts = [writeback["rule"], writeback["gate"], f"{writeback['alpha']:g}"]
    return ":".join(part for part in parts if part)


def test_asha_stopped_some_between_benchmarks(tuned: tuple[Any, AuditStore]):
    results, store = tuned
    ended = [result.metrics["training_iteration"] for result in results]
    assert set(ended) == {1, 2}
    for run in store.runs.iterate(NAME, RunFilter(kind="treatment", state="completed")):
        assert len(run.cells) + len(run.bounds) == 2


def test_a_rate_of_runs_that_tune_chose_is_not_tested(tuned: tuple[Any, AuditStore]):
    _, store = tuned
    (row,) = g1_rows(store, NAME)
    assert row.interval is None
    assert any("tune chose configurations" in sentence for sentence in row.sentences)


def test_a_trial_alone_has_the_audits_bits(study: TrainedStudy, tmp_path: Path):
    file = parse_study(CONTENT)
    trainable = AuditTrainable.__new__(AuditTrainable)
    trainable.setup(
        {"layer": 1, "writeback": "direct:0.3"},
        study={**file.spec, "design": {}},
        artifacts=str(tmp_path),
        baseline={cell.benchmark: (cell.n_items, cell.n_items) for cell in study.cells},
    )
    try:
        first, second = trainable.step(), trainable.step()
        assert trainable.reset_config({"layer": 1, "writeback": "direct:0.3"})
        repeated = trainable.step()
    finally:
        trainable.cleanup()
    told = ("benchmark", "score", "delta", "lost")
    assert {key: repeated[key] for key in told} == {key: first[key] for key in told}
    scores = [result["score"] for result in (first, second)]
    assert scores == [cell.score for cell in study.cells]
    assert (first["g1"], first["done"], second["g1"], second["done"]) == (None, False, False, True)
    assert second["lost"]


def test_what_is_not_in_the_studys_axes_is_refused():
    file = parse_study(CONTENT)
    assert set(search_space(file)) == {"layer", "writeback"}
    for config, said in (
        ({"layer": 5, "writeback": "direct:0.3"}, "layer is 5; allowed: 1, 2"),
        ({"layer": 1}, "writeback is missing"),
        ({"depth": 1}, "'depth' is not an axis"),
    ):
        with pytest.raises(StudyFileError, match=said):
            configuration_of(file, config)


def test_several_hosts_or_seeds_are_refused(tmp_path: Path):
    with pytest.raises(StudyFileError, match="seeds: 2 values; allowed here: one"):
        AuditExperiment({**CONTENT, "seeds": [1, 2]}, artifacts=str(tmp_path))


def test_only_tune_puts_such_a_study_on_record(tmp_path: Path):
    file = parse_study({"name": "mine", "design": {"sampler": "tune"}})
    with (
        AuditStore.open(f"sqlite:///{tmp_path / 'talan.db'}") as store,
        pytest.raises(StudyFileError, match="for studies that Ray Tune drives"),
    ):
        launch(store, file, artifact_url=str(tmp_path))
