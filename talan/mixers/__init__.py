"""The four remix families."""

from talan.mixers.cross_attn import CrossAttn
from talan.mixers.gated_cross_attn import GatedCrossAttn
from talan.mixers.multihead_local import MultiheadLocal
from talan.mixers.per_token_mix import PerTokenMix

__all__ = ["CrossAttn", "GatedCrossAttn", "MultiheadLocal", "PerTokenMix"]
