"""Whether a study's prompts leave room for an answer in its backbones' contexts.

Owns: rendering a benchmark's longest prompts as evaluation will, and their tokens against the
context. Does not cover: how they are generated from (``workers.evaluation``).
"""

from __future__ import annotations

from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any

from search.errors import StudyFileError
from search.study.plan import Audit
from workers.backbones.encoding import Encoding
from workers.backbones.loading import load_tokenizer
from workers.backbones.sizes import backbone_config
from workers.evaluation.asked_items import AskedItem, asked_items
from workers.evaluation.decoding import Decoding
from workers.suites.limits import response_limit_tokens
from workers.suites.tasks import load_tasks

_LONGEST = 64  # by characters; the longest by tokens is among them


@dataclass(frozen=True)
class PromptLength:
    """A benchmark's longest prompt on a backbone, in tokens, and what the context leaves for it."""

    backbone: str
    benchmark: str
    item: str
    num_tokens: int
    most_tokens: int


def check_prompts(audit: Audit) -> list[PromptLength]:
    """The longest prompt of every benchmark on every backbone.

    Raises:
        StudyFileError: Some do not fit; the message names the longest.
        WorkerError: A task cannot be loaded.
    """
    with redirect_stderr(StringIO()):
        tasks = load_tasks(audit.suite, audit.benchmarks)
    found = []
    for backbone in audit.file.backbones:
        tokenizer = load_tokenizer(backbone, template_date=audit.recipe.template_date)
        context = int(backbone_config(backbone)[0].get_text_config().max_position_embeddings)
        for benchmark in audit.benchmarks:
            longest = _longest(tasks[benchmark], tokenizer=tokenizer)
            most = _most_tokens(audit, benchmark, context=context)
            found.append(_fitting(longest, backbone, benchmark, most=most, context=context))
    return found


def _longest(task: Any, *, tokenizer: Any) -> list[tuple[int, AskedItem]]:
    """The longest prompts with their tokens, the longest first."""
    encoding = Encoding(tokenizer)
    with redirect_stderr(StringIO()):  # the harness draws progress bars there
        items = asked_items(task, model=_Renderer(tokenizer))
    chosen = sorted(items, key=lambda item: -len(item.prompt))[:_LONGEST]
    counted = [(len(encoding.encode(item.prompt)), item) for item in chosen]
    return sorted(counted, key=lambda pair: -pair[0])


def _most_tokens(audit: Audit, benchmark: str, *, context: int) -> int:
    """What a prompt may have: static batches keep the whole answer's room, continuous ones none."""
    answer = response_limit_tokens(audit.suite, benchmark)
    return context - (1 if Decoding.of(audit.recipe).is_continuous else answer)


def _fitting(
    longest: list[tuple[int, AskedItem]], backbone: str, benchmark: str, *, most: int, context: int
) -> PromptLength:
    num_tokens, item = longest[0]
    if num_tokens > most:
        over = sum(tokens > most for tokens, _ in longest)
        number = f"{over}" if over < len(longest) else f"{over} or more"
        msg = (
            f"benchmark {benchmark!r} does not fit backbone {backbone!r}: the prompt of item "
            f"{item.item_id!r} has {num_tokens} tokens, and {max(most, 0)} are left for one in its "
            f"context of {context} ({number} prompts are too long); allowed: a backbone with a "
            "longer context, other benchmarks, or a suite with a smaller max_new_tokens"
        )
        raise StudyFileError(msg)
    return PromptLength(backbone, benchmark, item.item_id, num_tokens, most)


class _Renderer:
    """What the harness asks of a model while it builds prompts, without a model."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.tokenizer_name = str(tokenizer.name_or_path)

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """As the harness' model renders a conversation."""
        text: str = self._tokenizer.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return text
