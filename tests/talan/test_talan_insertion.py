"""Where the block sits in a model, and which tokens it counts there."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_talan_models import make_adapted, make_backbone, make_config, randomise
from transformers import GPT2Config, GPT2LMHeadModel

from talan import TalanInputError, TalanInsertionError, Writeback, attach

SCOPES = ["sequence", "prefix"]


def entering(model, layer, **inputs):
    """What decoder layer `layer` is given."""
    seen = []
    hook = model.model.layers[layer].input_layernorm.register_forward_pre_hook(
        lambda _, args: seen.append(args[0])
    )
    with torch.no_grad():
        model(**inputs)
    hook.remove()
    return seen[0]


def logits(model, **inputs):
    with torch.no_grad():
        return model(use_cache=False, **inputs).logits


@pytest.mark.parametrize("layer", [0, 2])
def test_one_layer_is_given_the_blocks_output_and_the_others_are_as_before(
    architecture, layer, ids
):
    model = make_backbone(architecture)
    before = [entering(model, i, input_ids=ids) for i in range(3)]
    embedded = model.model.embed_tokens(ids)
    assert torch.equal(before[0], embedded)
    block = attach(model, make_config(layer=layer)).block
    after = [entering(model, i, input_ids=ids) for i in range(3)]
    torch.testing.assert_close(after[layer], block(before[layer]), rtol=0, atol=0)
    assert not torch.allclose(after[layer], before[layer])
    assert all(torch.equal(after[i], before[i]) for i in range(layer))


def test_qwen2_works_too(ids):
    model = make_backbone("qwen2")
    before = logits(model, input_ids=ids)
    attach(model, make_config())
    assert not torch.allclose(logits(model, input_ids=ids), before)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("with_positions", [False, True])
def test_padding_and_batching_do_not_change_real_tokens(architecture, scope, with_positions):
    model = make_backbone(architecture)
    randomise(attach(model, make_config(summary_scope=scope)).block)
    rows = [torch.tensor([5, 9, 12, 30, 8]), torch.tensor([7, 3, 21])]
    alone = [logits(model, input_ids=row[None])[0] for row in rows]
    for side in ("left", "right"):
        ids, mask = torch.zeros(2, 7, dtype=torch.long), torch.zeros(2, 7, dtype=torch.long)
        parts = []
        for i, row in enumerate(rows):
            part = slice(7 - len(row), 7) if side == "left" else slice(0, len(row))
            ids[i, part], mask[i, part] = row, 1
            parts.append(part)
        inputs = {"input_ids": ids, "attention_mask": mask}
        if with_positions:
            inputs["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)
        out = logits(model, **inputs)
        for i, part in enumerate(parts):
            torch.testing.assert_close(out[i, part], alone[i], rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("boundaries", [False, True])
def test_packed_sequences_are_summarised_one_by_one(architecture, scope, boundaries):
    model = make_backbone(architecture)
    randomise(attach(model, make_config(summary_scope=scope)).block)
    rows = [torch.tensor([5, 9, 12, 30]), torch.tensor([7, 3, 21]), torch.tensor([4])]
    packed = {
        "input_ids": torch.cat(rows)[None],
        "position_ids": torch.cat([torch.arange(len(row)) for row in rows])[None],
    }
    if boundaries:
        packed["cu_seq_lens_q"] = torch.tensor([0, 4, 7, 8], dtype=torch.int32)
    out = logits(model, **packed)[0].split([4, 3, 1])
    for part, row in zip(out, rows, strict=True):
        expected = logits(model, input_ids=row[None])[0]
        torch.testing.assert_close(part, expected, rtol=1e-5, atol=2e-6)


def test_packing_over_several_rows_keeps_rows_apart(ids):
    model = make_backbone()
    attach(model, make_config())
    positions = torch.tensor([[0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 4, 5]])
    out = logits(model, input_ids=ids, position_ids=positions)
    for row, part in ((0, slice(0, 4)), (0, slice(4, 6)), (1, slice(0, 6))):
        expected = logits(model, input_ids=ids[row : row + 1, part])[0]
        torch.testing.assert_close(out[row, part], expected, rtol=1e-5, atol=2e-6)


def test_packed_batches_in_which_sequences_see_each_other_are_refused(ids):
    model = make_backbone()
    attach(model, make_config())
    positions = torch.tensor([[0, 1, 2, 0, 1, 2]] * 2)
    with pytest.raises(TalanInputError, match="use_cache=False"):
        model(input_ids=ids, position_ids=positions, use_cache=True)
    with pytest.raises(TalanInputError, match="without attention_mask"):
        logits(model, input_ids=ids, position_ids=positions, attention_mask=torch.ones_like(ids))
    with pytest.raises(TalanInputError, match="describes 5 tokens, but the batch has 12"):
        logits(model, input_ids=ids, cu_seq_lens_q=torch.tensor([0, 5]))


def test_a_mask_that_does_not_tell_real_tokens_is_refused(ids):
    model = make_backbone()
    attach(model, make_config())
    with pytest.raises(TalanInputError, match=r"\(2, 1, 6, 6\), but TALAN needs .* \(2, 6\)"):
        logits(model, input_ids=ids, attention_mask=torch.zeros(2, 1, 6, 6))
    with pytest.raises(TalanInputError, match="attention_mask is dict"):
        logits(model, input_ids=ids, attention_mask={"full_attention": None})


def test_attach_and_detach_leave_the_backbone_bit_identical(architecture, ids):
    model = make_backbone(architecture)
    weights = copy.deepcopy(model.state_dict())
    before = logits(model, input_ids=ids)
    names = {name for name, _ in model.named_modules()}
    talan = attach(model, make_config())
    optimizer = torch.optim.AdamW(talan.block.parameters(), lr=0.1)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    talan.begin_step(0)
    for _ in range(2):
        model.train()(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    assert not torch.allclose(logits(model.eval(), input_ids=ids), before)
    talan.detach()
    talan.detach()
    assert {name for name, _ in model.named_modules()} == names
    assert model.state_dict().keys() == weights.keys()
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert torch.equal(logits(model, input_ids=ids), before)
    assert not model.model._forward_pre_hooks


def test_copies_of_a_model_use_their_own_block(ids):
    model = make_backbone()
    attach(model, make_config())
    before = logits(model, input_ids=ids)
    other = copy.deepcopy(model)
    randomise(other.model.layers[1].talan)
    assert torch.equal(logits(model, input_ids=ids), before)
    assert not torch.allclose(logits(other, input_ids=ids), before)


def test_gradients_reach_the_copy_in_modules_to_save(ids):
    model = make_backbone()
    talan = attach(model, make_config())
    lora = LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["talan"])
    adapted = get_peft_model(model, lora)
    adapted(input_ids=ids, labels=ids).loss.backward()
    copied = model.model.layers[1].talan.modules_to_save["default"]
    assert talan.block is copied
    assert all(
        p.grad is not None and p.grad.abs().sum() > 0
        for p in copied.writeback.parameters()
        if p.dim() == 1
    )


def test_nothing_is_shared_with_the_adapter_and_no_adapter_goes_into_the_block():
    """P2."""
    adapted = make_adapted()
    talan = attach(adapted, make_config())
    ours = {p.data_ptr() for p in talan.block.parameters()}
    adapter = {p.data_ptr() for n, p in adapted.named_parameters() if "lora_" in n}
    assert adapter
    assert not ours & adapter
    model = make_backbone()
    attach(model, make_config())
    everywhere = get_peft_model(model, LoraConfig(r=2, target_modules="all-linear"))
    inside = [n for n, _ in everywhere.named_parameters() if "talan" in n and "lora" in n]
    assert not inside


def test_disabled_is_the_identity_for_a_while(ids):
    model = make_backbone()
    before = logits(model, input_ids=ids)
    talan = attach(model, make_config())
    with talan.disabled():
        assert torch.equal(logits(model, input_ids=ids), before)
    assert not torch.allclose(logits(model, input_ids=ids), before)


def test_bf16_backbones_keep_the_block_in_float32(ids):
    model = make_backbone().to(torch.bfloat16)
    before = logits(model, input_ids=ids)
    talan = attach(model, make_config(writeback=Writeback("gate", "vector", 0.0)))
    assert all(p.dtype == torch.float32 for p in talan.block.parameters())
    assert torch.equal(logits(model, input_ids=ids), before)
    randomise(talan.block)
    after = logits(model, input_ids=ids)
    assert after.dtype == torch.bfloat16
    assert not torch.allclose(after, before)


def test_what_cannot_be_attached_to_is_refused():
    model = make_backbone()
    with pytest.raises(TalanInsertionError, match=r"layer is 3, .* layers 0 to 2"):
        attach(model, make_config(layer=3))
    attach(model, make_config())
    with pytest.raises(TalanInsertionError, match="at layer 1"):
        attach(model, make_config(layer=2))
    gpt2 = GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=1, vocab_size=10))
    with pytest.raises(TalanInsertionError, match="GPT2LMHeadModel has no decoder layers"):
        attach(gpt2, make_config())
    model = make_backbone()
    model.config.model_type = "mistral"
    with pytest.raises(TalanInsertionError, match=r"'mistral'.*llama, qwen2, qwen3, qwen3_moe"):
        attach(model, make_config())
