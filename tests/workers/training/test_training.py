"""Training: what is optimised, what is recorded, when it is stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from talan import TalanConfig, Trainability, Writeback, attach
from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.errors import TrainingDivergedError
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe
from workers.training.sft_data import IGNORED_LABEL, SftExample, collate, plan_batches
from workers.training.training import train, training_arguments

RECIPE = Recipe(
    max_steps=3,
    batch_size=4,
    gradient_accumulation=1,
    learning_rate=1e-2,
    warmup_ratio=0.4,
    dtype="float32",
    gradient_checkpointing=False,
)


def _examples(num: int = 12) -> list[SftExample]:
    generator = torch.Generator().manual_seed(0)
    examples = []
    for length in range(6, 6 + num):
        ids = torch.randint(7, 100, (length,), generator=generator).tolist()
        examples.append(SftExample(tuple(ids), (IGNORED_LABEL,) * 3 + tuple(ids[3:])))
    return examples


@pytest.fixture
def trained(
    small_backbone: str, lora: AdapterSpec, tmp_path: Path
) -> Callable[..., tuple[Any, tuple[float, ...]]]:
    def run(recipe: Recipe = RECIPE, **options: Any) -> tuple[Any, tuple[float, ...]]:
        adapted = attach_adapter(load_backbone(small_backbone)[0], lora, seed=1)
        losses = train(
            adapted,
            batches=plan_batches(_examples(), recipe=recipe, seed=1),
            recipe=recipe,
            seed=1,
            pad_token_id=0,
            output_dir=tmp_path,
            **options,
        )
        return adapted, losses

    return run


def _weights(adapted: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in adapted.parameters() if p.requires_grad])


def test_first_loss_is_the_mean_over_the_assistants_tokens(
    trained: Callable[..., Any], small_backbone: str
):
    _, losses = trained()
    model = load_backbone(small_backbone)[0]
    batch = collate(plan_batches(_examples(), recipe=RECIPE, seed=1)[0], pad_token_id=0)
    with torch.no_grad():
        logits = model(batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).double(), batch["labels"][:, 1:].flatten()
    )

    assert len(losses) == 3
    assert losses[0] == pytest.approx(float(expected), rel=1e-5)


def test_accumulation_is_one_large_batch(trained: Callable[..., Any]):
    whole, losses = trained(RECIPE)
    parts, same_losses = trained(RECIPE.replace(batch_size=2, gradient_accumulation=2))

    assert same_losses == pytest.approx(losses, rel=1e-5)
    torch.testing.assert_close(_weights(parts), _weights(whole), rtol=1e-3, atol=1e-5)


def test_gradient_checkpointing_changes_no_number(trained: Callable[..., Any]):
    plain, losses = trained()
    checkpointed, same_losses = trained(RECIPE.replace(gradient_checkpointing=True))

    assert same_losses == pytest.approx(losses, rel=1e-6)
    torch.testing.assert_close(_weights(checkpointed), _weights(plain))


def test_training_twice_gives_the_same_bits(trained: Callable[..., Any]):
    first, losses = trained()
    second, same_losses = trained()

    assert same_losses == losses
    assert torch.equal(_weights(first), _weights(second))


def test_loss_falls_and_nothing_is_written(trained: Callable[..., Any], tmp_path: Path):
    _, losses = trained(RECIPE.replace(max_steps=12))

    assert losses[-1] < losses[0] - 0.2
    assert list(tmp_path.iterdir()) == []


def test_diverging_training_is_stopped_at_the_step(
    small_backbone: str, lora: AdapterSpec, tmp_path: Path
):
    adapted = attach_adapter(load_backbone(small_backbone)[0], lora, seed=1)
    with torch.no_grad():
        next(p for p in adapted.parameters() if p.requires_grad).fill_(float("nan"))

    with pytest.raises(TrainingDivergedError, match="loss is nan at step 0"):
        train(
            adapted,
            batches=plan_batches(_examples(), recipe=RECIPE, seed=1),
            recipe=RECIPE,
            seed=1,
            pad_token_id=0,
            output_dir=tmp_path,
        )


def test_weights_that_stop_being_numbers_at_the_last_step_are_noticed(
    trained: Callable[..., Any],
):
    with pytest.raises(TrainingDivergedError, match="not finite"):
        trained(RECIPE.replace(max_steps=1, learning_rate=1e39, warmup_ratio=0.0))


@pytest.mark.parametrize("scope", ["all", "writeback", "frozen"])
def test_the_optimizer_holds_what_is_trained_and_nothing_else(
    scope: str, small_backbone: str, lora: AdapterSpec, tmp_path: Path
):
    """Adapter and TALAN alone: neither the backbone nor what the scope freezes has moments."""
    adapted = attach_adapter(load_backbone(small_backbone)[0], lora, seed=1)
    gate = Writeback("gate", "vector", 0.05)
    config = TalanConfig(1, 2, "cross_attn", gate, trainability=Trainability(scope))
    talan = attach(adapted, config, seed=1)
    watch = _Watch()
    train(
        adapted,
        batches=plan_batches(_examples(), recipe=RECIPE, seed=1),
        recipe=RECIPE,
        seed=1,
        pad_token_id=0,
        output_dir=tmp_path,
        callbacks=[talan.trainer_callback(), watch],
    )
    names = {id(parameter): name for name, parameter in adapted.named_parameters()}
    listed = [names[id(p)] for group in watch.optimizer.param_groups for p in group["params"]]
    trainable = [name for name, parameter in adapted.named_parameters() if parameter.requires_grad]
    with_moments = {names[id(p)] for p, state in watch.optimizer.state.items() if state}

    assert sorted(listed) == sorted(trainable)
    assert with_moments == set(trainable)
    assert all("lora_" in name or ".talan." in name for name in trainable)
    parts = {name.split(".talan.")[1].split(".")[0] for name in trainable if ".talan." in name}
    everything = {"summarizer", "mixer", "writeback"}
    assert parts == {"all": everything, "writeback": {"writeback"}, "frozen": set()}[scope]


class _Watch(TrainerCallback):
    optimizer: Any = None

    def on_train_end(self, *_: Any, optimizer: Any, **__: Any) -> None:
        self.optimizer = getattr(optimizer, "optimizer", optimizer)


def test_recipe_in_the_trainers_words(tmp_path: Path):
    recipe = Recipe(max_steps=78, learning_rate=2e-4, weight_decay=0.02, warmup_ratio=0.1)
    args = training_arguments(recipe, seed=5, device=torch.device("cpu"), output_dir=tmp_path)

    assert args.get_warmup_steps(78) == 8
    assert args.lr_scheduler_type == "cosine"
    assert (args.weight_decay, args.max_grad_norm, args.seed) == (0.02, 1.0, 5)
    assert args.bf16
    assert args.activation_checkpointing
    assert "adamw" in args.optim
    assert args.n_gpu == 0
