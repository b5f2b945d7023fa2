"""Answers end where `generate()` with stop strings would end them, whatever their tokens are."""

from typing import Any

import pytest
import torch
from test_generation_engine import make_engine, run

from workers.backbones.loading import load_backbone
from workers.errors import GenerationError
from workers.generation import Prompt, Stopping
from workers.generation.prompts import Asked
from workers.suites.registry import get_suite
from workers.suites.tasks import load_tasks


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    return load_backbone("tiny-qwen3")


@pytest.fixture(scope="module")
def prompts(tiny: tuple[Any, Any]) -> list[list[int]]:
    """Real ones, whose answers are text."""
    _, tokenizer = tiny
    task = load_tasks(get_suite("tiny"), ["tiny_algebra"])["tiny_algebra"]
    docs = list(task.test_docs())[:12]
    chats = [[{"role": "user", "content": doc["prompt"]}] for doc in docs]
    texts = [
        tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        for chat in chats
    ]
    return [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


def test_a_stop_string_of_several_tokens_ends_its_own_row(
    tiny: tuple[Any, Any], prompts: list[list[int]]
):
    model, tokenizer = tiny
    free = [_alone(model, tokenizer, tokens, stop=None) for tokens in prompts]
    text = tokenizer.decode(free[0])
    stop = text[len(text) // 2 : len(text) // 2 + 3]
    assert len(tokenizer(stop, add_special_tokens=False)["input_ids"]) > 1
    expected = [_alone(model, tokenizer, tokens, stop=stop) for tokens in prompts]
    assert expected[0] == free[0][: len(expected[0])] != free[0]

    eos = frozenset({tokenizer.eos_token_id})
    stopping = Stopping(64, eos, (stop, "never said"), tokenizer.decode)
    assert run(make_engine(model, stopping=stopping), prompts) == expected


def test_the_string_may_end_inside_a_token():
    words = {0: "a", 1: "b\n", 2: "\nQ: x", 3: ""}

    def decode(tokens: Any) -> str:
        return "".join(words[token] for token in tokens)

    stopping = Stopping(9, frozenset(), ("\n\nQ:",), decode)
    asked = Asked(0, Prompt("one", [1]), max_new_tokens=9)
    ended = []
    for token in (0, 2, 1, 3, 3, 2, 0):
        stopping.note(asked, token)
        ended.append(asked.has_ended)

    assert ended == [False] * 5 + [True, True]
    assert not asked.is_truncated


def test_a_stop_token_belongs_to_the_answer_and_the_bound_cuts_it():
    stopping = Stopping(3, frozenset({7}))
    stopped, cut = (Asked(i, Prompt("one", [1]), max_new_tokens=3) for i in range(2))
    for token in (5, 7):
        stopping.note(stopped, token)
    for token in (5, 5, 5):
        stopping.note(cut, token)

    assert (stopped.tokens, stopped.has_ended, stopped.is_truncated) == ([5, 7], True, False)
    assert (cut.tokens, cut.has_ended, cut.is_truncated) == ([5, 5, 5], True, True)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens is 0; allowed: a whole number from 1"),
        ({"max_new_tokens": 1, "stop_strings": ("x",)}, "Stop strings need a tokenizer"),
        ({"max_new_tokens": 1, "stop_strings": ("",), "decode": str}, "none of them may be empty"),
    ],
)
def test_what_cannot_end_an_answer_is_refused(fields: dict[str, Any], message: str):
    with pytest.raises(GenerationError, match=message):
        Stopping(**fields)


def _alone(model: Any, tokenizer: Any, tokens: list[int], *, stop: str | None) -> list[int]:
    ids = torch.tensor([tokens])
    stops = {} if stop is None else {"stop_strings": [stop], "tokenizer": tokenizer}
    out = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=64,
        do_sample=False,
        pad_token_id=0,
        **stops,
    )
    answer: list[int] = out[0, len(tokens) :].tolist()
    return answer
