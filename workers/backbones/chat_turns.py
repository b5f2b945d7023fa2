"""Where the assistant speaks in a conversation that a chat template has rendered.

Owns: the character spans of the assistant's messages, for the template of any family (ChatML,
Llama, DeepSeek, ...). Does not cover: tokens and labels (``workers.training.sft_data``).

A template is asked once per sequence of roles, with marks in place of what is said: what stands
between two marks is the template's own text. A rendered conversation is then read piece by piece,
so that nothing is searched for and nothing that a message says can be mistaken for a turn: whatever
the template writes around turns, as a special token or in brackets of any kind, no message may say.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from workers.errors import DataError

Span = tuple[int, int]
# Private-use characters: no data set says them, and no template treats them as text to rewrite.
_MARK = "\ue000{}\ue001"
# What looks like a mark in a template's own text: <|im_start|>, <start_of_turn>, [INST], ...
_TURN_MARK = re.compile(r"<<[^<>\s]+>>|<[^<>\s]+>|\[/?[A-Z_]+\]")
_THOUGHTS = ("<think>", "</think>")  # part of an answer, whoever opens them


@dataclass(frozen=True)
class _Frame:
    """What a template writes around the messages of one sequence of roles.

    Attributes:
        glue: The text before each message, then the text after the last.
        prompted: For each message, how much of its glue's end is left for the assistant to write
            (Qwen3's empty ``<think>`` block): the generation prompt stops before it.
        marks: What the glue marks turns with; what the assistant writes is no mark.
    """

    glue: tuple[str, ...]
    prompted: tuple[int, ...]
    marks: tuple[str, ...]

    def prompt(self, number: int) -> str:
        """The text before a message, without what is left for the assistant to write."""
        return self.glue[number][: len(self.glue[number]) - self.prompted[number]]


@dataclass
class ChatTurns:
    """The turns that one tokenizer's chat template writes."""

    tokenizer: Any
    _frames: dict[tuple[str, ...], _Frame] = field(default_factory=dict)

    def render(self, conversation: Sequence[Mapping[str, str]]) -> str:
        """The conversation as text.

        Raises:
            DataError: The template refuses it, or a message says one of its special tokens.
        """
        marks = (*self._special, *self._frame(_roles(conversation)).marks)
        for number, message in enumerate(conversation):
            said = next((mark for mark in marks if mark in message["content"]), None)
            if said is not None:
                msg = (
                    f"message {number} of a conversation says {said!r}, which ends or begins turns"
                )
                raise DataError(msg)
        return self._apply(conversation)

    def assistant_spans(self, text: str, conversation: Sequence[Mapping[str, str]]) -> list[Span]:
        """Character spans ``[begin, end)`` of what the assistant writes, its end of turn included.

        Args:
            text: The conversation as ``render`` gave it.
            conversation: Messages with ``role`` and ``content``.

        Raises:
            DataError: The template does not write a message as it is said, or marks no end of turn.
        """
        frame = self._frame(_roles(conversation))
        spans, at = [], 0
        for number, message in enumerate(conversation):
            begin, end = _find(text, frame, number=number, message=message, at=at)
            if message["role"] == "assistant":
                if text.startswith(frame.prompt(number), at):
                    begin = at + len(frame.prompt(number))
                spans.append((begin, end + self._end_of_turn(frame.glue[number + 1])))
            at = end
        return spans

    @cached_property
    def _special(self) -> list[str]:
        return [str(t) for t in self.tokenizer.added_tokens_decoder.values() if t.special]

    def _apply(self, messages: Sequence[Mapping[str, str]], *, prompt: bool = False) -> str:
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    [dict(message) for message in messages],
                    tokenize=False,
                    add_generation_prompt=prompt,
                )
            )
        except Exception as error:  # a template raises what it likes
            roles = ", ".join(message["role"] for message in messages)
            msg = f"the chat template refuses a conversation of {roles}: {error}"
            raise DataError(msg) from error

    def _frame(self, roles: tuple[str, ...]) -> _Frame:
        if roles not in self._frames:
            marks = [_MARK.format(number) for number in range(len(roles))]
            marked = [
                {"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)
            ]
            text = self._apply(marked)
            glue = _split(text, marks)
            left = tuple(self._left(text, marked, glue))
            own = "\0".join(part[: len(part) - cut] for part, cut in zip(glue, left, strict=True))
            said = tuple(mark for mark in _TURN_MARK.findall(own) if mark not in _THOUGHTS)
            self._frames[roles] = _Frame(glue, left, said)
        return self._frames[roles]

    def _left(
        self, text: str, marked: Sequence[Mapping[str, str]], glue: Sequence[str]
    ) -> list[int]:
        left = []
        for number, message in enumerate(marked):
            begin = text.index(message["content"])
            is_assistant = message["role"] == "assistant"
            prompt = self._apply(marked[:number], prompt=True) if is_assistant and number else text
            fits = text.startswith(prompt) and begin - len(glue[number]) <= len(prompt) <= begin
            left.append(begin - len(prompt) if fits else 0)
        return [*left, 0]  # of what stands after the last message

    def _end_of_turn(self, after: str) -> int:
        """Length of the text after a message up to and with the token that ends its turn."""
        told = after.lstrip()
        token = next((t for t in self._special if told.startswith(t)), None)
        if token is None:
            msg = (
                f"the chat template writes {after[:40]!r} after an assistant's message; needed is "
                "a special token there, or the end of a turn is never learnt"
            )
            raise DataError(msg)
        return len(after) - len(told) + len(token)


def _split(text: str, marks: Sequence[str]) -> tuple[str, ...]:
    glue, at = [], 0
    for number, mark in enumerate(marks):
        found = text.find(mark, at)
        if found < 0 or text.count(mark) != 1:
            msg = f"the chat template does not write message {number} once, where it belongs"
            raise DataError(msg)
        glue.append(text[at:found])
        at = found + len(mark)
    return (*glue, text[at:])


def _roles(conversation: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(message["role"] for message in conversation)


def _find(text: str, frame: _Frame, *, number: int, message: Mapping[str, str], at: int) -> Span:
    """Where a message stands: as it is said, or without some of its outer white space.

    An assistant's message may bring the block itself that the template puts before one without
    (Qwen3's ``<think>``), and then stands in its place.
    """
    glue, after = frame.glue[number], frame.prompt(number + 1)
    content = message["content"]
    if text.startswith(glue, at):
        begin = at + len(glue)
        for said in _trimmed(content):
            if text.startswith(said + after, begin):
                return begin, begin + len(said)
    if message["role"] == "assistant":
        for begin in range(at + _num_shared(glue, text[at : at + len(glue)]), at, -1):
            for said in (content, content.strip()):
                if text.startswith(said + after, begin):
                    return begin, begin + len(said)
    written = text[at:].removeprefix(glue)
    msg = (
        f"message {number} of a conversation, the {message['role']}'s, says {content[:60]!r}, and "
        f"the chat template rewrites it: {written[:60]!r}; allowed: messages that it writes as "
        "they are"
    )
    raise DataError(msg)


def _num_shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))


def _trimmed(content: str) -> Iterator[str]:
    """A message with all, some and none of the white space around it."""
    core = content.strip()
    begin = content.index(core)
    before, behind = content[:begin], content[begin + len(core) :]
    for left in range(len(before) + 1):
        for right in range(len(behind), -1, -1):
            yield before[left:] + core + behind[:right]
