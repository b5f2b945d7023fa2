"""The shipped study files: the demo, and the paper's audited configurations."""

import json
from pathlib import Path

import pytest

from search.cost.measure import resolve_shapes, tabulate
from search.rates.reference import reference_shape
from search.study.file import read_study_file
from talan import TalanConfig

EXAMPLES = Path(__file__).parents[1] / "examples"
PAPER = sorted((EXAMPLES / "paper").glob("*.yaml"))
# Appendix C, in the paper's own words.
RECORDS = {
    "q32b": ("layer_12", 2, "multihead_local", "vector", 0.008, 0),
    "ds32b": ("embedding", 2, "cross_attn", "vector", 0.001, 0),
    "q8b": ("layer_4", 2, "per_token_mix", "vector", 0.0015, 0),
    "moe": ("embedding", 6, "multihead_local", "scalar", 0.008, 35),
}
SCALES = {"q32b": 500.0, "ds32b": 500.0, "q8b": 1000.0, "moe": None}


@pytest.fixture(autouse=True)
def without_hub(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.mark.parametrize("path", PAPER, ids=lambda path: path.stem)
def test_the_papers_studies_fit_their_backbones_and_stay_under_one_percent(path):
    audit, _ = resolve_shapes(read_study_file(path))
    recipe = audit.recipe
    assert recipe.batch_size * recipe.gradient_accumulation == 64
    assert (recipe.max_steps, recipe.num_examples, recipe.dtype) == (78, 5000, "bfloat16")
    assert (recipe.generation, recipe.eval_batch_size) == ("continuous", "auto")
    assert audit.benchmarks == ("gpqa_diamond", "gsm8k_cot", "minerva_math500", "mbpp")
    for table in tabulate(audit):
        assert {size.talan_share < 0.01 for size in table.sizes.largest.values()} == {True}


@pytest.mark.parametrize("name", RECORDS)
def test_the_audited_configurations_are_the_papers_records(name):
    file = read_study_file(EXAMPLES / "paper" / f"{name}.yaml")
    audit, _ = resolve_shapes(file)
    (point,) = audit.enumerated(0)
    record = TalanConfig.from_axes(point, **file.talan).to_record(hidden_size=64)
    told = ("connection_point", "n_themes", "network_type", "gate_type", "alpha", "freeze_steps")
    assert tuple(record[key] for key in told) == RECORDS[name]
    assert record["clustering_method"] == ("soft_mos" if name == "moe" else "attention")
    assert point["gradient_scale"] == SCALES[name]
    assert point["trainability"]["train_until"] == (20 if name == "q8b" else None)


def test_the_mixture_of_experts_has_its_own_rate_decay_and_seed():
    moe = read_study_file(EXAMPLES / "paper" / "moe.yaml")
    assert (moe.training["learning_rate"], moe.training["weight_decay"]) == (2.5e-5, 0.02)
    assert moe.seeds == [46]


def test_the_transfer_check_has_seven_seeds_of_two_adapters():
    llama = read_study_file(EXAMPLES / "paper" / "llama-1b.yaml")
    assert len(llama.seeds) == 7
    assert [adapter["type"] for adapter in llama.adapters] == ["lora", "rslora"]


def test_the_space_on_qwen3_8b_is_sampled_as_often_as_the_papers():
    audit, _ = resolve_shapes(read_study_file(EXAMPLES / "paper" / "q8b-space.yaml"))
    published = json.dumps(reference_shape())
    assert audit.treatments_due() == [727]
    assert "727" in published
    assert len({json.dumps(p, sort_keys=True) for p in audit.enumerated(0)}) == 727
