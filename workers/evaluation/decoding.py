"""How the answers of a run are generated: by which loop, and how many at a time.

Owns: what a recipe's `generation`, `eval_batch_size` and `dtype` come to. Does not cover: the loops
(`workers.evaluation.harness`, `workers.generation`).

In float32 an answer does not depend on its company nor on its draft (tested token for token), so
continuous batches are free to mix all items of a benchmark, and `auto` uses drafts. In half
precision it does, by rounding: there the items that may meet are a fixed batch of `items_together`,
whether a benchmark is asked in full or batch by batch until its loss is certain, and `auto` stays
with what recorded runs were generated with.
"""

from dataclasses import dataclass

from workers.generation.engine import NEAR_TIE
from workers.job.recipe import Recipe, takes_drafts

# Our choices: a wave is long enough for its end, when rows run dry, to matter little.
_WAVES = 4
_AUTO_ITEMS = 256
_LEAST_VERIFIED = 16


@dataclass(frozen=True)
class Decoding:
    """A way to generate.

    Attributes:
        rows: Sequences at a time; None: as many as memory allows.
        is_continuous: Whether waiting items take the place of ended ones.
        is_required: Whether a model that cannot be decoded continuously is refused.
        is_exact: Whether answers do not depend on what they are generated with.
        is_drafted: Whether the matched baseline's answers are drafts.
    """

    rows: int | None
    is_continuous: bool = False
    is_required: bool = False
    is_exact: bool = False
    is_drafted: bool = False

    @classmethod
    def of(cls, recipe: Recipe) -> "Decoding":
        """The recipe's."""
        rows = None if isinstance(recipe.eval_batch_size, str) else recipe.eval_batch_size
        is_exact = recipe.dtype == "float32"
        is_drafted = takes_drafts(recipe)
        is_required = recipe.generation in ("continuous", "drafted") or rows is None
        is_continuous = is_required or is_drafted
        return cls(rows, is_continuous, is_required, is_exact, is_drafted)

    @property
    def near_tie(self) -> float:
        """Answers with a smaller lead are written again alone (`workers.generation.engine`)."""
        return NEAR_TIE if self.is_drafted and self.is_exact else 0.0

    @property
    def items_verified(self) -> int:
        """Items whose drafts are verified before a loss may be decided; 0: not without the others.

        Verifying is a pass over many tokens, whose time hardly depends on how few items share it.
        """
        if not self.near_tie:
            return 0
        return min(self.items_together, max(_LEAST_VERIFIED, self.items_together // 4))

    @property
    def items_together(self) -> int:
        """Items that a benchmark's loss may be decided after: no answer depends on others."""
        if self.rows is None:
            return _AUTO_ITEMS
        return self.rows * (_WAVES if self.is_continuous and not self.is_exact else 1)
