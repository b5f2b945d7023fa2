"""TALAN: a small latent side path in the residual stream, trained beside a low-rank adapter.

What needs no torch is imported at once: configurations, vocabulary, errors. The block and what
trains, saves or counts it are imported on first use (PEP 562), so that a command that only names a
configuration starts in a fraction of a second.
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

from talan.config import TalanConfig, Trainability, Writeback
from talan.errors import (
    TalanCheckpointError,
    TalanConfigError,
    TalanDecodingError,
    TalanError,
    TalanInputError,
    TalanInsertionError,
    TalanTrainingError,
)

if TYPE_CHECKING:
    from talan.attached import Talan, attach, load
    from talan.batch_rows import Rows, carry_rows, first_tokens_stand_alone
    from talan.callback import TalanCallback
    from talan.counting import count_parameters
    from talan.loaded import TalanModelForCausalLM
    from talan.pretrained import from_pretrained
    from talan.proposals import keep_proposed, propose_next
    from talan.sham import Sham, attach_sham, load_sham, perturbation_norm

__all__ = [
    "Rows",
    "Sham",
    "Talan",
    "TalanCallback",
    "TalanCheckpointError",
    "TalanConfig",
    "TalanConfigError",
    "TalanDecodingError",
    "TalanError",
    "TalanInputError",
    "TalanInsertionError",
    "TalanModelForCausalLM",
    "TalanTrainingError",
    "Trainability",
    "Writeback",
    "attach",
    "attach_sham",
    "carry_rows",
    "count_parameters",
    "first_tokens_stand_alone",
    "from_pretrained",
    "keep_proposed",
    "load",
    "load_sham",
    "perturbation_norm",
    "propose_next",
]

__getattr__, __dir__, _ = export_lazily(
    __name__,
    submod_attrs={
        "attached": ("Talan", "attach", "load"),
        "batch_rows": ("Rows", "carry_rows", "first_tokens_stand_alone"),
        "callback": ("TalanCallback",),
        "counting": ("count_parameters",),
        "loaded": ("TalanModelForCausalLM",),
        "pretrained": ("from_pretrained",),
        "proposals": ("keep_proposed", "propose_next"),
        "sham": ("Sham", "attach_sham", "load_sham", "perturbation_norm"),
    },
)
