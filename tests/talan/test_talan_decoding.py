"""Cached decoding: the memory of a step, and caches that running sums cannot follow."""

import copy

import pytest
import torch
from tiny_talan_models import make_adapted, make_backbone, make_config, randomise
from transformers import DynamicCache

from talan import TalanDecodingError, TalanInputError, attach
from talan.caches import given_cache

GREEDY = {"do_sample": False, "max_new_tokens": 6}


def make_model(scope, architecture="qwen3", **changes):
    model = make_backbone(architecture)
    talan = attach(model, make_config(summary_scope=scope, **changes))
    randomise(talan.block)
    return model, talan


def decode(model, ids, mask=None, *, num_tokens=6, cache=None):
    """Greedy decoding by hand: tokens, and the logits of every step."""
    steps = []
    cache = DynamicCache(config=model.config) if cache is None else cache
    with torch.no_grad():
        for _ in range(num_tokens):
            out = model(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True)
            steps.append(out.logits[:, -1])
            ids = out.logits[:, -1:].argmax(-1)
            mask = None if mask is None else torch.cat([mask, torch.ones_like(ids)], dim=1)
    return torch.stack(steps, dim=1)


def watch(model, layer):
    """Collects what enters the hooked layer, before and after the block."""
    before, after = [], []
    embed = model.model.embed_tokens
    embed.register_forward_hook(lambda _m, _a, out: before.append(out))
    norm = model.model.layers[layer].input_layernorm
    norm.register_forward_pre_hook(lambda _m, args: after.append(args[0]))
    return before, after


@pytest.mark.parametrize("summarizer", ["attention", "soft_mos"])
def test_prefix_decoding_equals_full_recomputation(architecture, summarizer, ids):
    model, _ = make_model("prefix", architecture, summarizer=summarizer)
    cached = decode(model, ids)
    tokens = torch.cat([ids, cached.argmax(-1)], dim=1)
    with torch.no_grad():
        full = model(tokens[:, :-1], use_cache=False).logits[:, ids.shape[1] - 1 :]
    torch.testing.assert_close(cached, full, rtol=1e-5, atol=1e-5)
    assert torch.equal(model.generate(ids, **GREEDY), tokens)


@pytest.mark.parametrize("summarizer", ["attention", "soft_mos"])
def test_sequence_steps_use_the_memory_of_all_tokens_so_far(architecture, summarizer, ids):
    """At layer 0 the block's input does not depend on the cache, so each step can be checked."""
    model, talan = make_model("sequence", architecture, layer=0, summarizer=summarizer)
    before, after = watch(model, 0)
    decode(model, ids)
    tokens = torch.cat(before, dim=1)
    prompt = ids.shape[1]
    torch.testing.assert_close(after[0], talan.block(tokens[:, :prompt]))
    for step in range(1, 6):
        length = prompt + step
        expected = talan.block(tokens[:, :length])[:, -1:]
        torch.testing.assert_close(after[step], expected, rtol=1e-5, atol=1e-5)
        alone = talan.block(tokens[:, length - 1 : length])
        assert not torch.allclose(after[step], alone, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
def test_batched_left_padded_generation_equals_each_prompt_alone(architecture, scope):
    model, _ = make_model(scope, architecture)
    prompts = [torch.tensor([5, 9, 12, 30, 8]), torch.tensor([7, 3, 21])]
    ids = torch.stack([torch.cat([torch.zeros(5 - len(p), dtype=torch.long), p]) for p in prompts])
    mask = torch.tensor([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1]])
    together = decode(model, ids, mask)
    for row, prompt in enumerate(prompts):
        alone = decode(model, prompt[None])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-5, atol=1e-5)
        new = model.generate(prompt[None], **GREEDY)[0, len(prompt) :]
        batch = model.generate(ids, attention_mask=mask, **GREEDY)
        assert torch.equal(batch[row, 5:], new)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
def test_no_state_leaks_from_one_prompt_into_another(scope, ids):
    model, _ = make_model(scope)
    first = decode(model, ids)
    decode(model, ids.flip(1))
    assert torch.equal(decode(model, ids), first)
    caches = [DynamicCache(config=model.config) for _ in range(2)]
    turns = [[], []]
    rows = [ids, ids.flip(1)]
    with torch.no_grad():
        for _ in range(3):
            for i, cache in enumerate(caches):
                out = model(rows[i], past_key_values=cache).logits[:, -1]
                turns[i].append(out)
                rows[i] = out.argmax(-1)[:, None]
    assert torch.equal(torch.stack(turns[0], 1), first[:, :3])
    used = DynamicCache(config=model.config)
    decode(model, ids.flip(1), cache=used)
    used.reset()
    assert torch.equal(decode(model, ids, cache=used), first)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
