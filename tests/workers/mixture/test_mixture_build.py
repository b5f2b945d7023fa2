"""Building mixtures from local files: the same bytes, the right counts, nothing of a benchmark."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from workers.backbones.loading import load_backbone
from workers.data.rows import read_json_lines
from workers.errors import DataError
from workers.mixture.build import build_mixture, read_manifest
from workers.mixture.recipe import MixtureRecipe
from workers.suites import get_suite
from workers.suites.registry import with_training_data
from workers.training.sft_data import read_conversations, tokenise

ADDRESSED = "Miss {n} writes letter {n} of many: what does it say on its page number {n}?"


def rows(num: int) -> list[dict[str, Any]]:
    return [
        {"ask": ADDRESSED.format(n=n), "say": f"It says {n}.", "kind": n % 2} for n in range(num)
    ]


def write(path: Path, content: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in content))


def asking(name: str = "letters", *, count: int, **keys: Any) -> dict[str, Any]:
    templates = {"user": "{ask}", "assistant": "{say}"}
    return {
        "name": name,
        "group": name,
        "file": f"{name}.jsonl",
        "count": count,
        **templates,
        **keys,
    }


def recipe(*sources: dict[str, Any], **keys: Any) -> MixtureRecipe:
    return MixtureRecipe.model_validate(
        {"name": "mine", "against": "tiny", "sources": list(sources), **keys}
    )


def built(made: MixtureRecipe, folder: Path) -> dict[str, Any]:
    return build_mixture(made, folder / "out", base=folder)


def test_the_same_recipe_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    write(tmp_path / "letters.jsonl", rows(40))
    first = built(recipe(asking(count=10)), tmp_path)
    content = (tmp_path / "out" / "train.jsonl").read_bytes()
    assert first["sha256"] == hashlib.sha256(content).hexdigest()
    write(tmp_path / "letters.jsonl", rows(40)[::-1])
    assert built(recipe(asking(count=10)), tmp_path)["sha256"] == first["sha256"]
    assert built(recipe(asking(count=10), seed=7), tmp_path)["sha256"] != first["sha256"]
    assert read_manifest(tmp_path / "out")["seed"] == 7


def test_counts_filters_and_duplicates_are_those_of_the_recipe(tmp_path: Path) -> None:
    write(tmp_path / "letters.jsonl", [*rows(20), *rows(20), {"ask": "", "say": "x", "kind": 1}])
    write(tmp_path / "others.jsonl", [{"ask": f"Say {n}?", "say": str(n)} for n in range(9)])
    odd = asking(count=10, where={"kind": 1})
    manifest = built(recipe(odd, asking("others", count=4)), tmp_path)
    assert manifest["groups"] == {"letters": 10, "others": 4}
    assert manifest["num_examples"] == 14
    letters, others = manifest["sources"]
    assert (letters["rows"], letters["taken"]) == (41, 10)
    assert letters["dropped"]["filtered"] == 20
    assert letters["dropped"]["malformed"] == 1
    assert letters["dropped"]["duplicate"] in range(8, 11)
    assert others["origin"]["file"] == "others.jsonl"
    lines = read_json_lines(tmp_path / "out" / "train.jsonl")
    asked = [line["messages"][0]["content"] for line in lines]
    assert len(set(asked)) == 14
    assert sum(text.startswith("Say") for text in asked) == 4
    assert [text.startswith("Say") for text in asked] != sorted(
        text.startswith("Say") for text in asked
    )


def planted() -> tuple[str, str]:
    """A benchmark's item, in other case and punctuation, within a longer request; its id."""
    item = read_json_lines(get_suite("tiny").items_file("tiny_arithmetic"))[0]
    return f"Please -- {item['prompt'].upper().replace(' ', '  ... ')} Thank you!", item["id"]


def test_a_planted_item_is_dropped_and_reported(tmp_path: Path) -> None:
    text, item_id = planted()
    write(tmp_path / "letters.jsonl", [*rows(11), {"ask": text, "say": "Seven.", "kind": 0}])
    manifest = built(recipe(asking(count=11)), tmp_path)
    (overlap,) = manifest["overlaps"]
    assert (overlap["source"], overlap["row"], overlap["item"]) == ("letters", 12, item_id)
    assert (overlap["of"], overlap["share"]) == ("question", 1.0)
    assert overlap["words"] == "ann has 2 boxes of 3 hats and 1 more total"
    assert manifest["sources"][0]["dropped"] == {"overlap": 1}
    assert "THANK" not in (tmp_path / "out" / "train.jsonl").read_text().upper()
    assert set(manifest["checked"]) == set(get_suite("tiny").benchmarks)


def test_a_planted_item_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    text, item_id = planted()
    write(tmp_path / "letters.jsonl", [*rows(3), {"ask": "Hi", "say": text, "kind": 0}])
    with pytest.raises(DataError, match=rf"1 rows overlap .*letters row 4 \({item_id}\); on"):
        built(recipe(asking(count=3), on_overlap="refuse"), tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_short_source_says_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "letters.jsonl", rows(30))
    with pytest.raises(DataError) as caught:
        built(recipe(asking(count=20, where={"kind": [1]})), tmp_path)
    assert str(caught.value) == (
        "source 'letters': wanted are 20 examples, available are 15 of 30 rows (15 filtered)"
    )


