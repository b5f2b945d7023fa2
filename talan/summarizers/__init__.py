"""The two ways to assign tokens to slots."""

from talan.summarizers.attention import AttentionSummarizer
from talan.summarizers.soft_mos import SoftMosSummarizer

__all__ = ["AttentionSummarizer", "SoftMosSummarizer"]
