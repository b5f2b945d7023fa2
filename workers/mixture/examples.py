"""From a source's row to a conversation, or to the reason why there is none.

Owns: templates, turns, the order of choices, and the filters of a source. Does not cover reading
files (`workers.data.rows`), duplicates and overlaps (`workers.mixture.build`).
"""

import hashlib
import re
from collections.abc import Mapping
from itertools import dropwhile

from workers.mixture.recipe import Choices, Conversation, Source

MALFORMED, FILTERED, TURN_MARK = "malformed", "filtered", "says a turn mark"
CUT_BEGINNING = "began with an answer, which was left out"
# What chat templates of any family mark turns with; a message that says one is refused in training.
_TURN_MARK = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|<\uff5c[^\uff5c<>]{1,60}\uff5c>|</?s>|<(?:bos|eos|start_of_turn|end_of_turn)>"
    r"|\[/?INST\]|<</?SYS>>"
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
Message = dict[str, str]


def conversation_of(
    row: Mapping[str, object], *, source: Source, seed: int
) -> tuple[list[Message], str]:
    """Return a row's messages, or none and why.

    The reasons are `MALFORMED`, `FILTERED` and `TURN_MARK`; with messages there is `CUT_BEGINNING`
    where an answer stood before the first request, as in shared conversations that were cut.
    """
    if not all(_is_wanted(row[column], value) for column, value in source.where.items()):
        return [], FILTERED
    note = ""
    if source.conversation is None:
        messages = _from_templates(row, source=source, seed=seed)
    else:
        messages = _from_turns(row[source.conversation.column], source.conversation)
        begun = _from_first_request(messages)
        note = CUT_BEGINNING if len(begun) < len(messages) else ""
        messages = _cut(begun, source.max_turns)
    if not _is_conversation(messages):
        return [], MALFORMED
    if any(_TURN_MARK.search(message["content"]) for message in messages):
        return [], TURN_MARK
    return (messages, note) if _passes(messages, source) else ([], FILTERED)


def key_of(messages: list[Message], *, seed: int, purpose: str) -> str:
    """Return a conversation's place among others: a draw that only seed and content decide."""
    turns = [part for message in messages for part in (message["role"], message["content"])]
    text = "\0".join([str(seed), purpose, *turns])
    return _sha256(text)


def _from_templates(row: Mapping[str, object], *, source: Source, seed: int) -> list[Message]:
    texts = {column: _text(row[column]) for column in row}
    if source.choices is not None:
        texts.update(_in_order(texts, source.choices, seed=seed))
    templates = {"user": source.user or "", "assistant": source.assistant or ""}
    return [
        {"role": role, "content": template.format_map(texts).strip()}
        for role, template in templates.items()
    ]


def _in_order(texts: Mapping[str, str], columns: Choices, *, seed: int) -> dict[str, str]:
    right = texts[columns.right]
    shown = [right, *(texts[column] for column in columns.wrong)]
    everything = "\0".join(shown)
    drawn = sorted(
        shown,
        key=lambda choice: hashlib.sha256(
            f"{seed}\0{everything}\0{choice}".encode("utf-8", "replace")
        ).hexdigest(),
    )
    lines = [f"({letter}) {choice}" for letter, choice in zip(_LETTERS, drawn, strict=False)]
    return {"choices": "\n".join(lines), "letter": _LETTERS[drawn.index(right)]}


def _from_turns(turns: object, columns: Conversation) -> list[Message]:
    messages = []
    for turn in turns if isinstance(turns, list) else []:
        named = turn if isinstance(turn, Mapping) else {}
        role = columns.roles.get(str(named.get(columns.role)), "")
        messages.append({"role": role, "content": _text(named.get(columns.content)).strip()})
    return messages


def _from_first_request(messages: list[Message]) -> list[Message]:
    """Without the answers before the first request, whatever they answered."""
    begin = 1 if messages and messages[0]["role"] == "system" else 0
    rest = list(dropwhile(lambda message: message["role"] == "assistant", messages[begin:]))
    return [*messages[:begin], *rest]


def _cut(messages: list[Message], max_turns: int) -> list[Message]:
    """The first turns, up to the last answer among them."""
    kept = messages[:max_turns]
    while kept and kept[-1]["role"] != "assistant":
        kept = kept[:-1]
    return kept


def _is_conversation(messages: list[Message]) -> bool:
    """Requests and answers in turn, none of them empty, behind a system message at most."""
    turns = messages[1:] if messages and messages[0]["role"] == "system" else messages
    wanted = ["user", "assistant"] * (len(turns) // 2)
    return (
        bool(turns)
        and [message["role"] for message in turns] == wanted
        and all(message["content"] and _is_text(message["content"]) for message in messages)
    )


def _is_text(content: str) -> bool:
    """Whether it can be written: scraped text holds halves of characters."""
    try:
        content.encode()
    except UnicodeEncodeError:
        return False
    return True


def _passes(messages: list[Message], source: Source) -> bool:
    text = "\n".join(message["content"] for message in messages)
    lowered = text.lower()
    return (
        source.min_chars <= len(text) <= source.max_chars
        and sum(character.isascii() for character in text) >= source.min_ascii * len(text)
        and not any(phrase.lower() in lowered for phrase in source.without)
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _is_wanted(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, list) else bool(value == wanted)


def _text(value: object) -> str:
    if value is None:
        return ""
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)
