"""The distance of a host from its baseline, on training examples that no step sees."""

import pytest
import torch

from workers.backbones.loading import load_backbone
from workers.errors import DataError
from workers.job.recipe import Recipe
from workers.training.held_out import (
    MOST_EXAMPLES,
    BaselineSays,
    baseline_says,
    held_out_examples,
    kl_to_baseline,
)
from workers.training.sft_data import IGNORED_LABEL, SftExample, plan_order, unseen_by


def example(*tokens: int, prompt: int = 2) -> SftExample:
    labels = tuple(IGNORED_LABEL if i < prompt else t for i, t in enumerate(tokens))
    return SftExample(tuple(tokens), labels)


EXAMPLES = [example(3, 4, 5, 6, 7), example(8, 9, 10, 11), example(5, 5, 6, prompt=1)]


@pytest.fixture
def models(small_backbone: str):
    """The same backbone twice, the second with a small change in its output layer."""
    first, second = (load_backbone(small_backbone)[0] for _ in range(2))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        weight = second.get_output_embeddings().weight
        weight.add_(0.05 * torch.randn(weight.shape, generator=generator))
    return first, second


def full_kl(first, second) -> float:
    """Over the whole vocabulary, read off the definition."""
    parts = []
    for one in EXAMPLES:
        ids = torch.tensor([one.input_ids])
        with torch.no_grad():
            p, q = (m.eval()(ids).logits[0, :-1].double().softmax(-1) for m in (first, second))
        spoken = torch.tensor([label != IGNORED_LABEL for label in one.labels[1:]])
        parts.append((p * (p / q).log()).sum(-1)[spoken])
    return float(torch.cat(parts).mean())


def test_it_is_the_divergence_of_the_definition_or_a_little_less(models):
    """65 outcomes tell two distributions apart at most as well as all tokens do."""
    first, second = models
    whole = full_kl(first, second)
    says = baseline_says(first, EXAMPLES)
    found = kl_to_baseline(second, EXAMPLES, baseline=says)
    assert says.tokens.shape[0] == sum(x != IGNORED_LABEL for e in EXAMPLES for x in e.labels[1:])
    assert 0 < found <= whole * (1 + 1e-9)
    assert found > whole / 20


def test_with_no_more_tokens_than_it_keeps_it_is_the_divergence(models, monkeypatch):
    first, second = models
    monkeypatch.setattr("workers.training.held_out.TOP", first.config.vocab_size)
    found = kl_to_baseline(second, EXAMPLES, baseline=baseline_says(first, EXAMPLES))
    assert found == pytest.approx(full_kl(first, second), rel=1e-6)


def test_the_baseline_is_at_0_and_the_artifact_keeps_every_bit(models):
    first, second = models
    says = baseline_says(first, EXAMPLES)
    again = BaselineSays.decode(says.encode())
    assert kl_to_baseline(first, EXAMPLES, baseline=says) == 0.0
    assert again.encode() == says.encode()
    distances = {kl_to_baseline(second, EXAMPLES, baseline=b) for b in (says, again)}
    assert len(distances) == 1


def test_modes_and_generators_are_left_as_they_are(models):
    first, _ = models
    first.train()
    before = torch.get_rng_state()
    baseline_says(first, EXAMPLES)
    assert first.training
    assert torch.equal(torch.get_rng_state(), before)


def test_other_positions_are_refused(models):
    first, second = models
    says = baseline_says(first, EXAMPLES)
    for others in (EXAMPLES[:2], [*EXAMPLES, example(1, 2, 3)]):
        with pytest.raises(DataError, match=r"measured at 7 held-out positions"):
            kl_to_baseline(second, others, baseline=says)
    with pytest.raises(DataError, match="cannot be read"):
        BaselineSays.decode(b"nothing of the kind")


def test_what_is_held_out_is_trained_on_by_no_step():
    recipe = Recipe(max_steps=5, batch_size=2, gradient_accumulation=3)
    for seed in (1, 2):
        seen = set(plan_order(100, recipe=recipe, seed=seed))
        unseen = unseen_by(100, recipe=recipe, seed=seed)
        assert len(seen) == 30
        assert seen.isdisjoint(unseen)
        assert len(seen) + len(unseen) == 100
    many = [example(1, 2, 3 + n) for n in range(100)]
    chosen = held_out_examples(many, recipe=recipe, seed=1)
    assert chosen == [many[i] for i in unseen_by(100, recipe=recipe, seed=1)][:MOST_EXAMPLES]
    with pytest.raises(DataError, match="all 30 training examples are trained on"):
        held_out_examples(many[:30], recipe=recipe, seed=1)