def test_a_copied_cache_carries_its_memory(scope, ids):
    model, _ = make_model(scope)
    cache, step = DynamicCache(config=model.config), torch.tensor([[4], [6]])
    with torch.no_grad():
        model(ids, past_key_values=cache)
        copied = copy.deepcopy(cache)
        expected = model(step, past_key_values=cache).logits
        assert torch.equal(model(step, past_key_values=copied).logits, expected)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 2}, "num_beams=1"),
        ({"cache_implementation": "static"}, "StaticCache: use a dynamic cache"),
    ],
)
def test_generation_that_sums_cannot_follow_is_refused(scope, options, message, ids):
    model, _ = make_model(scope)
    with pytest.raises(TalanDecodingError, match=message):
        model.generate(ids, **GREEDY, **options)


def test_assisted_decoding_and_split_prompts_are_refused_where_they_would_be_wrong(ids):
    model, _ = make_model("sequence")
    repeated = torch.tensor([[5, 9, 5, 9, 5, 9]])
    for num_tokens in (2, 6):
        with pytest.raises(TalanDecodingError, match="assisted decoding"):
            model.generate(
                repeated, prompt_lookup_num_tokens=2, max_new_tokens=num_tokens, do_sample=False
            )
    with pytest.raises(TalanDecodingError, match="2 tokens follow a cache of 2"):
        model.generate(ids, prefill_chunk_size=2, **GREEDY)
    model, _ = make_model("prefix")
    whole = model.generate(ids, **GREEDY)
    assert torch.equal(model.generate(ids, prefill_chunk_size=2, **GREEDY), whole)
    cache = DynamicCache(config=model.config)
    model(ids, past_key_values=cache)
    with pytest.raises(TalanDecodingError, match="cropping"):
        cache.crop(-1)
    for call in (lambda: cache.batch_repeat_interleave(2), lambda: cache.batch_select_indices([0])):
        with pytest.raises(TalanDecodingError, match="a cache for each prompt"):
            call()


@pytest.mark.parametrize("name", ["past_key_values", "cache"])
def test_a_cache_is_found_by_either_name_that_transformers_gives_it(name):
    cache = DynamicCache()
    assert given_cache({name: cache, "position_ids": None}) is cache
    assert given_cache({name: None}) is None


def test_continuous_batching_is_refused(ids):
    model, _ = make_model("prefix")
    with pytest.raises(TalanDecodingError, match="generate_batch"):
        model(ids, cache=object())


def test_a_cache_with_other_tokens_than_were_summarised_is_refused(ids):
    model, talan = make_model("sequence", layer=0)
    step = torch.tensor([[4], [6]])

    def filled():
        cache = DynamicCache(config=model.config)
        model(ids, past_key_values=cache)
        return cache

    with talan.disabled():
        foreign = filled()
    with pytest.raises(TalanDecodingError, match="holds 6 tokens but TALAN has summarised 0"):
        model(step, past_key_values=foreign)
    shortened = filled()
    for layer in shortened.layers:
        layer.crop(-2)
    with pytest.raises(TalanDecodingError, match="holds 4 tokens but TALAN has summarised 6"):
        model(step, past_key_values=shortened)
    with pytest.raises(TalanDecodingError, match="1 rows but the cached memory has 2"):
        model(step[:1], past_key_values=filled())
    stale = filled()
    talan.reset_state()
    with pytest.raises(TalanDecodingError, match="holds 6 tokens but TALAN has summarised 0"):
        model(step, past_key_values=stale)
    with pytest.raises(TalanInputError, match=r"\(2, 1\), but TALAN needs .* \(2, 7\)"):
        model(step, past_key_values=filled(), attention_mask=torch.ones(2, 1))


def test_generate_without_a_cache_recomputes_the_memory(ids):
    model, _ = make_model("prefix")
    cached = model.generate(ids, **GREEDY)
    assert torch.equal(model.generate(ids, use_cache=False, **GREEDY), cached)


@pytest.mark.parametrize("use_dora", [False, True])
def test_generation_through_peft_uses_the_block(use_dora, ids):
    model = make_adapted(use_dora=use_dora).eval()
    plain = model.generate(input_ids=ids, **GREEDY)
    talan = attach(model, make_config(summary_scope="prefix"))
    randomise(talan.block)
    steered = model.generate(input_ids=ids, **GREEDY)
    assert not torch.equal(steered, plain)
    with model.disable_adapter():
        assert torch.equal(model.generate(input_ids=ids, **GREEDY), steered)
    with talan.disabled():
        assert torch.equal(model.generate(input_ids=ids, **GREEDY), plain)
