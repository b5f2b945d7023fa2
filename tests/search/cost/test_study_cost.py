"""What a study will cost: how many runs, from what, and for how long."""

import pytest

from search.cost.cost import Workload, estimate_study, runs_of, workload
from search.study.file import parse_study
from search.study.plan import resolve
from storage.durations import Duration
from workers.backbones.costs import HostCost
from workers.job.recipe import Recipe

STUDY = {
    "name": "costed",
    "seeds": [1, 2],
    "axes": {"slots": [2, 4], "layer": [0, 1, 2]},
    "null_runs": {"seed": 3, "sham": 4},
    "resources": {"workers": 5, "cpus_per_run": 2, "gpus_per_run": 0.25},
}
COST = HostCost(
    train_ratio=1.5,
    decode_ratio=2.0,
    train_tokens_per_s=100.0,
    decode_tokens_per_s=10.0,
    peak_gib=None,
    talan_peak_gib=None,
)


@pytest.fixture(scope="module")
def audit():
    return resolve(parse_study(STUDY))


def _duration(audit, **changes):
    host = audit.hosts[0]
    known = {
        "study": "earlier",
        "spec": audit.file.spec,
        "backbone": host.backbone,
        "adapter": host.adapter,
        "kind": "treatment",
        "num_runs": 10,
        "mean_s": 30.0,
    }
    return Duration(**(known | changes))


def test_baselines_treatments_and_nulls_are_counted(audit):
    assert runs_of(audit, 0) == 2 + 2 * 6 + 3 + 4


def test_an_adaptive_design_counts_what_it_may_run():
    sampled = parse_study({**STUDY, "design": {"sampler": "tpe", "max_runs": 8}})
    assert runs_of(resolve(sampled), 0) == 2 + 8 + 3 + 4


def test_nothing_known_is_said(audit):
    estimate = estimate_study(audit)
    assert estimate.hosts[0].based_on is None
    assert (estimate.runs, estimate.wall_s, estimate.gpu_hours) == (21, None, None)


def test_earlier_runs_of_the_same_work_are_averaged(audit):
    durations = [_duration(audit), _duration(audit, kind="baseline", num_runs=2, mean_s=18.0)]
    estimate = estimate_study(audit, durations=durations)
    assert estimate.hosts[0].seconds_per_run == pytest.approx((10 * 30 + 2 * 18) / 12)
    assert estimate.hosts[0].based_on == "12 earlier runs (earlier)"
    assert estimate.compute_s == pytest.approx(21 * 28)
    assert estimate.wall_s == pytest.approx(21 * 28 / 5)
    assert estimate.cpu_hours == pytest.approx(21 * 28 * 2 / 3600)
    assert estimate.gpu_hours == pytest.approx(21 * 28 / 4 / 3600)


@pytest.mark.parametrize(
    "changes",
    [
        {"backbone": "another"},
        {"adapter": {"type": "dora"}},
        {"kind": "seed_null"},
        {"spec": {"benchmarks": "paper"}},
    ],
)
def test_other_work_is_not_taken_for_it(audit, changes):
    assert estimate_study(audit, durations=[_duration(audit, **changes)]).wall_s is None


def test_a_measurement_counts_where_the_record_has_nothing(audit):
    measured = estimate_study(audit, measured={0: 7.0})
    assert measured.hosts[0].based_on == "measured on this machine"
    assert measured.compute_s == 21 * 7
    recorded = estimate_study(audit, durations=[_duration(audit)], measured={0: 7.0})
    assert recorded.hosts[0].seconds_per_run == 30.0


def test_a_run_is_its_training_tokens_and_its_responses():
    recipe = Recipe(max_steps=10, batch_size=2, gradient_accumulation=3)
    work = workload(recipe, mean_tokens=50.0, decoded_tokens=400.0)
    assert work == Workload(train_tokens=3000.0, decoded_tokens=400.0)
    assert work.seconds(COST) == pytest.approx(3000 / 100 * 1.5 + 400 / 10 * 2)
