"""``talan cost`` and ``talan study check``: what is known before anything is trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from finished_study import finished
from recorded_study import BENCHMARKS
from talan_command import Talan

STUDY = """
name: costed
axes: {slots: [2, 4], mixer: [cross_attn, per_token_mix]}
null_runs: {seed: 2}
resources: {workers: 2}
"""
PUBLISHED = """
name: published
backbones: [Qwen/Qwen3-8B]
adapters: [{type: lora, r: 32, alpha: 64, target_modules: [q_proj, k_proj, v_proj, o_proj]}]
benchmarks: paper
"""


@pytest.fixture
def study(folder: Path) -> str:
    path = folder / "study.yaml"
    path.write_text(STUDY)
    return str(path)


def test_counts_without_a_record(talan: Talan, study: str, folder: Path) -> None:
    told = json.loads(talan("cost", study, "--json").out)
    (host,) = told["hosts"]
    assert (host["counted_on"], host["measured_on"]) == ("files", None)
    assert {row["mixer"] for row in host["mixers"]} == {"cross_attn", "per_token_mix"}
    assert told["estimate"]["runs"] == 1 + 4 + 2
    assert told["estimate"]["gpu_hours"] is None
    assert not (folder / "talan.db").exists()
    assert "nothing: measure with --measure" in talan("cost", study).out


def test_a_backbone_that_is_not_here_is_counted_on_its_published_shape(
    talan: Talan, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (folder / "published.yaml").write_text(PUBLISHED)
    (host,) = json.loads(talan("cost", "published.yaml", "--json").out)["hosts"]
    assert host["counted_on"] == "published shape"
    assert host["parameters"] == {"backbone": 8190735360, "adapter": 30670848}
    assert "its files are not here: Qwen/Qwen3-8B" in talan("cost", "published.yaml").out


def test_earlier_runs_make_the_estimate(talan: Talan, folder: Path) -> None:
    finished(lambda _: (10, 5))
    spec = json.dumps(
        {"name": "again", "benchmarks": list(BENCHMARKS), "axes": {"slots": [2, 4, 6]}}
    )
    (folder / "again.yaml").write_text(spec)
    estimate = json.loads(talan("cost", "again.yaml", "--json").out)["estimate"]
    (host,) = estimate["hosts"]
    assert host["runs"] == 4
    assert host["based_on"].endswith("earlier runs (finished)")
    assert estimate["cpu_hours"] == pytest.approx(4 * host["seconds_per_run"] / 3600)
    assert estimate["wall_s"] == pytest.approx(2 * host["seconds_per_run"])


def test_measured_ratios_and_an_estimate_from_them(talan: Talan, study: str) -> None:
    answer = talan("cost", study, "--measure", "--rounds", "1", "--json")
    told = json.loads(answer.out)
    assert told["hosts"][0]["measured_on"] == "its weights"
    for row in told["hosts"][0]["mixers"]:
        assert 0.5 < row["train_ratio"] < 5
        assert 0.5 < row["decode_ratio"] < 5
    assert told["estimate"]["hosts"][0]["based_on"] == "measured on this machine"
    assert "measuring tiny-qwen3 lora-r8 on" in answer.err


def test_a_sound_study_may_be_launched(talan: Talan, study: str, folder: Path) -> None:
    told = json.loads(talan("study", "check", study, "--json").out)
    assert told["runs"] == {"baseline": 1, "seed_null": 2, "treatment": 4}
    assert told["hosts"][0]["memory"]["device"] == "CPU"
    assert told["training_data"][0]["num_examples"] == 5000
    assert "costed can be launched" in talan("study", "check", study).out
    assert not (folder / "talan.db").exists()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ("talan: {heads: 300}", "heads is 300, but must be at most the inner width 128"),
        ("backbones: [no-such]", "There is no backbone 'no-such'"),
        ("training: {learning_rate: fast}", "training.learning_rate is 'fast'; allowed:"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    talan: Talan, folder: Path, changed: str, sentence: str
) -> None:
    (folder / "wrong.yaml").write_text(STUDY + changed)
    answer = talan("study", "check", "wrong.yaml")
    assert answer.code == 2
    assert sentence in answer.err
