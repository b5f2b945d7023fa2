"""The harness' model whose answers come from the continuous engine.

Owns: turning the harness' requests into prompts and answers back into its texts. Does not cover:
the engine (`workers.generation`), prompts and stop tokens (`workers.evaluation.harness`).

Differences to the stock harness, which cuts a prompt that is too long on its left: here it is an
error that names the item, and an answer that reaches the end of the context is cut (our choice).
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from lm_eval.models.utils import (
    handle_stop_sequences,
    normalize_gen_kwargs,
    postprocess_generated_text,
)
from torch import nn
from transformers import PreTrainedTokenizerBase

from workers.errors import GenerationError
from workers.evaluation.decoding import Decoding
from workers.evaluation.eval_batches import compose
from workers.evaluation.harness import PromptCache, ResidentLM
from workers.evaluation.written import Written
from workers.generation import (
    Capacity,
    Engine,
    Prompt,
    Response,
    measured_capacity,
    why_unsupported,
)

logger = logging.getLogger(__name__)

Drafts = Mapping[str, Sequence[int]]  # token ids by item id


class ContinuousLM(ResidentLM):
    """Generates the answers of all items of a call continuously, in float32, or batch by batch."""

    def __init__(
        self,
        model: nn.Module,
        *,
        tokenizer: PreTrainedTokenizerBase,
        decoding: Decoding,
        prompts: PromptCache,
        drafts: Drafts | None = None,
    ) -> None:
        super().__init__(
            model, tokenizer=tokenizer, batch_size=decoding.items_together, prompts=prompts
        )
        self._decoding = decoding
        self._drafts = drafts or {}
        self._engines: dict[tuple[tuple[str, ...], int], Engine] = {}
        self._only_as_drafted = False
        self.items_verified = decoding.items_verified if self._drafts else 0

    @contextmanager
    def verifying(self) -> Iterator[None]:
        """Give answers up where they part from their drafts; their texts are empty then."""
        self._only_as_drafted = True
        try:
            yield
        finally:
            self._only_as_drafted = False

    def generate_until(self, requests: list[Any], disable_tqdm: bool = True) -> list[str]:
        """One text per request."""
        del disable_tqdm
        texts: dict[int, str] = {}
        for numbers in _grouped([request.args[1] for request in requests]):
            answers = self._answer([requests[number] for number in numbers])
            texts.update(zip(numbers, answers, strict=True))
        return [texts[number] for number in range(len(requests))]

    def _answer(self, requests: Sequence[Any]) -> list[str]:
        """Texts of requests with the same settings."""
        stops, max_new_tokens = self._settings(requests[0].args[1])
        engine = self._engine(stops, max_new_tokens)
        texts: dict[int, str] = {}
        for numbers in self._waves([request.args[0] for request in requests]):
            prompts = [self._prompt(requests[number]) for number in numbers]
            for response in engine.generate(prompts):
                number = numbers[response.index]
                self._note(requests[number].args[0], response)
                tokens = [] if response.is_given_up else list(response.tokens)
                texts[number] = postprocess_generated_text(
                    self.tok_decode(tokens), stop=stops, think_end_token=None
                )
        return [texts[number] for number in range(len(requests))]

    def _waves(self, prompts: Sequence[str]) -> list[tuple[int, ...]]:
        """Numbers of the prompts that may meet."""
        size = len(prompts) if self._decoding.is_exact else self._decoding.items_together
        return compose(
            prompts, batch_size=size, num_tokens=lambda prompt: len(self.tok_encode(prompt))
        )

    def _prompt(self, request: Any) -> Prompt:
        name = str((request.doc or {}).get("id", request.doc_id))
        return Prompt(
            name,
            self.tok_encode(request.args[0]),
            draft=self._drafts.get(name, ()),
            only_as_drafted=self._only_as_drafted,
        )

    def _note(self, prompt: str, response: Response) -> None:
        """Keep what is said of an answer; a margin where near ties are written again."""
        before = self.written.get(prompt)
        spent = before.num_passes or 0 if before is not None and before.is_given_up else 0
        self.written[prompt] = Written(
            response.tokens,
            response.is_truncated,
            response.margin if self._decoding.near_tie else None,
            response.num_drafted,
            response.num_passes + spent,
            response.is_redecoded,
            response.is_given_up,
        )

    def _settings(self, options: dict[str, Any]) -> tuple[list[str], int]:
        """Stop strings and the bound on new tokens; anything but greedy choice is refused."""
        settings = dict(normalize_gen_kwargs(options, self.max_gen_toks))
        end = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        stops = handle_stop_sequences(settings.pop("until", None), eos=end)
        max_new_tokens = int(settings.pop("max_gen_toks"))
        neutral = {"do_sample": (False, None), "temperature": (0, None)}
        for name, value in settings.items():
            if value not in neutral.get(name, ()):
                raise GenerationError(
                    f"A task generates with {name} = {value!r}; continuous generation is greedy "
                    "and allows do_sample: false: set training.generation to 'static'"
                )
        return [stop for stop in stops if stop], max_new_tokens

    def _engine(self, stops: Sequence[str], max_new_tokens: int) -> Engine:
        """Kept between calls, for what their prompts share."""
        key = (tuple(stops), max_new_tokens)
        if key not in self._engines:
            stopping = self._stopping(stops, max_new_tokens)
            self._engines[key] = Engine(
                self.model,
                stopping=stopping,
                capacity=self._capacity(),
                near_tie=self._decoding.near_tie,
            )
        return self._engines[key]

    def _capacity(self) -> Capacity:
        """Found once per backbone, so that all of its evaluations make the same batches."""
        rows = self._decoding.rows
        if rows not in self.prompts.capacities:
            self.prompts.capacities[rows] = measured_capacity(self.model, max_rows=rows)
        return self.prompts.capacities[rows]


def harness_model(
    model: nn.Module,
    *,
    tokenizer: PreTrainedTokenizerBase,
    decoding: Decoding,
    prompts: PromptCache,
    drafts: Drafts | None = None,
) -> ResidentLM:
    """The harness' model for a way of generating, with what its answers are expected to be.

    Raises:
        GenerationError: Continuous generation is required and the model does not allow it.
    """
    reason = why_unsupported(model) if decoding.is_continuous else None
    if reason is not None and decoding.is_required:
        raise GenerationError(
            f"The backbone cannot be decoded continuously, for {reason}; allowed: "
            "training.generation 'static' or 'auto' with a number as training.eval_batch_size"
        )
    if decoding.is_continuous and reason is None:
        return ContinuousLM(
            model, tokenizer=tokenizer, decoding=decoding, prompts=prompts, drafts=drafts
        )
    if reason is not None:
        logger.info("answers are generated in static batches, for %s", reason)
    return ResidentLM(
        model, tokenizer=tokenizer, batch_size=decoding.items_together, prompts=prompts
    )


def _grouped(options: Sequence[dict[str, Any]]) -> Iterator[list[int]]:
    """Numbers of requests with equal settings, in the order of their first."""
    groups: dict[str, list[int]] = {}
    for number, settings in enumerate(options):
        groups.setdefault(json.dumps(settings, sort_keys=True, default=str), []).append(number)
    yield from groups.values()
