"""Packed micro-batches: the padded ones' losses and gradients, and no sequence sees another."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from talan import TalanConfig, attach
from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.errors import RecipeError
from workers.job.jobs import AdapterSpec, RunJob
from workers.job.recipe import Recipe
from workers.run.executor import RunExecutor
from workers.suites.registry import get_suite
from workers.training.packed_batches import (
    attention_by_example,
    lay_end_to_end,
    one_by_one,
    one_call,
)
from workers.training.sft_data import (
    IGNORED_LABEL,
    SftExample,
    collate,
    plan_batches,
    read_conversations,
    tokenise,
)
from workers.training.training import train

AXES: dict[str, Any] = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.05},
    "trainability": {"scope": "all", "train_until": 4, "warmup_identity": 1},
    "gradient_scale": 50.0,
}
RECIPE = Recipe(
    max_steps=6,
    batch_size=4,
    gradient_accumulation=2,
    learning_rate=5e-3,
    dtype="float32",
    gradient_checkpointing=False,
)
EXAMPLES = [
    SftExample((11, 12, 13, 14, 15), (IGNORED_LABEL, IGNORED_LABEL, 13, 14, 15)),
    SftExample((21, 22, 23), (IGNORED_LABEL, 22, 23)),
    SftExample((31, 32, 33, 34), (IGNORED_LABEL, IGNORED_LABEL, 33, 34)),
]


@pytest.fixture(scope="module")
def drills() -> list[SftExample]:
    _, tokenizer = load_backbone("tiny-qwen3")
    said = read_conversations(get_suite("tiny").train_file, num_examples=64)
    return tokenise(said, tokenizer=tokenizer, max_length=256)


@pytest.fixture
def losses_of(
    drills: list[SftExample], lora: AdapterSpec, tmp_path: Path
) -> Callable[..., tuple[float, ...]]:
    """Losses of a run on the real tiny backbone; ``scope``: with TALAN."""

    def run(recipe: Recipe, *, scope: str | None = None, checkpointed: bool = False) -> Any:
        adapted = attach_adapter(load_backbone("tiny-qwen3")[0], lora, seed=3)
        config = TalanConfig.from_axes(AXES, summary_scope=scope) if scope else None
        talan = attach(adapted, config, seed=3) if config else None
        recipe = recipe.replace(gradient_checkpointing=checkpointed)
        return train(
            adapted,
            batches=plan_batches(drills, recipe=recipe, seed=3),
            recipe=recipe,
            seed=3,
            pad_token_id=0,
            output_dir=tmp_path,
            callbacks=[talan.trainer_callback()] if talan else [],
        )

    return run


@pytest.mark.parametrize("scope", [None, "sequence", "prefix"])
def test_a_packed_run_has_the_padded_runs_losses(
    scope: str | None, losses_of: Callable[..., tuple[float, ...]]
):
    padded = losses_of(RECIPE, scope=scope)
    packed = losses_of(RECIPE.replace(batching="packed"), scope=scope)

    assert packed == pytest.approx(padded, rel=1e-5)
    assert padded[-1] < padded[0] - 0.05


def test_recomputed_activations_change_no_packed_loss(
    losses_of: Callable[..., tuple[float, ...]],
):
    recipe = RECIPE.replace(batching="packed", max_steps=3)
    plain = losses_of(recipe, scope="sequence")

    assert losses_of(recipe, scope="sequence", checkpointed=True) == pytest.approx(plain, rel=1e-6)


def test_a_row_holds_the_examples_and_no_padding():
    row = lay_end_to_end(EXAMPLES)

    assert row["input_ids"].tolist() == [[11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34]]
    assert row["position_ids"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3]]
    assert row["example_lengths"] == [5, 3, 4]
    assert "attention_mask" not in row


def test_a_first_token_is_nobodys_label():
    taught = [SftExample((1, 2), (1, 2)), SftExample((3, 4), (3, 4))]

    assert lay_end_to_end(taught)["labels"].tolist() == [[IGNORED_LABEL, 2, IGNORED_LABEL, 4]]


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_moe", "llama"])
@pytest.mark.parametrize("scope", [None, "sequence", "prefix"])
def test_no_example_sees_another(
    architecture: str, scope: str | None, make_backbone: Callable[[str], str]
):
    """Also the hidden state after TALAN's layer, where a summary over the row would show."""
    model = load_backbone(make_backbone(architecture))[0]
    if scope is not None:
        attach(model, TalanConfig.from_axes(AXES, summary_scope=scope), seed=1)
    changed = [EXAMPLES[0], SftExample((90, 91, 92), EXAMPLES[1].labels), EXAMPLES[2]]
    with attention_by_example(model), torch.no_grad():
        logits, others = (_logits(model, batch) for batch in (EXAMPLES, changed))
    alone = collate(EXAMPLES[2:], pad_token_id=0)
    with torch.no_grad():
        expected = model(alone["input_ids"], attention_mask=alone["attention_mask"]).logits[0]

    assert torch.equal(logits[:5], others[:5])
    assert torch.equal(logits[8:], others[8:])
    assert not torch.allclose(logits[5:8], others[5:8])
    torch.testing.assert_close(logits[8:], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lengths", [(3, 5, 1), (4,), (2, 2)])
def test_one_call_for_all_examples_is_a_call_for_each(lengths: tuple[int, ...]):
    torch.manual_seed(0)
    heads, width = 4, 6
    shapes = [(1, heads, sum(lengths), width), *2 * [(1, heads // 2, sum(lengths), width)]]
    row = tuple(torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes)
    attend = partial(scaled_dot_product_attention, is_causal=True, enable_gqa=True)
    weight = torch.randn(shapes[0], dtype=torch.float64)

    def outcome(way: Callable[..., torch.Tensor]) -> list[torch.Tensor]:
        out = way(attend, row, lengths)
        return [out.detach(), *torch.autograd.grad((out * weight).sum(), row)]

    for ours, expected in zip(outcome(one_call), outcome(one_by_one), strict=True):
        torch.testing.assert_close(ours, expected, rtol=0, atol=1e-13)


def test_the_backbones_own_attention_comes_back(small_backbone: str):
    model = load_backbone(small_backbone)[0]
    before = model.config._attn_implementation
    with pytest.raises(ZeroDivisionError), attention_by_example(model):
        raise ZeroDivisionError

    assert model.config._attn_implementation == before == "sdpa"


def test_a_window_shorter_than_an_example_is_refused(small_backbone: str):
    model = load_backbone(small_backbone)[0]
    model.model.layers[0].self_attn.sliding_window = 4
    with (
        attention_by_example(model),
        pytest.raises(RecipeError, match=r"5 tokens, .* window of 4;"),
    ):
        _logits(model, EXAMPLES)


def test_the_choice_is_part_of_the_recipe_and_leaves_old_hashes_alone():
    assert Recipe() == Recipe(batching="padded")
    assert Recipe(batching="packed").hash != Recipe().hash
    with pytest.raises(RecipeError, match=r"training\.batching is 'flat'; allowed: one of padded"):
        Recipe(batching="flat")


@pytest.mark.parametrize(
    ("key", "reason"), [("compile", "without its TALAN"), ("zero", "ZeRO clips")]
)
def test_what_cannot_hold_with_talan_is_refused_with_the_reason(key: str, reason: str):
    with pytest.raises(RecipeError, match=f"training has no key '{key}': .*{reason}"):
        Recipe().replace(**{key: 2})


@pytest.mark.parametrize("changes", [{"alpha": 0.0}, {}], ids=["null", "sham"])
def test_runs_on_packed_batches_are_matched_with_their_baseline(
    changes: dict[str, Any], executor: RunExecutor, make_job: Callable[..., RunJob]
):
    """The null intervention is the baseline bit for bit; a sham is measured and trained."""
    training = {"batching": "packed", "max_steps": 3}
    axes = AXES | {"writeback": AXES["writeback"] | changes, "gradient_scale": 1.0}
    axes |= {"trainability": {"scope": "frozen", "train_until": None, "warmup_identity": 0}}
    baseline = executor.begin(make_job(training=training))
    sham = None if changes else 0
    run = executor.begin(make_job(training=training, configuration=axes, sham=sham))

    assert (run.losses == baseline.losses) == bool(changes)
    assert executor.begin(make_job(training=training)).losses == baseline.losses
    if sham is not None:
        assert run.provenance["sham"]["norm"] > 0


def _logits(model: Any, batch: list[SftExample]) -> torch.Tensor:
    row = lay_end_to_end(batch)
    del row["labels"]
    logits: torch.Tensor = model(**row).logits[0]
    return logits
