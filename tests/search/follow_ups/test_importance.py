"""Which axes matter: Optuna's importances of trials whose axes' effects are known."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial
from scripted_executor import Script

from api.views.importance import Importance
from search.driving.audits import Engine, drive, launch
from search.errors import StudyFileError
from search.follow_ups.importance import (
    FANOVA,
    METHODS,
    OBJECTIVES,
    PED_ANOVA,
    study_importance,
    trial_importance,
)
from search.study.file import parse_study
from storage import AuditStore, StudyNotFound

SPACE: dict[str, BaseDistribution] = {
    "layer": IntDistribution(0, 4),
    "slots": IntDistribution(1, 3),
    "mixer": CategoricalDistribution(("a", "b", "c")),
    "writeback": CategoricalDistribution(("only",)),
}


def trials(value: Callable[[int, int, str], float], *, bar: float = 0.0) -> list[FrozenTrial]:
    """The whole grid; feasible where the value reaches the bar."""
    return [
        create_trial(
            value=value(layer, slots, mixer),
            params={"layer": layer, "slots": slots, "mixer": mixer, "writeback": "only"},
            distributions=SPACE,
            constraints={"cell": bar - value(layer, slots, mixer)},
        )
        for layer, slots, mixer in itertools.product(range(5), range(1, 4), "abc")
    ]


def told(found: list[FrozenTrial], **keys: Any) -> dict[str, Any]:
    return trial_importance(
        found,
        **{
            "by": "mean_delta",
            "method": FANOVA,
            "resamples": 5,
            "shuffles": 0,
            "seed": 1,
            **keys,
        },
    )


def shares(result: dict[str, Any]) -> dict[str, float]:
    return {axis.axis: axis.share for axis in result["axes"]}


def ended_early(found: list[FrozenTrial]) -> list[FrozenTrial]:
    """The same trials, the infeasible ones without an objective."""
    return [
        trial
        if all(value <= 0 for value in trial.constraints.values())
        else create_trial(
            state=TrialState.PRUNED,
            params=trial.params,
            distributions=SPACE,
            constraints=trial.constraints,
        )
        for trial in found
    ]


@pytest.mark.parametrize("method", METHODS)
def test_trials_that_ended_early_are_infeasible_and_have_no_mean(method: str) -> None:
    found = trials(by_layer)
    early = ended_early(found)
    asked = {"by": "feasibility", "method": method}
    assert told(early, **asked) == told(found, **asked)
    assert shares(told(early, **asked))["layer"] > 0.9
    refused = told(early, method=method)
    assert refused["axes"] == ()
    assert refused["reason"] == (
        "18 of 45 trials ended early and have no mean delta; allowed: feasibility"
    )


def by_layer(layer: int, slots: int, mixer: str) -> float:
    return layer - 2.0


@pytest.mark.parametrize("method", [FANOVA, PED_ANOVA])
@pytest.mark.parametrize("by", OBJECTIVES)
def test_the_one_axis_that_decides_has_it_all(by: str, method: str) -> None:
    result = told(trials(by_layer), by=by, method=method)
    found = shares(result)
    assert next(iter(found)) == "layer"
    assert found["layer"] > 0.95
    assert found["writeback"] == 0
    assert sum(found.values()) == pytest.approx(1)
    assert (result["trials"], result["feasible"], result["resamples"]) == (45, 27, 5)
    for axis in result["axes"]:
        low, high = axis.interval
        assert 0 <= low <= high <= 1


@pytest.mark.parametrize("method", ["auto", "anova"])
def test_a_full_grid_has_exact_shares_and_says_what_is_left(method: str) -> None:
    """y = layer - 2 + 3 [mixer = b and slots > 1]: variances 2 and 2, 2/3 of the latter of axes."""

    def value(layer: int, slots: int, mixer: str) -> float:
        return layer - 2.0 + 3.0 * (mixer == "b" and slots > 1)

    result = told(trials(value), method=method, shuffles=None)
    found = shares(result)
    # Of 9 pairs of mixer and slots 2 have the 3: mixer's means are 0, 2, 0 and slots' 0, 1, 1.
    pair = 9 * 2 / 9 * (1 - 2 / 9)
    assert found["layer"] == pytest.approx(2 / (2 + pair))
    assert found["mixer"] == pytest.approx((8 / 9) / (2 + pair))
    assert found["slots"] == pytest.approx((2 / 9) / (2 + pair))
    assert found["writeback"] == 0
    assert result["together"] == pytest.approx(1 - sum(found.values()))
    assert (result["method"], result["r2"], result["shuffles"]) == ("anova", None, 999)
    assert [axis.axis for axis in result["axes"] if axis.important] == ["layer", "mixer"]


def test_what_is_no_full_grid_goes_to_the_forest_or_says_so() -> None:
    some = trials(by_layer)[1:]
    assert told(some, method="auto")["method"] == "fanova"
    assert told(some, method="anova")["reason"] == (
        "the trials are not a full grid; allowed: fanova, ped-anova"
    )


def noise(seed: int) -> list[FrozenTrial]:
    """Forty-three trials whose deltas have nothing to do with their axes."""
    rng = random.Random(seed)
    return [
        create_trial(
            value=rng.gauss(0, 1),
            params={
                "layer": rng.randrange(5),
                "slots": rng.randrange(1, 4),
                "mixer": rng.choice("abc"),
                "writeback": "only",
            },
            distributions=SPACE,
            constraints={"cell": rng.gauss(0, 1)},
        )
        for _ in range(43)
    ]


@pytest.mark.parametrize("method", [FANOVA, PED_ANOVA])
def test_noise_has_no_important_axis(method: str) -> None:
    told_of = [told(noise(seed), method=method, resamples=0, shuffles=19) for seed in range(12)]
    nothing = [result for result in told_of if result["reason"]]
    assert len(nothing) >= 8
    for result in nothing:
        assert result["axes"] == ()
        assert result["reason"].startswith("nothing to apportion: a forest predicts no trial")
        assert result["r2"] <= 0
    important = [axis for result in told_of for axis in result["axes"] if axis.important]
    assert len(important) <= 1


def test_an_effect_stands_out_from_shuffled_trials() -> None:
    rng = random.Random(3)
    some = [
        create_trial(
            value=2.0 * trial.params["layer"] + rng.gauss(0, 1),
            params=trial.params,
            distributions=SPACE,
            constraints=trial.constraints,
        )
        for trial in noise(1)
    ]
    result = told(some, resamples=0, shuffles=19)
    assert result["r2"] > 0.5
    assert [axis.axis for axis in result["axes"] if axis.important] == ["layer"]
    assert all(axis.reference is not None for axis in result["axes"])
    assert result["shuffles"] == 19


def test_what_decides_the_mean_may_not_decide_feasibility() -> None:
    """The mixer moves the mean far, among the infeasible alone; the layer decides feasibility."""

    def value(layer: int, slots: int, mixer: str) -> float:
        return 0.5 if layer > 2 else -1.0 - 20 * (mixer == "a")

    found = trials(value)
    assert shares(told(found))["mixer"] > shares(told(found))["layer"]
    assert shares(told(found, by="feasibility"))["layer"] > 0.95


def test_the_same_seed_tells_the_same() -> None:
    noisy = trials(lambda layer, slots, mixer: layer + slots * 7 * layer % 11 + 3 * (mixer == "b"))
    first, again, other = (told(noisy, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert [axis.interval for axis in first["axes"]] != [axis.interval for axis in other["axes"]]


@pytest.mark.parametrize(
    ("found", "by", "reason"),
    [
        (trials(by_layer)[:3], "mean_delta", "3 completed trials; at least 4 are needed"),
        (trials(lambda *_: 1.0), "mean_delta", "mean delta is the same in all trials"),
        (trials(by_layer, bar=9.0), "feasibility", "feasibility is the same in all trials"),
        ([], "feasibility", "0 completed trials; at least 4 are needed"),
    ],
)
def test_where_nothing_can_be_told_it_says_why(
    found: list[FrozenTrial], by: str, reason: str
) -> None:
    result = told(found, by=by)
    assert (result["axes"], result["reason"], result["resamples"]) == ((), reason, 0)


def test_without_resamples_there_is_no_interval() -> None:
    result = told(trials(by_layer), resamples=0)
    assert {axis.interval for axis in result["axes"]} == {None}


def test_of_a_driven_study(
    store: AuditStore, scripted: Callable[..., tuple[Engine, Script]]
) -> None:
    lora = {"type": "lora", "r": 8, "alpha": 16, "target_modules": ["q_proj"]}
    file = parse_study(
        {
            "name": "driven",
            "benchmarks": ["tiny_choice", "tiny_code"],
            "adapters": [lora, {**lora, "r": 4}],
            "axes": {"layer": [0, 1, 2], "slots": [1, 2], "trainability": [{"scope": "frozen"}]},
            "null_runs": {"sham": 2},
        }
    )
    launch(store, file, artifact_url="artifacts")
    (before, _) = study_importance(store, "driven")
    assert before.reason == "0 completed trials; at least 4 are needed"
    drive(store, "driven", engine=scripted()[0])
    found = study_importance(store, "driven", resamples=2)
    assert [(host.adapter, host.trials) for host in found] == [("lora-r8", 6), ("lora-r4", 6)]
    shape = Importance.from_record(
        found[0], study="driven", by="mean_delta", design="grid", notes=[]
    ).model_dump()
    assert {row["axis"] for row in shape["axes"]} == {
        "layer",
        "slots",
        "mixer",
        "writeback",
        "trainability",
        "gradient_scale",
    }
    # Three layers at two slot counts: a full grid, whose shares are exact.
    assert (shape["method"], shape["r2"], shape["shuffles"]) == ("anova", None, 999)
    total = sum(row["importance"] for row in shape["axes"])
    assert total + shape["together"] == pytest.approx(1)


def test_what_is_not_there(store: AuditStore) -> None:
    with pytest.raises(StudyNotFound):
        study_importance(store, "nowhere")
    with pytest.raises(StudyFileError, match=r"by: 'g1'.*allowed: mean_delta, feasibility"):
        study_importance(store, "nowhere", by="g1")
    with pytest.raises(
        StudyFileError, match=r"method: 'x'.*allowed: auto, anova, fanova, ped-anova"
    ):
        study_importance(store, "nowhere", method="x")
