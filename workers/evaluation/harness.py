"""Scoring a trained host on one benchmark through lm-evaluation-harness.

Owns: the harness' model object around the resident backbone, greedy generation, and one outcome per
item in item order. Does not cover: the tasks and their scorers (``workers.suites``), where the
responses go (``workers.evaluation.responses``).

The harness is the stock one: its tasks, its filters, its ``evaluate``. ``ResidentLM`` only leaves
out work that repeats: prompts are rendered and tokenised once per backbone, and a stop string that
is one token ends its own row inside ``generate`` instead of being searched for in decoded text.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import lm_eval
import torch
from lm_eval.models.huggingface import HFLM
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from workers.backbones.encoding import Encoding
from workers.errors import GenerationError
from workers.evaluation.written import Written
from workers.generation import Capacity, Stopping
from workers.suites.tasks import ItemOutcome, read_outcomes


@dataclass(frozen=True)
class ScoredItem:
    """One item's outcome, and the hash of the prompt it was asked with.

    ``written`` is None where nobody looked.
    """

    outcome: ItemOutcome
    prompt_sha256: str
    written: Written | None = None


@dataclass(frozen=True)
class PromptCache:
    """What evaluations on one backbone share: prompts as text and tokens, batches, capacities.

    ``batches`` are kept by the task's identity, with the task, which keeps the identity its own;
    ``asked`` by artifact store, suite and benchmark: the artifacts that hold the prompts.
    """

    rendered: dict[str, str] = field(default_factory=dict)
    encoded: dict[str, list[int]] = field(default_factory=dict)
    batches: dict[tuple[int, int], tuple[object, list[tuple[int, ...]]]] = field(
        default_factory=dict
    )
    capacities: dict[int | None, Capacity] = field(default_factory=dict)
    asked: dict[tuple[str, str, str], str] = field(default_factory=dict)


def evaluate_benchmark(
    harness_model: "ResidentLM",
    *,
    tasks: Mapping[str, Any],
    benchmark: str,
    items: Sequence[int] | None = None,
) -> list[ScoredItem]:
    """Generate and score the items of one benchmark, greedily.

    Args:
        harness_model: Around the causal language model, adapter and TALAN in place
            (``workers.evaluation.continuous_lm.harness_model``).
        tasks: Loaded harness tasks by benchmark name.
        benchmark: Which of them.
        items: Only these, by their ascending numbers; None: every item. A batch of a full
            evaluation (``workers.evaluation.eval_batches``) is answered as it is there, bit for
            bit.

    Returns:
        One scored item per item asked, in item order.
    """
    results = lm_eval.evaluate(
        harness_model,
        {"tasks": {benchmark: tasks[benchmark]}, "groups": {}, "group_map": {}},
        samples=None if items is None else {benchmark: list(items)},
        bootstrap_iters=0,
        apply_chat_template=True,
        confirm_run_unsafe_code=True,
    )
    samples = sorted(results["samples"][benchmark], key=lambda sample: int(sample["doc_id"]))
    asked = [str(sample["arguments"][0][0]) for sample in samples]
    outcomes = read_outcomes(tasks[benchmark].config.metadata["kind"], samples)
    return [
        ScoredItem(outcome, _sha256(prompt), harness_model.written.get(prompt))
        for outcome, prompt in zip(outcomes, asked, strict=True)
    ]


class ResidentLM(HFLM):  # type: ignore[misc]
    """The harness' HuggingFace model over a model that is already in memory.

    Args:
        model: The causal language model, adapter and TALAN in place.
        tokenizer: Its tokenizer, with a chat template.
        batch_size: Items generated together.
        prompts: What earlier evaluations with this tokenizer prepared.

    ``written``: what was written for the prompts so far. ``items_verified``: how many drafts are
    verified together before any answer is written out; 0: answers are written as they are asked.
    """

    items_verified = 0

    def __init__(
        self,
        model: nn.Module,
        *,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int,
        prompts: PromptCache,
    ) -> None:
        super().__init__(pretrained=model, tokenizer=tokenizer, batch_size=batch_size)
        self.prompts = prompts
        self.written: dict[str, Written] = {}
        self._together: list[str] = []
        self._encoding = Encoding(tokenizer)

    def verifying(self) -> AbstractContextManager[None]:
        """Give answers up where they part from their drafts; here they have none."""
        return nullcontext()

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """Render once per conversation."""
        key = f"{add_generation_prompt}{chat_history}"
        if key not in self.prompts.rendered:
            text = super().apply_chat_template(chat_history, add_generation_prompt)
            self.prompts.rendered[key] = text
        return self.prompts.rendered[key]

    def tok_encode(self, string: str, **options: object) -> list[int]:
        """Tokenise once per prompt (the harness sorts prompts by their number of tokens)."""
        if options:
            return list(super().tok_encode(string, **options))
        if string not in self.prompts.encoded:
            self.prompts.encoded[string] = self._encoding.encode(string)
        return self.prompts.encoded[string]

    def tok_batch_encode(
        self, strings: list[str], left_truncate_len: int | None = None, **options: object
    ) -> tuple[Tensor, Tensor]:
        """Tokenise the prompts that are generated together next, padded on the left.

        Raises:
            GenerationError: One of them is longer than what the context leaves for a prompt; the
                stock harness would cut it.
        """
        del options
        self._together = list(strings)
        rows = [self.tok_encode(string) for string in strings]
        longest = max(map(len, rows))
        if left_truncate_len and longest > left_truncate_len:
            raise GenerationError(
                f"A prompt has {longest} tokens; allowed: {left_truncate_len}, for the rest of "
                f"the backbone's context of {self.max_length} is kept for its answer"
            )
        padding = self.tokenizer.pad_token_id
        padded = [[padding] * (longest - len(row)) + row for row in rows]
        mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
        return torch.tensor(padded), torch.tensor(mask)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = True) -> list[str]:
        """Generate without a progress bar."""
        return list(super().generate_until(requests, disable_tqdm=disable_tqdm))

    def _model_generate(
        self, context: Tensor, max_length: int, stop: list[str], **generation_kwargs: object
    ) -> Tensor:
        stopping = self._stopping(stop, max_length - context.shape[1])
        with torch.inference_mode():
            generated: Tensor = super()._model_generate(
                context,
                max_length,
                list(stopping.stop_strings),
                eos_token_id=sorted(stopping.stop_tokens),
                **generation_kwargs,
            )
        rows = generated[:, context.shape[1] :].tolist()
        for prompt, row in zip(self._together, rows, strict=True):
            tokens, is_truncated = stopping.cut(row)
            self.written[prompt] = Written(tokens, is_truncated)
        return generated

    def _stopping(self, stops: Sequence[str], max_new_tokens: int) -> Stopping:
        """What ends an answer: a stop string that is one token is a stop token."""
        tokens = {stop: self._stop_token(stop) for stop in stops}
        known = {token for token in tokens.values() if token is not None}
        strings = tuple(stop for stop, token in tokens.items() if token is None)
        decode = self.tokenizer.decode
        return Stopping(max_new_tokens, frozenset(known | self._own_eos_ids()), strings, decode)

    def _stop_token(self, text: str) -> int | None:
        """The special token that the stop string is, if it is one."""
        token = self.tokenizer.convert_tokens_to_ids(text)
        return token if token in self.tokenizer.all_special_ids else None

    def _own_eos_ids(self) -> set[int]:
        eos = self.model.generation_config.eos_token_id
        return set() if eos is None else {eos} if isinstance(eos, int) else set(eos)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
