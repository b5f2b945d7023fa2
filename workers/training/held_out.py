"""How far a trained host is from its baseline, on training examples that neither was trained on.

    D = mean over positions t of  KL( p_t || q_t )
      = mean_t [ sum_{v in top_t} p_t(v) log(p_t(v) / q_t(v)) + P_t log(P_t / Q_t) ]

with p the baseline's next-token distribution and q the run's, top_t the baseline's 64 likeliest
tokens at t, and P, Q the probability of all others together: the divergence of the two
distributions over 65 outcomes, which is at most the one over the whole vocabulary, and equal to it
where that has no more tokens. In nats a token. Zero exactly where the two are the same.

Owns: which examples are held out, what is kept of the baseline (an artifact of some 100 KB), and
the divergence. No benchmark item has a say. Does not cover: what the divergence is used for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from talan.sham import evaluating
from workers.errors import DataError
from workers.job.recipe import Recipe
from workers.training.sft_data import IGNORED_LABEL, SftExample, unseen_by

MOST_EXAMPLES = 32
MOST_POSITIONS = 64  # of an example: long answers would outweigh the others
TOP = 64


@dataclass(frozen=True)
class BaselineSays:
    """The baseline's likeliest tokens at every position, and log-probabilities.

    Args:
        tokens: ``[N, K]``, K the smaller of 64 and the vocabulary.
        log_probs: ``[N, K + 1]``, float64; the last is that of all other tokens together.
    """

    tokens: Tensor
    log_probs: Tensor

    def encode(self) -> bytes:
        """As the bytes of an artifact, the same for the same values."""
        parts = {"tokens": self.tokens.int(), "log_probs": self.log_probs.double()}
        data: bytes = safetensors.torch.save({name: t.contiguous() for name, t in parts.items()})
        return data

    @classmethod
    def decode(cls, data: bytes) -> "BaselineSays":
        """Read back.

        Raises:
            DataError: The bytes are something else.
        """
        try:
            parts = safetensors.torch.load(data)
            return cls(parts["tokens"].long(), parts["log_probs"])
        except (SafetensorError, KeyError) as error:
            msg = f"the baseline's log-probabilities cannot be read: {error}"
            raise DataError(msg) from error


def held_out_examples(
    examples: Sequence[SftExample], *, recipe: Recipe, seed: int
) -> list[SftExample]:
    """The first 32 in the seed's order that no training step of that seed sees.

    Raises:
        DataError: Every example is trained on.
    """
    chosen = unseen_by(len(examples), recipe=recipe, seed=seed)[:MOST_EXAMPLES]
    if not chosen:
        msg = (
            f"all {len(examples)} training examples are trained on, and none is left to measure "
            "the distance from the baseline; allowed: fewer steps, or more examples"
        )
        raise DataError(msg)
    return [examples[index] for index in chosen]


def baseline_says(model: nn.Module, examples: Sequence[SftExample]) -> BaselineSays:
    """What a trained baseline expects at the held-out positions."""
    tokens, log_probs = [], []
    for logits in _logits(model, examples):
        top = logits.topk(min(TOP, logits.shape[-1]), dim=-1).indices
        tokens.append(top.cpu())
        log_probs.append(_coarse(logits, top).cpu())
    return BaselineSays(torch.cat(tokens), torch.cat(log_probs))


def kl_to_baseline(
    model: nn.Module, examples: Sequence[SftExample], *, baseline: BaselineSays
) -> float:
    """The divergence of a trained host from its baseline, in nats a token.

    Raises:
        DataError: The baseline was measured at other positions.
    """
    parts, start = [], 0
    for logits in _logits(model, examples):
        rows = slice(start, start := start + logits.shape[0])
        tokens, p = baseline.tokens[rows].to(logits.device), baseline.log_probs[rows]
        if tokens.shape[0] != logits.shape[0]:
            break
        q = _coarse(logits, tokens).cpu()
        terms = torch.where(p == -torch.inf, 0.0, p.exp() * (p - q))
        parts.append(terms.sum(dim=-1))
    if start != baseline.tokens.shape[0]:
        msg = (
            f"the baseline was measured at {baseline.tokens.shape[0]} held-out positions, and this "
            "run has others: its training examples or its seed are not the baseline's"
        )
        raise DataError(msg)
    return max(float(torch.cat(parts).mean()), 0.0)  # rounding may leave -1e-17


def _coarse(logits: Tensor, tokens: Tensor) -> Tensor:
    """Log-probabilities ``[N, K + 1]`` of the tokens ``[N, K]`` and of all others together."""
    log_probs = logits.log_softmax(dim=-1)
    others = log_probs.scatter(-1, tokens, -torch.inf).logsumexp(dim=-1, keepdim=True)
    return torch.cat([log_probs.gather(-1, tokens), others], dim=-1)


@torch.no_grad()
def _logits(model: Any, examples: Sequence[SftExample]) -> Iterator[Tensor]:
    """By example, ``[positions, vocabulary]`` in float64 where the assistant speaks.

    One example at a time: no padding, and no say of one in another's numbers.
    """
    with evaluating(model):
        for example in examples:
            ids = torch.tensor([example.input_ids], device=model.device)
            labels = torch.tensor(example.labels[1:])
            places = (labels != IGNORED_LABEL).nonzero().flatten()[:MOST_POSITIONS]
            yield model(input_ids=ids, use_cache=False).logits[0, places.to(ids.device)].double()
