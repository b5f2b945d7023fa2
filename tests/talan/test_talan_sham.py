"""A sham disturbs as much as TALAN would, and knows nothing of the sequence."""

import pytest
import torch
from tiny_talan_models import make_adapted, make_backbone, make_config
from transformers import DynamicCache, Trainer, TrainingArguments

from talan import (
    TalanCheckpointError,
    TalanConfigError,
    TalanInsertionError,
    Trainability,
    Writeback,
    attach,
    attach_sham,
    load_sham,
    perturbation_norm,
)
from talan.sham import random_direction

MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 0, 0]])
WRITEBACKS = [
    Writeback("gate", "vector", 0.008),
    Writeback("gate", "scalar", 0.5),
    Writeback("direct", None, 0.02),
]


def entering(model, layer, **inputs):
    """What decoder layer `layer` is given, after any block."""
    seen = []
    hook = model.model.layers[layer].input_layernorm.register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )
    with torch.no_grad():
        model(**inputs)
    hook.remove()
    return seen[0]


def changes(model, layer, attach_to, **inputs):
    """How far each real token moves, as vectors [tokens, d]."""
    before = entering(model, layer, **inputs)
    handle = attach_to(model)
    moved = entering(model, layer, **inputs) - before
    handle.detach()
    return moved[inputs["attention_mask"].bool()]


@pytest.mark.parametrize("writeback", WRITEBACKS)
@pytest.mark.parametrize("layer", [0, 2])
def test_it_moves_each_token_as_far_as_talan_moves_them_on_average(
    architecture, layer, writeback, ids
):
    model = make_backbone(architecture)
    config = make_config(layer=layer, writeback=writeback)
    batch = {"input_ids": ids, "attention_mask": MASK}
    norm = perturbation_norm(model, config, seed=5, batch=batch)
    theirs = changes(model, layer, lambda m: attach(m, config, seed=5), **batch)
    assert norm == pytest.approx(float(theirs.norm(dim=-1).mean()), rel=1e-3)
    assert norm > 0

    def sham(m):
        return attach_sham(m, config, seed=5, number=3, norm=norm)

    ours = changes(model, layer, sham, **batch)
    torch.testing.assert_close(ours.norm(dim=-1), torch.full((10,), norm), rtol=1e-3, atol=0)
    direction = random_direction(16, seed=5, number=3)
    torch.testing.assert_close(ours, (norm * direction).expand(10, 16), rtol=0, atol=2e-6)


def test_a_small_norm_is_measured_in_half_precision_too(ids):
    batch = {"input_ids": ids, "attention_mask": MASK}
    config = make_config(layer=0, writeback=Writeback("gate", "vector", 1e-5))
    exact = perturbation_norm(make_backbone(), config, seed=5, batch=batch)
    half = perturbation_norm(make_backbone().to(torch.bfloat16), config, seed=5, batch=batch)
    assert half == pytest.approx(exact, rel=0.01)


def test_other_tokens_have_no_say_in_it(ids):
    """At layer 0, where a token's own embedding is all that enters."""
    model = make_backbone()
    attach_sham(model, make_config(layer=0), seed=1, number=0, norm=2.0)
    whole = entering(model, 0, input_ids=ids)
    for place in range(ids.shape[1]):
        alone = entering(model, 0, input_ids=ids[:1, place : place + 1])
        assert torch.equal(alone[0, 0], whole[0, place])
    padded = entering(model, 0, input_ids=ids, attention_mask=MASK)
    assert torch.equal(padded, whole)


def test_directions_are_told_apart_by_seed_and_number():
    drawn = [random_direction(64, seed=s, number=n) for s in (1, 2) for n in range(20)]
    stacked = torch.stack(drawn)
    cosines = stacked @ stacked.T - torch.eye(40)
    assert cosines.abs().max() < 0.6
    assert float(cosines.mean()) == pytest.approx(0, abs=0.02)
    assert torch.equal(drawn[3], random_direction(64, seed=1, number=3))
    torch.testing.assert_close(stacked.norm(dim=-1), torch.ones(40))


