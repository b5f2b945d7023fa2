"""The four remix families, by the names that the mixer axis has (``talan.vocabulary``)."""

from talan.mixers.cross_attn import CrossAttn
from talan.mixers.gated_cross_attn import GatedCrossAttn
from talan.mixers.multihead_local import MultiheadLocal
from talan.mixers.per_token_mix import PerTokenMix

__all__ = ["CrossAttn", "GatedCrossAttn", "MultiheadLocal", "PerTokenMix"]

MIXER_CLASSES = {
    "multihead_local": MultiheadLocal,
    "cross_attn": CrossAttn,
    "gated_cross_attn": GatedCrossAttn,
    "per_token_mix": PerTokenMix,
}
