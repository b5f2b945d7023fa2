"""Ways of changing a model: TALAN, its controls, rivals, and anybody's own.

The names below load torch on first use (PEP 562): reading a study file that asks for
no method must not.
"""

from typing import TYPE_CHECKING

from lazy_loader import attach as export_lazily

if TYPE_CHECKING:
    from workers.interventions.attached import Attached
    from workers.interventions.bench import Bench
    from workers.interventions.blocks import Blocks, decoder_layers, read_blocks
    from workers.interventions.intervention import Choice, Intervention, Try
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

__getattr__, __dir__, _ = export_lazily(
    __name__,
    submod_attrs={
        "bench": ("Bench",),
        "blocks": ("Blocks", "decoder_layers", "read_blocks"),
        "attached": ("Attached",),
        "intervention": ("Choice", "Intervention", "Try"),
        "restore": ("restore",),
        "tuner": ("Tuner",),
    },
)
