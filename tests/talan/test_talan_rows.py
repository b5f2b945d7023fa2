"""Rows that move between caches: each goes on as if it had been decoded alone."""

import pytest
import torch
from test_talan_decoding import make_model
from transformers import DynamicCache

from talan import Rows, TalanDecodingError, carry_rows, first_tokens_stand_alone

PROMPTS = ([5, 9, 12, 30, 8], [7, 3], [44, 2, 17, 20])
STEPS = torch.tensor([[4], [6], [9]])


def fill(model, prompts):
    """A cache of left-padded prompts, and their mask."""
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    cache = DynamicCache(config=model.config)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        model(ids, attention_mask=mask, position_ids=positions, past_key_values=cache)
    return cache, mask


def move(model, parts, width):
    """Keys, values and masks of rows of caches, aligned on the right."""
    into, masks = DynamicCache(config=model.config), []
    for layer in range(model.config.num_hidden_layers):
        states = []
        for name in ("keys", "values"):
            rows = [getattr(cache.layers[layer], name)[indices] for cache, _, indices in parts]
            rows = [torch.nn.functional.pad(r, (0, 0, width, 0))[:, :, -width:] for r in rows]
            states.append(torch.cat(rows))
        into.update(*states, layer)
    for _, mask, indices in parts:
        masks.append(torch.nn.functional.pad(mask[indices], (width, 0))[:, -width:])
    return into, torch.cat(masks)


@pytest.mark.parametrize("summarizer", ["attention", "soft_mos"])
@pytest.mark.parametrize("scope", ["sequence", "prefix"])
def test_moved_rows_are_decoded_as_each_alone(architecture, scope, summarizer):
    model, _ = make_model(scope, architecture, summarizer=summarizer)
    first, first_mask = fill(model, PROMPTS[:2])
    second, second_mask = fill(model, PROMPTS[2:])
    takes = [(second, second_mask, torch.tensor([0])), (first, first_mask, torch.tensor([1, 1]))]
    into, mask = move(model, takes, 4)  # the long row left out: its columns are gone

    carry_rows([Rows(cache, indices) for cache, _, indices in takes], into=into, num_columns=4)
    mask = torch.cat([mask, torch.ones(3, 1, dtype=mask.dtype)], dim=1)
    with torch.no_grad():
        together = model(
            STEPS,
            attention_mask=mask,
            position_ids=mask.sum(1, keepdim=True) - 1,
            past_key_values=into,
        ).logits

    for row, prompt in enumerate((PROMPTS[2], PROMPTS[1], PROMPTS[1])):
        cache, _ = fill(model, [prompt])
        with torch.no_grad():
            alone = model(STEPS[row : row + 1], past_key_values=cache).logits
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-5, atol=1e-5)
    assert into.talan_state.num_tokens == 5
    assert first.talan_state.num_tokens == 5  # what was taken from is as it was


def test_rows_without_their_sums_are_refused():
    model, _ = make_model("prefix")
    cache, mask = fill(model, PROMPTS[:2])
    into, _ = move(model, [(cache, mask, torch.tensor([0]))], 5)

    with pytest.raises(TalanDecodingError, match="holds 5 tokens but TALAN has summarised 0"):
        model(STEPS[:1], past_key_values=into)


def test_rows_of_different_attachments_do_not_mix():
    model, talan = make_model("prefix")
    old, _ = fill(model, PROMPTS[:1])
    talan.reset_state()
    new, _ = fill(model, PROMPTS[:1])
    row = torch.tensor([0])

    for parts in ([old, new], [new, DynamicCache(config=model.config)]):
        with pytest.raises(TalanDecodingError, match="different TALAN blocks"):
            carry_rows(
                [Rows(cache, row) for cache in parts],
                into=DynamicCache(config=model.config),
                num_columns=5,
            )


def test_without_talan_there_is_nothing_to_carry():
    model, talan = make_model("prefix")
    talan.detach()
    cache, _ = fill(model, PROMPTS[:1])
    into = DynamicCache(config=model.config)

    carry_rows([Rows(cache, torch.tensor([0]))], into=into, num_columns=5)

    assert not hasattr(into, "talan_state")


def test_first_tokens_stand_alone_unless_the_whole_sequence_is_summarised():
    sequence, talan = make_model("sequence")
    assert not first_tokens_stand_alone(sequence)
    with talan.disabled():
        assert first_tokens_stand_alone(sequence)
    assert first_tokens_stand_alone(make_model("prefix")[0])
    talan.detach()
    assert first_tokens_stand_alone(sequence)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
def test_what_stands_alone_is_what_does_not_change(scope):
    """The prompt's first keys, with two different continuations."""
    model, _ = make_model(scope)
    caches = [fill(model, [PROMPTS[0] + more])[0] for more in ([1, 2, 3], [40, 41, 42])]
    keys = [cache.layers[-1].keys[:, :, : len(PROMPTS[0])] for cache in caches]

    assert torch.allclose(*keys, rtol=1e-5, atol=1e-6) == first_tokens_stand_alone(model)
