"""Proposed tokens read what they would have read one by one, and leave no trace once taken back."""

import numpy as np
import pytest
import torch
from plain_reading import read
from test_talan_block import make_block, tokens
from test_talan_decoding import make_model
from tiny_talan_models import make_config, randomise
from transformers import DynamicCache

from talan import Rows, TalanDecodingError, carry_rows, keep_proposed, propose_next
from talan.state import RunningState
from talan.vocabulary import MIXERS, SUMMARIZERS, SUMMARY_SCOPES

PROMPT, PROPOSED = 4, 5
KEPT = torch.tensor([3, 0])


def proposing(block, x, mask, state):
    state.are_proposed = True
    with torch.no_grad():
        return block(x, mask, state)


@pytest.mark.parametrize("summarizer", SUMMARIZERS)
@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_each_proposed_token_reads_the_sums_up_to_itself(mixer, summarizer, scope):
    """Against the plain reading in float64; the second row is padded on both sides."""
    config = make_config(mixer=mixer, summarizer=summarizer, summary_scope=scope)
    block = make_block(config).double()
    randomise(block)
    weights = {name: value.detach().numpy() for name, value in block.named_parameters()}
    x = tokens(2, PROMPT + PROPOSED + 1, 8).double()
    real = torch.ones(2, PROMPT + PROPOSED + 1, dtype=torch.long)
    real[1, :2], real[1, PROMPT + 2 : PROMPT + PROPOSED] = 0, 0
    plain = make_config(mixer=mixer, summarizer=summarizer, summary_scope="prefix")

    state = RunningState(1, scope == "sequence")
    with torch.no_grad():
        block(x[:, :PROMPT], real[:, :PROMPT], state)
    new = slice(PROMPT, PROMPT + PROPOSED)
    said = proposing(block, x[:, new], real[:, new], state)
    expected = read(x.numpy(), real.numpy(), weights, plain, heads=2)
    shown = real[:, new].bool().numpy()
    np.testing.assert_allclose(said.numpy()[shown], expected[:, new][shown], rtol=1e-11, atol=1e-12)

    state.keep(KEPT)
    last = slice(PROMPT + PROPOSED, None)
    with torch.no_grad():
        after = block(x[:, last], real[:, last], state)
    kept = real.clone()
    kept[:, new] = torch.arange(PROPOSED) < KEPT[:, None]
    expected = read(x.numpy(), kept.numpy(), weights, plain, heads=2)
    np.testing.assert_allclose(after.numpy(), expected[:, last], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_a_model_goes_on_from_the_accepted_token(architecture, scope):
    model, _ = make_model(scope, architecture)
    ids = torch.tensor([[5, 9, 12, 30, 8]])
    proposed = torch.tensor([[7, 3, 21, 40]])

    def cached():
        cache = DynamicCache(config=model.config)
        model(ids, past_key_values=cache)
        return cache

    with torch.no_grad():
        one_by_one, step = cached(), []
        for token in proposed[0, :2]:
            step.append(model(token.view(1, 1), past_key_values=one_by_one).logits[:, -1])
        cache = cached()
        propose_next(cache)
        together = model(proposed, past_key_values=cache).logits
        keep_proposed(cache, torch.tensor([2]))
        mask = torch.tensor([[1] * 7 + [0, 0, 1]])  # what was taken back is padding
        token = torch.tensor([[11]])
        found = model(
            token, attention_mask=mask, position_ids=torch.tensor([[7]]), past_key_values=cache
        ).logits
        expected = model(token, past_key_values=one_by_one).logits

    torch.testing.assert_close(together[:, :2], torch.stack(step, dim=1), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_tokens_that_nobody_kept_are_refused():
    model, _ = make_model("prefix")
    cache = DynamicCache(config=model.config)
    with torch.no_grad():
        model(torch.tensor([[5, 9]]), past_key_values=cache)
        propose_next(cache)
        model(torch.tensor([[7, 3]]), past_key_values=cache)
        with pytest.raises(TalanDecodingError, match="keep_proposed after each pass"):
            model(torch.tensor([[1]]), past_key_values=cache)
    with pytest.raises(TalanDecodingError, match="keep_proposed first"):
        carry_rows(
            [Rows(cache, torch.tensor([0]))],
            into=DynamicCache(config=model.config),
            num_columns=4,
        )


def test_nothing_is_asked_of_a_cache_without_a_block():
    cache = DynamicCache()
    propose_next(cache)
    keep_proposed(cache, torch.tensor([1]))