def test_no_global_generator_and_no_flag_moves(ids):
    model = make_adapted(dropout=0.3).train()
    model.base_model.model.model.layers[1].eval()
    flags = [module.training for module in model.modules()]
    state = torch.random.get_rng_state()
    config = make_config()
    norm = perturbation_norm(
        model, config, seed=5, batch={"input_ids": ids, "attention_mask": MASK}
    )
    sham = attach_sham(model, config, seed=5, number=0, norm=norm)
    assert torch.equal(torch.random.get_rng_state(), state)
    sham.detach()
    assert [module.training for module in model.modules()] == flags


def test_detached_the_backbone_is_what_it_was(architecture, ids):
    model = make_backbone(architecture)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    names = [name for name, _ in model.named_modules()]
    logits = model(ids, use_cache=False).logits.detach()
    config = make_config()
    norm = perturbation_norm(
        model, config, seed=1, batch={"input_ids": ids, "attention_mask": MASK}
    )
    assert [name for name, _ in model.named_modules()] == names
    sham = attach_sham(model, config, seed=1, number=0, norm=norm)
    assert not torch.equal(model(ids, use_cache=False).logits, logits)
    sham.detach()
    sham.detach()
    assert torch.equal(model(ids, use_cache=False).logits, logits)
    assert [name for name, _ in model.named_modules()] == names
    after = model.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert after.keys() == before.keys()


def test_decoding_with_a_cache_is_a_full_recomputation(ids):
    model = make_backbone().double()
    attach_sham(model, make_config(), seed=1, number=0, norm=1.0)
    whole = model(ids, use_cache=False).logits
    cache = DynamicCache(config=model.config)
    parts = [model(part, past_key_values=cache).logits for part in ids.split([2, 1, 3], dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_training_leaves_it_as_it_is_and_follows_the_warm_up(tmp_path, ids):
    model = make_adapted()
    config = make_config(trainability=Trainability("all", warmup_identity=2))
    sham = attach_sham(model, config, seed=1, number=0, norm=3.0)
    vector, inputs = sham.block.vector.clone(), []
    layer = model.base_model.model.model.layers[1]
    layer.input_layernorm.register_forward_pre_hook(lambda _, args: inputs.append(args[0].detach()))
    entered = []
    layer.talan.register_forward_pre_hook(lambda *_: entered.append(1))
    rows = [{"input_ids": ids[0], "labels": ids[0]}] * 8
    arguments = TrainingArguments(
        str(tmp_path), max_steps=4, use_cpu=True, disable_tqdm=True, report_to="none"
    )
    Trainer(model, arguments, train_dataset=rows, callbacks=[sham.trainer_callback()]).train()
    assert len(inputs) == 4
    assert len(entered) == 2
    assert torch.equal(sham.block.vector, vector)
    assert not any("talan" in n for n, p in model.named_parameters() if p.requires_grad)


def test_saved_and_loaded_it_is_the_same(tmp_path, ids):
    model = make_backbone()
    sham = attach_sham(model, make_config(), seed=1, number=0, norm=2.0)
    logits = model(ids, use_cache=False).logits.detach()
    sham.save(tmp_path)
    data = (tmp_path / "talan_sham.safetensors").read_bytes()
    sham.save(tmp_path)
    assert (tmp_path / "talan_sham.safetensors").read_bytes() == data
    again = make_backbone()
    loaded = load_sham(again, tmp_path)
    assert torch.equal(again(ids, use_cache=False).logits, logits)
    assert loaded.norm == pytest.approx(2.0)
    with pytest.raises(TalanCheckpointError, match=r"shape \(16,\).* width 32"):
        load_sham(make_backbone(hidden_size=32), tmp_path)
    (tmp_path / "talan_sham.safetensors").write_bytes(data[:50])
    with pytest.raises(TalanCheckpointError, match=r"talan_sham\.safetensors cannot be read"):
        load_sham(make_backbone(), tmp_path)


@pytest.mark.parametrize("norm", [0.0, -1.0, float("nan"), float("inf")])
def test_a_disturbance_of_nothing_is_refused(norm):
    with pytest.raises(TalanConfigError, match="the sham's norm is"):
        attach_sham(make_backbone(), make_config(), seed=1, number=0, norm=norm)


def test_two_blocks_are_refused():
    model = make_backbone()
    attach(model, make_config())
    with pytest.raises(TalanInsertionError, match="at layer 1"):
        attach_sham(model, make_config(layer=2), seed=1, number=0, norm=1.0)
