"""What a study's training data look like to its backbones' tokenizers.

Owns: lengths and shares over the first examples of the data. Does not cover: the data themselves
(``workers.run.sft_data``).
"""

from __future__ import annotations

from dataclasses import dataclass

from search.study.plan import Audit
from workers.backbones.loading import load_tokenizer
from workers.run.sft_data import IGNORED_LABEL, read_conversations, tokenise

_SAMPLE = 256


@dataclass(frozen=True)
class TrainingData:
    """What a backbone's tokenizer makes of the first training examples.

    Attributes:
        backbone: As the study names it.
        num_examples: In the study's recipe.
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


def sample_training_data(audit: Audit, *, backbone: str) -> TrainingData:
    """Tokenise the first examples as training will.

    Raises:
        WorkerError: The data cannot be read, or the backbone's chat template does not suit them.
    """
    recipe = audit.recipe
    conversations = read_conversations(audit.suite.train_file, num_examples=recipe.num_examples)
    sampled = conversations[:_SAMPLE]
    tokenizer = load_tokenizer(backbone, template_date=recipe.template_date)
    examples = tokenise(sampled, tokenizer=tokenizer, max_length=recipe.max_length)
    lengths = [len(example.input_ids) for example in examples]
    taught = sum(label != IGNORED_LABEL for example in examples for label in example.labels)
    return TrainingData(
        backbone=backbone,
        num_examples=len(conversations),
        num_sampled=len(examples),
        mean_tokens=sum(lengths) / len(lengths),
        cut_share=sum(length == recipe.max_length for length in lengths) / len(lengths),
        taught_share=taught / sum(lengths),
    )
