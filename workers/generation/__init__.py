"""Greedy generation in which sequences that ended make room for waiting ones."""

from workers.generation.capacity import Capacity
from workers.generation.engine import Engine, Tally
from workers.generation.memory import measured_capacity
from workers.generation.prompts import Prompt, Response
from workers.generation.stopping import Stopping
from workers.generation.support import why_unsupported

__all__ = [
    "Capacity",
    "Engine",
    "Prompt",
    "Response",
    "Stopping",
    "Tally",
    "measured_capacity",
    "why_unsupported",
]