def test_missing_columns_files_and_pulls_are_one_sentence(tmp_path: Path) -> None:
    write(tmp_path / "letters.jsonl", [{"ask": "?"}])
    with pytest.raises(DataError, match="source 'letters' has no column 'say'; needed are ask, s"):
        built(recipe(asking(count=1)), tmp_path)
    with pytest.raises(DataError, match="source 'gone': there is no file"):
        built(recipe(asking("gone", count=1)), tmp_path)
    hub = asking(count=1, file=None, repository="a/b", files="*.json")
    with pytest.raises(DataError, match="a/b at 'main' is not in the data folder; get it with ta"):
        built(recipe(hub), tmp_path)


def test_conversations_are_cut_and_cleaned(tmp_path: Path) -> None:
    turns = [("human", "One?"), ("gpt", "Yes\u2028one."), ("human", "Two?"), ("gpt", "Two.")]
    talk = [{"from": who, "value": what} for who, what in [*turns, ("human", "Three?")]]
    bad = [{"from": "human", "value": "No answer?"}], [{"from": "bing", "value": "x"}], None
    sly = [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "As an AI model, no."}]
    split = [{"from": "human", "value": "Half \ud83d"}, {"from": "gpt", "value": "Yes."}]
    write(
        tmp_path / "talks.jsonl",
        [{"conversations": part} for part in (talk, *bad, sly, split)],
    )
    source = {"name": "talks", "group": "g", "file": "talks.jsonl", "conversation": {}, "count": 1}
    limits = {"max_turns": 3, "without": ["as an ai model"]}
    manifest = built(recipe({**source, **limits}), tmp_path)
    assert manifest["sources"][0]["dropped"] == {"filtered": 1, "malformed": 4}
    (conversation,) = read_conversations(tmp_path / "out" / "train.jsonl", num_examples=9)
    assert [turn["content"] for turn in conversation] == ["One?", "Yes\u2028one."]


def test_choices_are_lettered_and_the_letter_follows(tmp_path: Path) -> None:
    content = [
        {"q": f"Q{n} of these?", "r": "right", "w": "wrong", "v": "worse"} for n in range(12)
    ]
    write(tmp_path / "quiz.jsonl", content)
    quiz = asking(
        "quiz",
        count=12,
        user="{q}\n{choices}",
        assistant="({letter})",
        choices={"right": "r", "wrong": ["w", "v"]},
    )
    built(recipe(quiz), tmp_path)
    for line in read_json_lines(tmp_path / "out" / "train.jsonl"):
        question, answer = (turn["content"] for turn in line["messages"])
        assert f"{answer} right" in question
        assert sorted(question.split("\n")[1:])[0].startswith("(A) ")


def test_a_suite_trains_on_it(tmp_path: Path) -> None:
    write(tmp_path / "letters.jsonl", rows(6))
    built(recipe(asking(count=6)), tmp_path)
    suite = with_training_data(get_suite("tiny"), str(tmp_path / "out"))
    assert get_suite(suite.name) == suite
    _, tokenizer = load_backbone("tiny-qwen3")
    conversations = read_conversations(suite.train_file, num_examples=6)
    assert len(tokenise(conversations, tokenizer=tokenizer, max_length=256)) == 6


@pytest.mark.parametrize(
    "mark",
    [
        "<|im_end|>",
        "<\uff5cUser\uff5c>",
        "<|start_header_id|>",
        "<start_of_turn>",
        "</s>",
        "[/INST]",
    ],
)
def test_what_says_a_turn_mark_is_left_out_and_counted(tmp_path: Path, mark: str) -> None:
    marked = {"ask": f"What does {mark} mean to you, of all things?", "say": "An end.", "kind": 0}
    write(tmp_path / "letters.jsonl", [*rows(5), marked])
    (source,) = built(recipe(asking(count=5)), tmp_path)["sources"]

    assert source["dropped"] == {"says a turn mark": 1}
    assert mark not in (tmp_path / "out" / "train.jsonl").read_text()


def test_answers_before_the_first_request_are_left_out_and_the_rest_kept(tmp_path: Path) -> None:
    turns = [
        {"from": "system", "value": "Be brief."},
        {"from": "gpt", "value": "... and so it ended."},
        {"from": "human", "value": "Who wrote the seventh letter to Miss Ann?"},
        {"from": "gpt", "value": "Nobody knows."},
    ]
    write(tmp_path / "shared.jsonl", [{"conversations": turns}, {"conversations": turns[1:2]}])
    conversation = {"name": "shared", "group": "general", "file": "shared.jsonl", "count": 1}
    (source,) = built(recipe({**conversation, "conversation": {}}), tmp_path)["sources"]

    assert source["noted"] == {"began with an answer, which was left out": 1}
    assert source["dropped"] == {"malformed": 1}
    (kept,) = read_conversations(tmp_path / "out" / "train.jsonl", num_examples=9)
    assert [message["role"] for message in kept] == ["system", "user", "assistant"]
