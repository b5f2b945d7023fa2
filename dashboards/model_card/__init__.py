"""A run as a model folder that one can hand on: its files, and a card that says what is known."""

from dashboards.model_card.export import exported_model, require_empty, write_model
from dashboards.model_card.unmeasured import write_unmeasured_card

__all__ = ["exported_model", "require_empty", "write_model", "write_unmeasured_card"]
