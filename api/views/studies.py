"""Where studies stand, and the file that asks for one."""

from __future__ import annotations

from typing import Literal

from api.views.base import Answer, example

StudyState = Literal["queued", "running", "stopped", "completed", "failed"]

COUNTS = {"total": 24, "completed": 20, "running": 2, "failed": 0, "pending": 2}
STATUS = {
    "name": "tiny-lora-grid",
    "state": "running",
    "runs": COUNTS,
    "baselines": {"total": 1, "completed": 1, "running": 0, "failed": 0, "pending": 0},
    "g1": {"count": 3, "rate": 0.15},
}
STUDY_FILE = {
    "name": "tiny-lora-grid",
    "backbones": ["tiny-qwen3"],
    "adapters": [
        {
            "type": "lora",
            "r": 8,
            "alpha": 16,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
        }
    ],
    "seeds": [42],
    "benchmarks": "tiny",
    "axes": {
        "layer": [0, 1, 2],
        "slots": [2, 4],
        "mixer": ["multihead_local", "cross_attn"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.008}],
        "trainability": [{"scope": "all"}, {"scope": "frozen"}],
        "gradient_scale": [1, 500],
    },
    "design": {"sampler": "grid", "max_runs": 24, "seed": 0},
    "resources": {"workers": 2, "cpus_per_run": 1, "gpus_per_run": 0},
}


class Counts(Answer):
    """How many runs are in which state."""

    model_config = example(COUNTS)

    total: int
    completed: int
    running: int
    failed: int
    pending: int


class G1Share(Answer):
    """G1 runs so far, and their share of the completed treatments."""

    count: int
    rate: float | None


class StudyStatus(Answer):
    """Where a study stands; ``runs`` are its treatments."""

    model_config = example(STATUS)

    name: str
    state: StudyState
    runs: Counts
    baselines: Counts
    g1: G1Share
