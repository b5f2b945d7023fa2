"""Training and evaluation make the same tokens of the same text, whatever the tokenizer adds."""

from typing import Any

import pytest
import torch
from tokenizers import AddedToken
from tokenizers.processors import TemplateProcessing

from tools.tiny.tokenizer import build_tokenizer
from workers.backbones.encoding import Encoding
from workers.backbones.loading import load_backbone
from workers.errors import GenerationError
from workers.evaluation.harness import PromptCache, ResidentLM
from workers.training.sft_data import IGNORED_LABEL, tokenise

ASKED = {"role": "user", "content": "2+2?"}
TALK = [ASKED, {"role": "assistant", "content": "4"}]


def _adding(*, end: bool = False) -> Any:
    """A tokenizer that puts <bos> before every text, and perhaps <eos> behind it."""
    tokenizer = build_tokenizer(512)
    tokenizer.add_tokens([AddedToken(text, special=True) for text in ("<bos>", "<eos>")])
    tokenizer.bos_token = "<bos>"
    ids = {text: tokenizer.convert_tokens_to_ids(text) for text in ("<bos>", "<eos>")}
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>" if end else "<bos> $A", special_tokens=list(ids.items())
    )
    return tokenizer


@pytest.fixture(scope="module")
def model() -> Any:
    return load_backbone("tiny-qwen3")[0]


def _prompt(model: Any, tokenizer: Any) -> list[int]:
    """An item's tokens as evaluation has them, continuous and static."""
    resident = ResidentLM(model, tokenizer=tokenizer, batch_size=2, prompts=PromptCache())
    text = resident.apply_chat_template([ASKED])
    together, mask = resident.tok_batch_encode([text, text + "1"])
    assert mask.tolist()[0] == [0] + [1] * (together.shape[1] - 1)
    assert together[0, 1:].tolist() == resident.tok_encode(text)
    return resident.tok_encode(text)


@pytest.mark.parametrize("end", [False, True])
def test_a_first_token_that_the_template_lacks_is_in_both(model: Any, end: bool):
    tokenizer = _adding(end=end)
    (example,) = tokenise([TALK], tokenizer=tokenizer, max_length=99)
    prompt = _prompt(model, tokenizer)

    assert prompt[0] == tokenizer.bos_token_id
    assert list(example.input_ids[: len(prompt)]) == prompt
    assert tokenizer.convert_tokens_to_ids("<eos>") not in (*example.input_ids, *prompt)
    taught = [token for token in example.labels if token != IGNORED_LABEL]
    assert tokenizer.decode(taught) == "4<|im_end|>"


def test_a_first_token_that_the_template_writes_is_there_once(model: Any):
    tokenizer = _adding()
    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    (example,) = tokenise([TALK], tokenizer=tokenizer, max_length=99)
    prompt = _prompt(model, tokenizer)

    assert prompt.count(tokenizer.bos_token_id) == 1
    assert list(example.input_ids[: len(prompt)]) == prompt


def test_the_cut_counts_the_first_token():
    (example,) = tokenise(
        [[ASKED, {"role": "assistant", "content": "4" * 60}]], tokenizer=_adding(), max_length=50
    )
    assert len(example.input_ids) == len(example.labels) == 50


def test_a_tokenizer_that_adds_nothing():
    tokenizer = build_tokenizer(512)
    assert Encoding(tokenizer).encode("2+2?") == tokenizer("2+2?")["input_ids"]


def test_tokens_are_the_stock_harness(model: Any):
    from lm_eval.models.huggingface import HFLM

    tokenizer = _adding()
    stock = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2)
    resident = ResidentLM(model, tokenizer=tokenizer, batch_size=2, prompts=PromptCache())
    texts = [resident.apply_chat_template([{**ASKED, "content": c}]) for c in ("1", "2 and 3")]

    assert [resident.tok_encode(text) for text in texts] == [stock.tok_encode(t) for t in texts]
    for ours, theirs in zip(
        resident.tok_batch_encode(texts), stock.tok_batch_encode(texts), strict=True
    ):
        assert torch.equal(ours, theirs)


def test_a_prompt_that_does_not_fit_is_not_cut(model: Any):
    tokenizer = build_tokenizer(512)
    resident = ResidentLM(model, tokenizer=tokenizer, batch_size=2, prompts=PromptCache())

    with pytest.raises(GenerationError, match="A prompt has 9 tokens; allowed: 5"):
        resident.tok_batch_encode(["123456789", "1"], left_truncate_len=5)
