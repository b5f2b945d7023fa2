"""A model folder at a terminal: text in, text out, as it is written.

Owns: rendering a conversation, generating, and streaming what is generated. Greedy unless a
temperature is asked for, as the audit asked. Does not cover: finding the folder, reading the
conversation from a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TextStreamer
from transformers.utils import logging as transformers_log

from talan import from_pretrained
from workers.errors import GenerationError, first_line

Message = Mapping[str, str]


@dataclass(frozen=True)
class Sampling:
    """How an answer is chosen.

    Attributes:
        max_new_tokens: Where an answer ends at the latest.
        temperature: 0 takes the likeliest token each time.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise GenerationError(
                f"max-new-tokens is {self.max_new_tokens}; allowed: whole numbers from 1"
            )
        if not 0 <= self.temperature < float("inf"):
            raise GenerationError(f"temperature is {self.temperature}; allowed: numbers from 0")

    @property
    def settings(self) -> dict[str, Any]:
        """As transformers' generate takes it."""
        if self.temperature == 0:
            return {"max_new_tokens": self.max_new_tokens, "do_sample": False}
        chosen = {"do_sample": True, "temperature": self.temperature}
        return {"max_new_tokens": self.max_new_tokens, **chosen}


class TerminalModel:
    """A loaded model that answers on standard output.

    Args:
        source: A model folder, or a hub's name of one.
        device: Where to; None: the first GPU, else the CPU.
    """

    def __init__(self, source: str | Path, *, device: str | None = None) -> None:
        transformers_log.set_verbosity_error()  # type: ignore[no-untyped-call]
        transformers_log.disable_progress_bar()  # type: ignore[no-untyped-call]
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._model, self._tokenizer = from_pretrained(source, device_map=place)

    def answer(self, conversation: Sequence[Message], *, sampling: Sampling) -> str:
        """Write the assistant's next message to standard output, token by token, and return it.

        Raises:
            GenerationError: The chat template refuses the conversation.
        """
        try:
            asked: Any = self._tokenizer.apply_chat_template(
                [dict(message) for message in conversation],
                add_generation_prompt=True,
                return_tensors="pt",
                return_dict=True,
            )
        except Exception as error:  # a template raises what it likes
            raise GenerationError(
                f"the chat template refuses this conversation: {first_line(error)}"
            ) from error
        asked = asked.to(self._model.device)
        streamer = TextStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        with torch.inference_mode():
            written = self._model.generate(**asked, streamer=streamer, **sampling.settings)
        tokens = written[0, asked["input_ids"].shape[1] :]
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))
