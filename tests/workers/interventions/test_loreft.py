"""The edit equals its equation at the prompt's positions and nowhere else; R stays orthonormal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from attached_host import attach_host, bench_of
from transformers import DynamicCache

from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import MethodError
from workers.interventions.loreft import LoreftBlock, Site
from workers.interventions.prompt_positions import Positions, chosen_positions
from workers.interventions.registry import read_method
from workers.job.jobs import RunJob

METHOD = {"method": "loreft", "rank": 3, "positions": "f2+l1", "learning_rate": 0.05}


def _chosen(text: str, **given: Any) -> list[list[int]] | None:
    found = chosen_positions(Positions.read(text), given)
    return None if found is None else [row.nonzero().flatten().tolist() for row in found]


IDS = torch.arange(12).view(2, 6)


def test_positions_of_prompts():
    labels = torch.tensor([[-100, -100, -100, -100, 5, 6], [-100, 5, 6, -100, 7, -100]])
    left = torch.tensor([[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]])
    right = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
    assert _chosen("f1+l2", input_ids=IDS) == [[0, 4, 5], [0, 4, 5]]
    assert _chosen("f1+l2", input_ids=IDS, labels=labels) == [[0, 2, 3], [0]]
    assert _chosen("f1+l1", input_ids=IDS, attention_mask=left) == [[2, 5], [0, 5]]
    assert _chosen("f1+l1", input_ids=IDS, attention_mask=right) == [[0, 3], [0, 5]]
    assert _chosen("f9+l9", input_ids=IDS) == [[0, 1, 2, 3, 4, 5]] * 2
    assert _chosen("f0+l1", input_ids=IDS) == [[5], [5]]


def test_packed_sequences_are_told_apart():
    ids, places = torch.arange(7).view(1, 7), torch.tensor([[0, 1, 2, 3, 0, 1, 2]])
    labels = torch.tensor([[-100, -100, 1, 1, -100, 1, 1]])
    given = {"input_ids": ids, "position_ids": places}
    assert _chosen("f1+l1", **given) == [[0, 3, 4, 6]]
    assert _chosen("f1+l1", labels=labels, **given) == [[0, 1, 4]]


def test_what_follows_a_cache_is_an_answer():
    cache = DynamicCache()
    assert _chosen("f1+l1", input_ids=IDS, past_key_values=cache) is not None
    states = torch.zeros(2, 1, 4, 8)
    cache.update(states, states, 0)
    assert _chosen("f1+l1", input_ids=IDS, past_key_values=cache) is None


def test_the_edit_equals_a_plain_reading():
    torch.manual_seed(1)
    block = LoreftBlock(8, 3, site=Site(torch.tensor([[True, False, True]])))
    h = torch.randn(1, 3, 8)
    found = block(h)
    weights = (block.subspace, block.source.weight, block.source.bias)
    R, W, b = (tensor.detach().double() for tensor in weights)
    for token in (0, 2):
        x = h[0, token].double()
        plain = x + R.T @ (W @ x + b - R @ x)
        assert found[0, token].double().detach().numpy() == pytest.approx(plain.numpy(), abs=1e-5)
    assert torch.equal(found[0, 1], h[0, 1])
    assert LoreftBlock(8, 3, site=Site())(h) is h


def test_r_stays_orthonormal_and_only_the_edit_is_trained(
    small_backbone: str, make_job: Callable[..., RunJob]
):
    model, tokenizer = load_backbone(small_backbone)
    resident = ResidentBackbone(small_backbone, model=model, tokenizer=tokenizer)
    job = make_job(method=METHOD, training={"num_examples": 16})  # the same 16 at every step
    host, bench = attach_host(resident, job), bench_of(resident, job)
    before = {name: block.subspace.detach().clone() for name, block in host.blocks.items()}
    losses = bench.train(host)
    assert losses[-1] < losses[0]
    for name, block in host.blocks.items():
        rows = block.subspace.detach().double()
        assert (rows @ rows.T).numpy() == pytest.approx(torch.eye(3).numpy(), abs=1e-5)
        assert not torch.allclose(block.subspace, before[name], atol=1e-3)
    trained = [name for name, p in model.named_parameters() if p.requires_grad]
    assert trained
    assert all(".talan_block." in name for name in trained)
    bench.bare(host)
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"positions": "f7"}, "positions are 'f7'; allowed: .* as 'f7\\+l7'"),
        ({"positions": "f0+l0"}, "positions are"),
        ({"rank": 0}, "loreft.rank is 0"),
        ({"layers": 3}, "loreft.layers is 3; allowed: a list of layers"),
        ({"learning_rate": [0.1, 0.1]}, "loreft.learning_rate is .*; allowed: .* different"),
        ({"learning_rate": -1}, "loreft.learning_rate is -1"),
    ],
)
def test_what_is_not_allowed_is_named(settings: dict[str, Any], said: str):
    with pytest.raises(MethodError, match=said):
        read_method({"method": "loreft", **settings})
