"""A recipe's keys, checked one by one; the shipped one is the paper's mixture."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from workers.errors import DataError
from workers.mixture.recipe import read_recipe

SOURCE = {
    "name": "a",
    "group": "g",
    "file": "a.jsonl",
    "user": "{q}",
    "assistant": "{a}",
    "count": 1,
}
TALK = {"name": "a", "group": "g", "file": "a.jsonl", "conversation": {}, "count": 1}


def written(tmp_path: Path, sources: list[dict[str, Any]], **keys: Any) -> str:
    path = tmp_path / "recipe.yaml"
    content = {"name": "mine", "against": "tiny", "sources": sources, **keys}
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value != ""}))
    return str(path)


def test_the_shipped_recipe_is_the_papers_mixture() -> None:
    recipe, _ = read_recipe("paper")
    groups: Counter[str] = Counter()
    for source in recipe.sources:
        groups[source.group] += source.count
    assert groups == {"math": 1729, "code": 1592, "stem": 974, "general": 705}
    assert (sum(groups.values()), recipe.against, recipe.on_overlap) == (5000, "paper", "drop")


def test_columns_are_those_that_are_named(tmp_path: Path) -> None:
    choices = {"right": "yes", "wrong": ["no 1", "no 2"]}
    entry = {**SOURCE, "user": "{q q}\n{choices}", "assistant": "({letter})", "choices": choices}
    recipe, folder = read_recipe(written(tmp_path, [{**entry, "where": {"kind": 1}}]))
    assert recipe.sources[0].columns == ("q q", "yes", "no 1", "no 2", "kind")
    assert folder == tmp_path


@pytest.mark.parametrize(
    ("sources", "keys", "sentence"),
    [
        ([SOURCE], {"against": ""}, "against is missing"),
        ([SOURCE], {"seeds": 1}, "seeds is an unknown key; allowed: name, seed, against"),
        ([SOURCE], {"on_overlap": "keep"}, "on_overlap is 'keep': Input should be 'drop' or 'ref"),
        ([SOURCE], {"seed": True}, "seed is True: Input should be a valid integer"),
        ([], {}, "sources is []: List should have at least 1 item"),
        ([SOURCE, SOURCE], {}, "the recipe names the source 'a' twice"),
        ([{**SOURCE, "colour": 1}], {}, "source 'a': colour is an unknown key; allowed: name, "),
        ([{**SOURCE, "count": 0}], {}, "source 'a': count is 0: Input should be greater than or e"),
        ([{**SOURCE, "file": None}], {}, "source 'a' needs one of repository and file"),
        ([{**SOURCE, "files": "*"}], {}, "source 'a' needs files with repository, and only with"),
        ([{**SOURCE, "assistant": None}], {}, "source 'a' needs user and assistant together"),
        ([{**SOURCE, "conversation": {}}], {}, "needs either user and assistant, or conversation"),
        ([{**SOURCE, "user": "{q.__class__}"}], {}, "source 'a' has {q.__class__} in a template"),
        ([{**SOURCE, "user": "{q!r}"}], {}, "source 'a' has {q} in a template; allowed: colu"),
        ([{**SOURCE, "user": "{q"}], {}, "source 'a' expected '}' before end of string"),
    ],
)
def test_bad_keys_are_one_sentence(
    tmp_path: Path, sources: list[dict[str, Any]], keys: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DataError, match=r"^[^\n]+$") as caught:
        read_recipe(written(tmp_path, sources, **keys))
    assert sentence in str(caught.value)


def test_a_recipe_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no recipe 'gone'; allowed: paper, a YAML file"):
        read_recipe("gone")
    (tmp_path / "list.yaml").write_text("[1]")
    with pytest.raises(DataError, match=r"is \[1\]; allowed: a mapping of keys"):
        read_recipe(str(tmp_path / "list.yaml"))
