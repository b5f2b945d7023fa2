"""The two writeback rules."""

from talan.writebacks.direct import DirectWriteback
from talan.writebacks.gate import GateWriteback

__all__ = ["DirectWriteback", "GateWriteback"]
