"""Weight statistics against deltas: one that predicts them by construction, one that does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from search.analyses.discriminators import WeighedRun, discriminators
from search.analyses.signature import signatures
from search.analyses.weights import AUGMENTED, SIGNATURE_FEATURES, weight_statistics

HOST = "backbone lora"


def study(*, buckets: int = 6, runs: int = 8, seed: int = 1) -> list[WeighedRun]:
    """`planted` is the delta but for a bucket's own shift, `noise` nothing, `fixed` the same."""
    draw = np.random.default_rng(seed)
    found = []
    for bucket in range(buckets):
        shift = 50 * bucket
        for number in range(runs):
            delta = float(draw.normal())
            statistics = {
                "planted": shift - 2 * delta,
                "noise": float(draw.normal()),
                "fixed": 1.0,
                "absent": None,
            }
            identity = f"{bucket:08d}{number:08d}"
            found.append(
                WeighedRun(
                    identity, HOST, "cross_attn", f"layer {bucket}", statistics, delta, delta > 0
                )
            )
    return found


def test_what_predicts_the_delta_by_construction_is_found_and_noise_is_not() -> None:
    summary = discriminators(study(), names=("planted", "noise", "fixed", "absent"), seed=0)
    rows = {row["statistic"]: row for row in summary["rows"]}
    assert set(rows) == {"planted", "noise"}  # what does not vary, or is not there, is not tried
    assert summary["tried"] == 2
    planted, noise = rows["planted"], rows["noise"]
    assert planted["mean_r"] == pytest.approx(-1.0)
    assert (planted["sign_consistency"], planted["buckets"], planted["runs"]) == (1.0, 6, 48)
    assert planted["p"] == 0.001
    assert planted["p_corrected"] == 0.002
    assert noise["p_corrected"] > 0.05
    assert noise["mean_abs_r"] < noise["shuffled_high"]
    assert summary["rows"][0]["statistic"] == "planted"


def test_correlations_are_scipys_inside_the_buckets() -> None:
    runs = study(buckets=3, seed=4)
    (row,) = discriminators(runs, names=("noise",), seed=0)["rows"]
    found = []
    for bucket in ("layer 0", "layer 1", "layer 2"):
        inside = [run for run in runs if run.bucket == bucket]
        found.append(
            spearmanr(
                [run.statistics["noise"] for run in inside], [run.mean_delta for run in inside]
            ).statistic
        )
    assert row["mean_r"] == pytest.approx(np.mean(found))
    assert row["mean_abs_r"] == pytest.approx(np.mean(np.abs(found)))


def test_a_pure_noise_study_is_rarely_called() -> None:
    called = 0
    for seed in range(20):
        runs = study(buckets=3, runs=5, seed=100 + seed)
        rows = discriminators(runs, names=("noise",), seed=0)["rows"]
        called += rows[0]["p"] <= 0.05
    assert called <= 4  # 1 expected of 20; five or more have a chance of 0.3%


def test_buckets_that_are_too_small_are_said() -> None:
    summary = discriminators(study(runs=2), names=("planted",), seed=0)
    assert summary["rows"] == []
    assert "no bucket of the 12 runs has 3 or more" in summary["reason"]


def test_distance_to_the_champion_finds_a_planted_signature_and_leaves_the_champion_out() -> None:
    draw = np.random.default_rng(2)
    runs = []
    for number in range(24):
        away = float(draw.uniform(0, 5))
        statistics = {"a": away, "b": 7.0, "c": None}
        runs.append(
            WeighedRun(f"{number:016d}", HOST, "m", "bucket", statistics, -away, away < 1.0)
        )
    (row,) = signatures(runs, features={"13": ("a", "b", "c")}, seed=0)["rows"]
    best = min(runs, key=lambda run: run.statistics["a"] or 0.0)
    assert row["champion"] == best.run_id
    assert (row["runs"], row["num_features"], len(row["points"])) == (23, 1, 23)
    assert row["r"] == pytest.approx(-1.0)
    assert row["p"] == 0.001
    assert row["gap"] > 2
    assert row["shuffled_low"] < 0 < row["shuffled_high"]


def test_without_a_champion_or_enough_runs_there_is_a_reason() -> None:
    none = [WeighedRun(f"{n:016d}", HOST, "m", "b", {"a": n}, -1.0, False) for n in range(9)]
    (row,) = signatures(none, features={"13": ("a",)}, seed=0)["rows"]
    assert row["r"] is None
    assert row["reason"] == "no run of this host and mixer is strict G1"
    few = [WeighedRun(f"{n:016d}", HOST, "m", "b", {"a": n}, 1.0, True) for n in range(3)]
    (row,) = signatures(few, features={"13": ("a",)}, seed=0)["rows"]
    assert row["reason"] == "2 runs besides the champion; allowed: 8 or more"


def test_the_lists_have_the_lengths_that_the_paper_names() -> None:
    assert (len(SIGNATURE_FEATURES), len(AUGMENTED), len(set(AUGMENTED))) == (13, 29, 29)


def test_statistics_of_known_matrices() -> None:
    block = {
        "summarizer.theme_queries": np.array([[3.0, 0.0], [0.0, 4.0], [5.0, 0.0]]),
        "mixer.query.weight": np.eye(2) * 2,
        "mixer.query.bias": np.array([3.0, 4.0]),
        "mixer.key.weight": np.diag([1.0, 0.0]),
        "mixer.value.weight": np.diag([3.0, 4.0]),
        "mixer.out.weight": np.eye(2),
        "writeback.gate_vector": np.array([1.0, 3.0]),
        "writeback.lowrank.up.weight": np.zeros((2, 2)),
    }
    found = weight_statistics(block, alpha=1.0)
    assert found["theme_norm_mean"] == pytest.approx(4.0)
    assert found["theme_pairwise_cos_mean"] == pytest.approx(1 / 3)
    assert found["theme_pairwise_cos_std"] == pytest.approx(np.std([0.0, 1.0, 0.0]))
    assert found["q_norm"] == pytest.approx(np.sqrt(8))
    assert found["q_effective_rank"] == pytest.approx(2.0)
    assert found["q_bias_norm"] == pytest.approx(5.0)
    assert (found["k_effective_rank"], found["k_top_share"]) == (1.0, 1.0)
    assert found["v_stable_rank"] == pytest.approx(25 / 16)
    assert found["v_to_qk_ratio"] == pytest.approx(10 / (np.sqrt(8) + 1))
    assert (found["gate_mean"], found["gate_std"], found["gate_cv"]) == (2.0, 1.0, 0.5)
    assert found["gate_lowrank_norm"] == 0.0
    packed = {
        "summarizer.theme_projection": np.eye(2),
        "mixer.in_proj_weight": np.concatenate([np.eye(2), 2 * np.eye(2), 3 * np.eye(2)]),
        "mixer.in_proj_bias": np.zeros(6),
        "mixer.out_proj.weight": np.eye(2),
        "writeback.log_alpha_ratio": np.array([np.log(2.0)]),
    }
    found = weight_statistics(packed, alpha=0.25)
    assert [found[f"{name}_norm"] for name in "qkv"] == pytest.approx(
        [np.sqrt(2), np.sqrt(8), np.sqrt(18)]
    )
    assert found["gate_mean"] == pytest.approx(0.5)
    assert found["gate_lowrank_norm"] is None
