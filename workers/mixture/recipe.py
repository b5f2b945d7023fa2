"""A mixture's recipe: which sources, how their rows become conversations, how many of each.

Owns: the keys of a recipe file, their checks, and finding the file. Does not cover reading rows
(`workers.mixture.examples`) and choosing among them (`workers.mixture.build`).
"""

import string
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workers.data.yaml_text import load_yaml
from workers.errors import DataError

SHIPPED = {"paper": Path(__file__).resolve().parent / "paper.yaml"}
_SLUG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"
_MADE = ("choices", "letter")  # what a template may name besides columns
Slug = Annotated[str, Field(pattern=_SLUG, max_length=80)]
Count = Annotated[int, Field(ge=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Conversation(_Entry):
    """A column that holds a whole conversation, as ShareGPT has it."""

    column: str = "conversations"
    role: str = "from"
    content: str = "value"
    roles: dict[str, Literal["system", "user", "assistant"]] = Field(
        default={"human": "user", "gpt": "assistant", "system": "system"}
    )


class Choices(_Entry):
    """Columns of a multiple-choice question; their order is drawn per row by the seed."""

    right: str
    wrong: list[str] = Field(min_length=1, max_length=25)


class Source(_Entry):
    """One source: a repository's files on the hub, or a local file, and what to make of a row.

    Attributes:
        name: Of its own within the recipe.
        group: What it counts towards, such as `math`.
        repository: On the hub; `revision` and `files` (a pattern) belong to it.
        file: Or a local file, relative to the recipe.
        user: The request, with columns in braces.
        assistant: The answer, with columns in braces.
        conversation: Or the column with all turns.
        choices: Makes `{choices}` and `{letter}` for the two templates.
        where: Rows whose column has this value, or one of these.
        without: Rows in which none of these phrases stands, whatever their case.
        min_chars: The least characters of a conversation.
        max_chars: The most.
        max_turns: Messages after which a conversation is cut.
        min_ascii: The least share of ASCII characters.
        count: How many conversations to take.
    """

    name: Slug
    group: Slug
    repository: str | None = None
    revision: str = "main"
    files: str | None = None
    file: str | None = None
    user: str | None = None
    assistant: str | None = None
    conversation: Conversation | None = None
    choices: Choices | None = None
    where: dict[str, Any] = Field(default_factory=dict)
    without: list[str] = Field(default_factory=list)
    min_chars: Count = 1
    max_chars: Count = 1_000_000
    max_turns: Annotated[int, Field(ge=2)] = 1000
    min_ascii: Annotated[float, Field(ge=0, le=1)] = 0.0
    count: Count

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.repository is None) == (self.file is None):
            raise ValueError("needs one of repository and file")
        if (self.repository is None) != (self.files is None):
            raise ValueError("needs files with repository, and only with it")
        if (self.user is None) != (self.assistant is None):
            raise ValueError("needs user and assistant together")
        if (self.user is None) == (self.conversation is None):
            raise ValueError("needs either user and assistant, or conversation")
        for template in (self.user, self.assistant):
            _template_names(template or "")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a row must have."""
        named = [*_template_names(self.user or ""), *_template_names(self.assistant or "")]
        columns = [name for name in named if self.choices is None or name not in _MADE]
        if self.choices is not None:
            columns += [self.choices.right, *self.choices.wrong]
        if self.conversation is not None:
            columns.append(self.conversation.column)
        return tuple(dict.fromkeys([*columns, *self.where]))


class MixtureRecipe(_Entry):
    """A whole recipe.

    Attributes:
        name: Of the mixture.
        seed: Of every choice: which rows, the order of choices, the order of the file.
        against: The suite, or some benchmarks of one, whose items must not be trained on.
        ngram_words: Words in a row that make an overlap.
        overlap_share: Of an item's question or reference, that such rows have to make up.
        on_overlap: Leave such a row out and take the next, or build nothing.
        sources: In the order in which they are read.
    """

    name: Slug
    seed: Annotated[int, Field(ge=0)] = 42
    against: str | list[str]
    ngram_words: Annotated[int, Field(ge=5, le=50)] = 13
    overlap_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    on_overlap: Literal["drop", "refuse"] = "drop"
    sources: list[Source] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        name, times = Counter(source.name for source in self.sources).most_common(1)[0]
        if times > 1:
            raise ValueError(f"names the source {name!r} twice")
        return self


def read_recipe(name: str) -> tuple[MixtureRecipe, Path]:
    """Return a recipe and the folder that its local files are relative to.

    Args:
        name: A shipped recipe's name, or a YAML file.

    Raises:
        DataError: There is none, or a key or a value of it is not allowed.
    """
    path = SHIPPED.get(name, Path(name).expanduser())
    try:
        content = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        allowed = ", ".join(SHIPPED)
        raise DataError(f"There is no recipe {name!r}; allowed: {allowed}, a YAML file") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            f"recipe {name!r} cannot be read: {' '.join(str(error).split())}"
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"recipe {name!r} is {content!r}; allowed: a mapping of keys")
    try:
        return MixtureRecipe.model_validate(content), path.resolve().parent
    except ValidationError as error:
        raise DataError(f"recipe {name!r}: {_sentence(error, content)}") from error


def _template_names(template: str) -> list[str]:
    """The columns in a template's braces; nothing but names may stand there."""
    names = []
    for _, name, form, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name or form or conversion or not name.replace("_", "a").replace(" ", "a").isalnum():
            raise ValueError(f"has {{{name}}} in a template; allowed: columns' names in braces")
        names.append(name)
    return names


def _sentence(error: ValidationError, content: dict[str, Any]) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the recipe"
    if first["loc"][:1] == ("sources",) and len(first["loc"]) > 1:
        source = content["sources"][int(first["loc"][1])]
        if isinstance(source, dict) and "name" in source:
            keys = ".".join(map(str, first["loc"][2:]))
            where = f"source {source['name']!r}" + (f": {keys}" if keys else "")
    told = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        model = Source if len(first["loc"]) == 3 else MixtureRecipe
        return f"{where} is an unknown key; allowed: {', '.join(model.model_fields)}"
    if first["type"] == "missing":
        return f"{where} is missing"
    if first["type"] == "value_error":
        return f"{where} {told}"
    return f"{where} is {first['input']!r}: {told}"
