"""Ways of changing a model: TALAN, its controls, rivals, and anybody's own."""

from workers.interventions.bench import Bench
from workers.interventions.blocks import Blocks, decoder_layers, read_blocks
from workers.interventions.intervention import Attached, Choice, Intervention, Try
from workers.interventions.restore import restore
from workers.interventions.tuner import Tuner

__all__ = [
    "Attached",
    "Bench",
    "Blocks",
    "Choice",
    "Intervention",
    "Try",
    "Tuner",
    "decoder_layers",
    "read_blocks",
    "restore",
]
