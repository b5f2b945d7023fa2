"""Drafts change how many passes an answer takes and not one of its tokens, in float32."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from test_generation_engine import (
    FEW_SHOT,
    MAX_NEW_TOKENS,
    STOPS,
    SmallDevice,
    insert_talan,
    make_prompts,
    one_by_one,
)

from talan import TalanConfig, Writeback, attach_sham
from talan.vocabulary import MIXERS, SUMMARIZERS, SUMMARY_SCOPES
from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.drafts.draft import num_agreeing
from workers.generation import Capacity, Engine, Prompt, Response, Stopping
from workers.generation.engine import NEAR_TIE
from workers.job.jobs import AdapterSpec
from workers.training.jitter import jitter_adapter

STOPPING = Stopping(MAX_NEW_TOKENS, STOPS)


def make_drafts(answers: Sequence[Sequence[int]]) -> list[list[int]]:
    """The answer itself; with one other token; cut; from its middle on; longer; another; none."""
    drafts = []
    for number, answer in enumerate(map(list, answers)):
        other = [(token + 1) % 50 + 3 for token in answer]
        middle = len(answer) // 2
        drafts.append(
            [
                answer,
                [*answer[:middle], *other[middle : middle + 1], *answer[middle + 1 :]],
                answer[:middle],
                [*other[:2], *answer[2:]],
                [*answer, *other, *answer],
                other,
                [],
            ][number % 7]
        )
    return drafts


def drafted(
    model: Any,
    prompts: Sequence[Sequence[int]],
    drafts: Sequence[Sequence[int]],
    *,
    stopping: Stopping = STOPPING,
    capacity: Capacity | None = None,
    near_tie: float = NEAR_TIE,
) -> tuple[list[Response], Engine]:
    engine = Engine(model, stopping=stopping, capacity=capacity or Capacity(4), near_tie=near_tie)
    asked = [
        Prompt(str(i), tokens, draft=draft)
        for i, (tokens, draft) in enumerate(zip(prompts, drafts, strict=True))
    ]
    found = sorted(engine.generate(asked), key=lambda response: response.index)
    assert [response.index for response in found] == list(range(len(prompts)))
    return found, engine


def said(found: tuple[list[Response], Engine]) -> list[list[int]]:
    return [list(response.tokens) for response in found[0]]


@pytest.fixture(scope="module", params=["qwen3", "qwen3_moe", "llama"])
def random_model(request: pytest.FixtureRequest, make_backbone: Callable[[str], str]) -> Any:
    return load_backbone(make_backbone(request.param))[0]


@pytest.fixture(scope="module")
def model(make_backbone: Callable[[str], str]) -> Any:
    return load_backbone(make_backbone("qwen3"))[0]


@pytest.fixture(scope="module")
def tiny() -> Any:
    return load_backbone("tiny-qwen3")[0]


def test_answers_are_those_of_one_by_one(random_model: Any):
    prompts = make_prompts(100)
    expected = one_by_one(random_model, prompts)
    drafts = make_drafts(expected)

    for capacity in (Capacity(1), Capacity(4), Capacity(14), Capacity(5, room=3)):
        found = drafted(random_model, prompts, drafts, capacity=capacity)
        assert said(found) == expected
    in_parts = Capacity(4, pass_tokens=12)  # three columns a pass
    assert said(drafted(random_model, prompts, drafts, capacity=in_parts)) == expected


@pytest.mark.parametrize("summarizer", SUMMARIZERS)
@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_every_block_on_the_tiny_backbone(tiny: Any, scope: str, mixer: str, summarizer: str):
    talan = insert_talan(tiny, summary_scope=scope, mixer=mixer, summarizer=summarizer, layer=2)
    prompts = make_prompts(100, shared=FEW_SHOT[:33])[:8]
    try:
        expected = one_by_one(tiny, prompts)
        assert said(drafted(tiny, prompts, make_drafts(expected))) == expected
    finally:
        talan.detach()


@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_sums_are_those_of_the_accepted_tokens(random_model: Any, scope: str):
    """Left padding, a shared beginning, small rooms, and little memory."""
    prompts = make_prompts(100, shared=FEW_SHOT[:33])
    talan = insert_talan(random_model, summary_scope=scope)
    try:
        expected = one_by_one(random_model, prompts)
        drafts = make_drafts(expected)
        for capacity in (Capacity(6), Capacity(5, 150, prefill_tokens=90, room=7)):
            assert said(drafted(random_model, prompts, drafts, capacity=capacity)) == expected
        with SmallDevice(random_model, max_cells=500):
            found = drafted(random_model, prompts, drafts, capacity=Capacity(14))
    finally:
        talan.detach()
    assert said(found) == expected
    assert found[1].tally.num_out_of_memory > 0


def test_a_right_draft_is_one_pass_and_none_is_a_pass_a_token(model: Any):
    prompts = make_prompts(100)
    expected = one_by_one(model, prompts)
    alike, _ = drafted(model, prompts, expected)
    plain, _ = drafted(model, prompts, [[]] * len(prompts))

    for one, other, tokens in zip(alike, plain, expected, strict=True):
        assert one.num_passes == min(1, len(tokens) - 1)
        assert one.num_drafted == max(0, len(tokens) - 2)
        assert (other.num_passes, other.num_drafted) == (len(tokens) - 1, 0)


def test_an_answer_may_be_wanted_only_as_it_was_drafted(model: Any):
    """What parts from its draft ends there; an answer that ends where it parts is whole."""
    prompts = make_prompts(100)
    expected = one_by_one(model, prompts)
    drafts = make_drafts(expected)
    engine = Engine(model, stopping=STOPPING, capacity=Capacity(4))
    asked = [
        Prompt(str(i), tokens, draft=draft, only_as_drafted=True)
        for i, (tokens, draft) in enumerate(zip(prompts, drafts, strict=True))
    ]
    found = sorted(engine.generate(asked), key=lambda response: response.index)

    for response, answer, draft in zip(found, expected, drafts, strict=True):
        agreed = num_agreeing(draft, answer)
        assert list(response.tokens) == answer[: agreed + 1]
        assert response.is_given_up == (len(response.tokens) < len(answer))
    assert {response.is_given_up for response in found} == {True, False}


def test_adapters_shams_and_jitters(make_backbone: Callable[[str], str]):
    for kind in ("lora", "dora", "rslora"):
        model, _ = load_backbone(make_backbone("qwen3"))
        adapted = attach_adapter(model, AdapterSpec(kind, 4, 8, ("q_proj", "v_proj")), seed=1)
        jitter_adapter(adapted, seed=1, number=0, scale=0.5)
        config = TalanConfig(1, 3, "cross_attn", Writeback("gate", "vector", 0.5))
        attach_sham(adapted, config, seed=1, number=0, norm=2.0)
        adapted.eval()
        prompts = make_prompts(100, shared=FEW_SHOT)[:7]
        expected = one_by_one(model, prompts)
        assert said(drafted(model, prompts, make_drafts(expected))) == expected


def test_a_stop_string_may_straddle_what_was_accepted(model: Any):
    """Two tokens that stop: one accepted from the draft, one said after it, or both drafted."""
    prompts = make_prompts(100)
    free = [list(r.tokens) for r in drafted(model, prompts, [[]] * 14, stopping=Stopping(20))[0]]
    stops = {" ".join(map(str, answer[at : at + 2])) for at, answer in enumerate(free[:9], 1)}
    stopping = Stopping(
        20,
        frozenset(),
        tuple(f" {stop} " for stop in sorted(stops)),
        decode=lambda tokens: "".join(f" {token} " for token in tokens).replace("  ", " "),
    )
    expected, _ = drafted(model, prompts, [[]] * 14, stopping=stopping)
    assert len({len(response.tokens) for response in expected}) > 4

    cut = [answer[: 2 + number % 5] for number, answer in enumerate(free)]
    for drafts in (free, cut, make_drafts(free)):
        found, _ = drafted(model, prompts, drafts, stopping=stopping)
        assert [(r.tokens, r.is_truncated) for r in found] == [
            (r.tokens, r.is_truncated) for r in expected
        ]


def test_the_limit_of_new_tokens_holds_within_a_draft(model: Any):
    prompts = make_prompts(100)
    free = [list(r.tokens) for r in drafted(model, prompts, [[]] * 14, stopping=Stopping(30))[0]]

    for limit in (1, 2, 3, 11):
        found, _ = drafted(model, prompts, free, stopping=Stopping(limit))
        assert [list(response.tokens) for response in found] == [a[:limit] for a in free]
        assert all(response.is_truncated for response in found)


def test_near_ties_are_written_again_alone(make_backbone: Callable[[str], str]):
    """Two tokens that the head can hardly tell apart: rounding decides unless nobody else is by."""
    model, _ = load_backbone(make_backbone("qwen3"))
    with torch.no_grad():
        head = model.get_output_embeddings().weight
        head[53:100] = head[3:50] + 1e-7 * torch.randn(47, head.shape[1])
    prompts = make_prompts(100)
    expected = one_by_one(model, prompts)
    found, engine = drafted(model, prompts, make_drafts(expected))

    assert [list(response.tokens) for response in found] == expected
    near = [response for response in found if response.is_redecoded]
    assert len(near) == engine.tally.num_redecoded > 7
    assert all(response.margin < NEAR_TIE for response in near)
    assert all(response.margin >= NEAR_TIE for response in found if not response.is_redecoded)


def test_without_near_ties_nothing_is_written_twice(model: Any):
    prompts = make_prompts(100)
    engine = Engine(model, stopping=STOPPING, capacity=Capacity(4))
    found = list(engine.generate([Prompt(str(i), p) for i, p in enumerate(prompts)]))

    assert engine.tally.num_redecoded == 0
    assert all(0 < response.margin < 100 for response in found)


@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_a_repeat_is_the_same_in_bfloat16(model: Any, scope: str):
    prompts = make_prompts(100)
    talan = insert_talan(model.to(torch.bfloat16), summary_scope=scope)
    try:
        drafts = make_drafts([list(range(3, 20))] * 14)
        runs = [said(drafted(model, prompts, drafts, near_tie=0)) for _ in range(2)]
    finally:
        talan.detach()
        model.to(torch.float32)

    assert runs[0] == runs[1]
