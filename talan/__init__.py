"""TALAN: a small latent side path in the residual stream, trained beside a low-rank adapter."""

from talan.attached import Talan, attach, load
from talan.batch_rows import Rows, carry_rows, first_tokens_stand_alone
from talan.callback import TalanCallback
from talan.config import TalanConfig, Trainability, Writeback
from talan.counting import count_parameters
from talan.errors import (
    TalanCheckpointError,
    TalanConfigError,
    TalanDecodingError,
    TalanError,
    TalanInputError,
    TalanInsertionError,
    TalanTrainingError,
)
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
    "TalanTrainingError",
    "Trainability",
    "Writeback",
    "attach",
    "attach_sham",
    "carry_rows",
    "count_parameters",
    "first_tokens_stand_alone",
    "load",
    "load_sham",
    "perturbation_norm",
]
