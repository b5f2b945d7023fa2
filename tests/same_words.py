"""What tests in several folders say alike: who drives, an adapter, a trainability.

Does not cover: axes and spaces (``small_spaces``), and adapters as workers take them.
"""

from __future__ import annotations

OWNER = "driver-1"
LORA = {"type": "lora", "r": 8, "alpha": 16, "target_modules": ["q_proj"]}
FROZEN = {"scope": "frozen", "train_until": None, "warmup_identity": 0}
