"""TALAN: a small latent side path in the residual stream, trained beside a low-rank adapter."""

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
from talan.handle import Talan, attach, load

__all__ = [
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
    "count_parameters",
    "load",
]
