"""Training examples as tokens, with the loss on the assistant's tokens only.

Owns: reading the ChatML file, tokenising it once, the order in which a seed visits it, and padding.
Does not cover: what the examples say (``workers.suites``) and the training loop
(``workers.training.training``).

Order: the first ``num_examples`` of the file are shuffled once by the seed, with a generator of
their own, and visited in that order again and again. Nothing but (seed, number of examples) decides
which examples an optimizer step sees. Within one step of several micro-batches the examples are
sorted by length, so that little is padded; their loss is a mean over the step's tokens, which the
grouping leaves as it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workers.backbones.chat_turns import ChatTurns, Span
from workers.backbones.encoding import Encoding
from workers.data.json_lines import LineError, json_lines
from workers.errors import DataError
from workers.job.recipe import Recipe

IGNORED_LABEL = -100
_NOWHERE = (-1, -1)  # where a token stands that the text does not have


@dataclass(frozen=True)
class SftExample:
    """One conversation: tokens, and the same tokens as labels where the assistant speaks.

    ``domain`` is what the training file calls its kind (math, code, ...); None: it does not say.
    """

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    domain: str | None = None


class Conversation(list[dict[str, str]]):
    """The messages of one line of a training file; ``where`` names file and line."""

    def __init__(
        self, messages: Iterable[dict[str, str]], *, where: str, domain: str | None = None
    ) -> None:
        super().__init__(messages)
        self.where = where
        self.domain = domain


def read_conversations(path: Path, *, num_examples: int) -> list[Conversation]:
    """Read the first ``num_examples`` conversations of a JSON lines file.

    Raises:
        DataError: The file is missing or a line is not ``{"messages": [{"role", "content"}]}``.
    """
    conversations = list(islice(iter_conversations(path), num_examples))
    if not conversations:
        msg = f"training file {str(path)!r} is empty; allowed: one conversation a line"
        raise DataError(msg)
    return conversations


def iter_conversations(path: Path) -> Iterator[Conversation]:
    """Read a file of conversations one after the other.

    Raises:
        DataError: as ``read_conversations``.
    """
    try:
        for number, line in json_lines(path):
            where = f"{path.name}:{number}"
            yield Conversation(_messages(line, where), where=where, domain=_domain(line, where))
    except LineError as error:
        raise _no_conversation(f"{path.name}:{error.number}", error.reason) from error
    except OSError as error:
        msg = f"training file {str(path)!r} cannot be read: {error}"
        raise DataError(msg) from error


def render(
    conversations: Iterable[Sequence[Mapping[str, str]]], *, turns: ChatTurns
) -> Iterator[tuple[str, list[Span]]]:
    """Each conversation as text, and the spans of it that the assistant writes.

    Raises:
        DataError: The chat template does not suit one of them, which is named.
    """
    for conversation in conversations:
        try:
            text = turns.render(conversation)
            spans = turns.assistant_spans(text, conversation)
        except DataError as error:
            where = getattr(conversation, "where", "")
            raise DataError(f"{where}: {error}" if where else str(error)) from error
        yield text, spans


def tokenise(
    conversations: Sequence[Sequence[Mapping[str, str]]], *, tokenizer: Any, max_length: int
) -> list[SftExample]:
    """Tokenise conversations as the tokenizer's chat template writes them, cut to ``max_length``.

    Conversations whose assistant would be cut off entirely are left out: they teach nothing.

    Raises:
        DataError: No conversation is left, or the chat template does not suit
            (``workers.backbones.chat_turns``).
    """
    rendered = list(render(conversations, turns=ChatTurns(tokenizer)))
    encoding = Encoding(tokenizer)
    texts = [text for text, _ in rendered]
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    examples = []
    domains = [getattr(conversation, "domain", None) for conversation in conversations]
    for ids, offsets, (text, spans), domain in zip(
        encoded["input_ids"], encoded["offset_mapping"], rendered, domains, strict=True
    ):
        opening = encoding.opening(text)
        places = [*[_NOWHERE] * len(opening), *offsets][:max_length]
        tokens = [*opening, *ids][:max_length]
        example = _mask_prompt(tokens, places, spans=spans)
        examples.append(replace(example, domain=domain))
    kept = [example for example in examples if any(x != IGNORED_LABEL for x in example.labels[1:])]
    if not kept:
        msg = f"no training example has an assistant's token within max_length {max_length}"
        raise DataError(msg)
    return kept


def plan_order(num_examples: int, *, recipe: Recipe, seed: int) -> list[int]:
    """The examples of all optimizer steps, one after the other: a function of the seed."""
    shuffled = _shuffled(num_examples, seed=seed)
    needed = recipe.num_examples_trained_on
    return (shuffled * (needed // num_examples + 1))[:needed]


def unseen_by(num_examples: int, *, recipe: Recipe, seed: int) -> list[int]:
    """The examples that no optimizer step of ``seed`` sees, in the order of its shuffle."""
    return _shuffled(num_examples, seed=seed)[recipe.num_examples_trained_on :]


def plan_batches(
    examples: Sequence[SftExample], *, recipe: Recipe, seed: int
) -> list[list[SftExample]]:
    """The micro-batches in the order in which they are trained on."""
    order = plan_order(len(examples), recipe=recipe, seed=seed)
    per_step = recipe.batch_size * recipe.gradient_accumulation
    batches: list[list[SftExample]] = []
    for start in range(0, len(order), per_step):
        step = [examples[index] for index in order[start : start + per_step]]
        if recipe.gradient_accumulation > 1:
            step.sort(key=lambda example: -len(example.input_ids))
        batches += [
            step[at : at + recipe.batch_size] for at in range(0, per_step, recipe.batch_size)
        ]
    return batches


def collate(batch: Sequence[SftExample], *, pad_token_id: int) -> dict[str, Tensor]:
    """Pad on the right to the longest of the batch: ``[B, S]`` ids, mask and labels."""
    shape = (len(batch), max(len(example.input_ids) for example in batch))
    input_ids = torch.full(shape, pad_token_id, dtype=torch.long)
    labels = torch.full(shape, IGNORED_LABEL, dtype=torch.long)
    attention_mask = torch.zeros(shape, dtype=torch.long)
    for row, example in enumerate(batch):
        length = len(example.input_ids)
        input_ids[row, :length] = torch.tensor(example.input_ids)
        labels[row, :length] = torch.tensor(example.labels)
        attention_mask[row, :length] = 1
    return {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}


def _shuffled(num_examples: int, *, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    order: list[int] = torch.randperm(num_examples, generator=generator).tolist()
    return order


def _messages(line: Any, where: str) -> list[dict[str, str]]:
    try:
        parsed = [{"role": m["role"], "content": m["content"]} for m in line["messages"]]
    except (KeyError, TypeError) as error:
        raise _no_conversation(where, f"{type(error).__name__}: {error}") from error
    if not all(isinstance(text, str) for message in parsed for text in message.values()):
        raise _no_conversation(where, "a role or a content is not text")
    if "assistant" not in [message["role"] for message in parsed]:
        raise _no_conversation(where, "no assistant's message")
    return parsed


def _domain(line: Any, where: str) -> str | None:
    domain = line.get("domain")
    if domain is not None and not isinstance(domain, str):
        raise _no_conversation(where, f"its domain is {domain!r}, which is not text")
    return domain


def _no_conversation(where: str, reason: str) -> DataError:
    allowed = 'allowed: {"messages": [{"role", "content"}, ...]} with an assistant\'s message'
    return DataError(f"{where} is not a conversation ({reason}); {allowed}")


def _mask_prompt(
    ids: Sequence[int], offsets: Sequence[tuple[int, int]], *, spans: Sequence[tuple[int, int]]
) -> SftExample:
    labels = [
        token if any(begin <= start < end for begin, end in spans) else IGNORED_LABEL
        for token, (start, _) in zip(ids, offsets, strict=True)
    ]
    return SftExample(input_ids=tuple(ids), labels=tuple(labels))
