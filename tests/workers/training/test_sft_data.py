"""Training examples: which tokens count, which order a seed gives, how a batch is padded."""

import json
from pathlib import Path

import pytest
import torch

from tools.tiny.tokenizer import build_tokenizer
from workers.errors import DataError
from workers.job.recipe import Recipe
from workers.training.sft_data import (
    IGNORED_LABEL,
    SftExample,
    collate,
    plan_batches,
    plan_order,
    read_conversations,
    tokenise,
)

TOKENIZER = build_tokenizer(512)
RECIPE = Recipe(max_steps=3, batch_size=2, gradient_accumulation=2, dtype="float32")


def _conversation(*turns: str) -> list[dict[str, str]]:
    roles = ("user", "assistant") * len(turns)
    return [{"role": r, "content": c} for r, c in zip(roles, turns, strict=False)]


def _supervised(example: SftExample) -> str:
    return TOKENIZER.decode([token for token in example.labels if token != IGNORED_LABEL])


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


def test_only_the_assistants_tokens_and_its_end_of_turn_count():
    (example,) = tokenise([_conversation("2+2?", "4")], tokenizer=TOKENIZER, max_length=99)

    assert _supervised(example) == "4<|im_end|>"
    assert TOKENIZER.decode(example.input_ids) == (
        "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n4<|im_end|>\n"
    )


def test_every_turn_of_the_assistant_counts():
    turns = _conversation("a?", "one", "b?", "two")
    (example,) = tokenise([turns], tokenizer=TOKENIZER, max_length=99)

    assert _supervised(example) == "one<|im_end|>two<|im_end|>"


def test_long_examples_are_cut_and_those_without_an_answer_left_out():
    conversations = [_conversation("q" * 50, "a"), _conversation("q", "a" * 50)]
    (example,) = tokenise(conversations, tokenizer=TOKENIZER, max_length=20)

    assert len(example.input_ids) == len(example.labels) == 20
    assert set(_supervised(example)) == {"a"}


def test_nothing_to_learn_is_an_error():
    with pytest.raises(DataError, match="max_length 5"):
        tokenise([_conversation("q", "a")], tokenizer=TOKENIZER, max_length=5)


def test_order_depends_on_the_seed_alone():
    order = plan_order(20, recipe=RECIPE, seed=1)
    torch.manual_seed(99)

    assert plan_order(20, recipe=RECIPE, seed=1) == order
    assert plan_order(20, recipe=RECIPE, seed=2) != order
    assert len(set(order)) == len(order) == 3 * 2 * 2


def test_one_shuffle_is_visited_again_and_again():
    order = plan_order(5, recipe=RECIPE, seed=1)

    assert sorted(order[:5]) == [0, 1, 2, 3, 4]
    assert order[5:10] == order[:5]
    assert len(order) == 12


def test_micro_batches_group_a_steps_examples_by_length():
    examples = [SftExample((1,) * n, (1,) * n) for n in range(1, 13)]
    order = plan_order(12, recipe=RECIPE, seed=5)

    batches = plan_batches(examples, recipe=RECIPE, seed=5)

    lengths = [[len(example.input_ids) for example in batch] for batch in batches]
    for step in range(3):
        window = [index + 1 for index in order[4 * step : 4 * step + 4]]
        assert lengths[2 * step] + lengths[2 * step + 1] == sorted(window, reverse=True)


def test_single_batches_keep_the_shuffled_order():
    examples = [SftExample((i,), (i,)) for i in range(6)]
    recipe = RECIPE.replace(gradient_accumulation=1)
    batches = plan_batches(examples, recipe=recipe, seed=5)

    flat = [example.input_ids[0] for batch in batches for example in batch]
    assert flat == plan_order(6, recipe=recipe, seed=5)


def test_padding_is_on_the_right_and_masked():
    batch = collate(
        [SftExample((5, 6, 7), (IGNORED_LABEL, 6, 7)), SftExample((8, 9), (IGNORED_LABEL, 9))],
        pad_token_id=0,
    )

    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[-100, 6, 7], [-100, 9, -100]]


def test_reading_stops_at_the_number_asked_for(tmp_path: Path):
    line = json.dumps({"messages": _conversation("q", "a")})
    path = _write(tmp_path / "train.jsonl", line, line, "not read")

    assert read_conversations(path, num_examples=2) == [_conversation("q", "a")] * 2


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": "a"}',
        '{"messages": [{"role": "user", "content": "a"}]}',
        '{"messages": [{"role": "assistant", "content": null}]}',
    ],
)
def test_a_bad_line_is_named(line: str, tmp_path: Path):
    path = _write(tmp_path / "train.jsonl", line)
    with pytest.raises(DataError, match=r"train.jsonl:1 is not a conversation"):
        read_conversations(path, num_examples=5)


def test_a_missing_or_empty_file_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"nowhere.jsonl"):
        read_conversations(tmp_path / "nowhere.jsonl", num_examples=5)
    with pytest.raises(DataError, match="is empty"):
        read_conversations(_write(tmp_path / "none.jsonl"), num_examples=5)
