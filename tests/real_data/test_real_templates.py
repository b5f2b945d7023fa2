"""What is taught under the chat templates of real model families, with a real vocabulary."""

from __future__ import annotations

import gzip
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken
from transformers import AutoTokenizer

from workers.backbones.chat_templates import require_no_chance, with_date
from workers.errors import DataError
from workers.training.sft_data import IGNORED_LABEL, tokenise

LLAMA = ("<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>")
BAR = "\uff5c"
DEEPSEEK = (f"<{BAR}begin\u2581of\u2581sentence{BAR}>", f"<{BAR}end\u2581of\u2581sentence{BAR}>")
# By template: its family's special tokens, and what ends an answer.
FAMILIES = {
    "qwen2.5": ((), "<|im_end|>"),
    "qwen3": ((), "<|im_end|>"),
    "qwen3-instruct": ((), "<|im_end|>"),
    "llama3.2": (LLAMA, "<|eot_id|>"),
    "r1-distill-qwen-32b": (DEEPSEEK, DEEPSEEK[1]),
    "deepseek-r1:8b": (DEEPSEEK, DEEPSEEK[1]),
    "deepseek-r1-0528-qwen3-8b": (DEEPSEEK, DEEPSEEK[1]),
}
ANSWERS = ("It is $\\frac12$, größer als 0.3.", "Nein.\n\n```python\nx = 1\n```")
TALK = [
    {"role": "user", "content": "Which is larger, 1/2 or 0.3?"},
    {"role": "assistant", "content": ANSWERS[0]},
    {"role": "user", "content": "And which is smaller than both? \u2028 Say it in Python."},
    {"role": "assistant", "content": ANSWERS[1]},
]


@pytest.fixture(scope="module")
def templates(real_data: Path) -> dict[str, str]:
    file = real_data / "templates" / "chat_templates.json"
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def vocabulary(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("qwen")
    for name in ("vocab.json", "merges.txt"):
        with gzip.open(real_data / "qwen_bpe" / f"{name}.gz") as packed:
            (folder / name).write_bytes(packed.read())
    shutil.copy(real_data / "qwen_bpe" / "tokenizer_config.json", folder)
    return folder


@cache
def tokenizer_of(vocabulary: Path, template: str, special: tuple[str, ...]) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(vocabulary)
    tokenizer.add_tokens([AddedToken(text, special=True) for text in special])
    if special:
        tokenizer.bos_token = special[0]
    tokenizer.chat_template = with_date(template, date="2024-07-26")
    return tokenizer


def taught(tokenizer: Any, talk: list[dict[str, str]]) -> str:
    (example,) = tokenise([talk], tokenizer=tokenizer, max_length=4096)
    return str(tokenizer.decode([x for x in example.labels if x != IGNORED_LABEL]))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_answers_and_their_ends_are_taught_and_nothing_else(
    name: str, templates: dict[str, str], vocabulary: Path
) -> None:
    special, end = FAMILIES[name]
    tokenizer = tokenizer_of(vocabulary, templates[name], special)

    single = taught(tokenizer, TALK[:2]).replace("<think>\n\n</think>\n\n", "")
    both = taught(tokenizer, TALK).replace("<think>\n\n</think>\n\n", "")
    assert single == f"{ANSWERS[0]}{end}"
    assert both == "".join(f"{answer}{end}" for answer in ANSWERS)


@pytest.mark.parametrize("name", FAMILIES)
def test_no_message_may_say_what_the_template_writes_around_turns(
    name: str, templates: dict[str, str], vocabulary: Path
) -> None:
    special, end = FAMILIES[name]
    tokenizer = tokenizer_of(vocabulary, templates[name], special)
    marks = [end, *([f"<{BAR}User{BAR}>", f"<{BAR}Assistant{BAR}>"] if special == DEEPSEEK else [])]

    for mark in marks:
        talk = [{"role": "user", "content": f"What is {mark}?"}, TALK[1]]
        with pytest.raises(DataError, match="which ends or begins turns"):
            tokenise([talk], tokenizer=tokenizer, max_length=4096)


def test_no_template_draws_and_one_asks_for_the_day(templates: dict[str, str]) -> None:
    for name, template in templates.items():
        require_no_chance(template, name=name)
    asking = [
        name for name, text in templates.items() if with_date(text, date="2024-07-26") != text
    ]
    assert asking == ["llama3.2"]


def test_the_day_is_the_recipes(templates: dict[str, str], vocabulary: Path) -> None:
    tokenizer = tokenizer_of(vocabulary, templates["llama3.2"], LLAMA)
    text = tokenizer.apply_chat_template(TALK[:1], tokenize=False, add_generation_prompt=True)
    assert "Today Date: 26 Jul 2024\n" in text


def test_qwen3_takes_the_last_thoughts(templates: dict[str, str], vocabulary: Path) -> None:
    tokenizer = tokenizer_of(vocabulary, templates["qwen3"], ())
    thought = "<think>\nLet me see.\n</think>\n\n4"
    talk = [TALK[0], {"role": "assistant", "content": thought}]
    assert taught(tokenizer, talk) == f"{thought}<|im_end|>"

    distill = tokenizer_of(vocabulary, templates["r1-distill-qwen-32b"], DEEPSEEK)
    with pytest.raises(DataError, match=r"message 1 .* the assistant's, says '<think>"):
        taught(distill, talk)
