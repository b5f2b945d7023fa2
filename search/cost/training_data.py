"""What a study's training data look like to its backbones' tokenizers.

Owns: rendering every example that training will use, as it will, and lengths and shares over the
first of them. Does not cover: the data themselves (``workers.training.sft_data``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from search.study.plan import Audit
from workers.backbones.chat_turns import ChatTurns
from workers.backbones.loading import load_tokenizer
from workers.training.sft_data import (
    IGNORED_LABEL,
    iter_conversations,
    read_conversations,
    render,
    tokenise,
)

_SAMPLE = 256
_STEP = 500


@dataclass(frozen=True)
class TrainingData:
    """What a backbone's tokenizer makes of the first training examples.

    Attributes:
        backbone: As the study names it.
        num_examples: Those that were rendered.
        num_sampled: Of them looked at here.
        mean_tokens: Per example, cut to the recipe's length.
        cut_share: How many reach that length, of those looked at.
        taught_share: Tokens of the assistant, of all tokens.
    """

    backbone: str
    num_examples: int
    num_sampled: int
    mean_tokens: float
    cut_share: float
    taught_share: float


def check_training_data(
    audit: Audit, *, backbone: str, observer: Callable[[str, int], None]
) -> TrainingData:
    """Render all examples as training will, and tokenise the first.

    Args:
        audit: The study.
        backbone: Whose template and tokenizer are asked.
        observer: Told the backbone and how many examples are rendered, now and then.

    Raises:
        WorkerError: The data cannot be read, or the backbone's chat template does not suit one of
            them, whose file and line are named.
    """
    recipe = audit.recipe
    turns = ChatTurns(load_tokenizer(backbone, template_date=recipe.template_date))
    used = islice(iter_conversations(audit.suite.train_file), recipe.num_examples)
    number = 0
    for number, _ in enumerate(render(used, turns=turns), start=1):
        if number % _STEP == 0:
            observer(backbone, number)
    return replace(sample_training_data(audit, backbone=backbone), num_examples=number)


def sample_training_data(audit: Audit, *, backbone: str) -> TrainingData:
    """Tokenise the first examples as training will.

    Raises:
        WorkerError: as ``check_training_data``, of those examples.
    """
    recipe = audit.recipe
    tokenizer = load_tokenizer(backbone, template_date=recipe.template_date)
    sampled = read_conversations(
        audit.suite.train_file, num_examples=min(_SAMPLE, recipe.num_examples)
    )
    examples = tokenise(sampled, tokenizer=tokenizer, max_length=recipe.max_length)
    lengths = [len(example.input_ids) for example in examples]
    taught = sum(label != IGNORED_LABEL for example in examples for label in example.labels)
    return TrainingData(
        backbone=backbone,
        num_examples=len(sampled),
        num_sampled=len(examples),
        mean_tokens=sum(lengths) / len(lengths),
        cut_share=sum(length == recipe.max_length for length in lengths) / len(lengths),
        taught_share=taught / sum(lengths),
    )
