"""Where a run's numbers come from: software, machine, seeds and hashes.

Owns collecting them; it never fails, an unknown value is None. Does not cover storing them.
"""

import os
import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from workers.backbones.inspection import backbone_identity
from workers.errors import WorkerError
from workers.job.jobs import RunJob
from workers.run.machine import cpu_model
from workers.suites.fingerprint import item_hashes, suite_fingerprint

_PACKAGES = (
    "talan-audit",
    "transformers",
    "peft",
    "accelerate",
    "tokenizers",
    "lm-eval",
    "math-verify",
    "numpy",
)
_SOURCE = Path(__file__).resolve().parents[1]


def collect_provenance(job: RunJob) -> dict[str, object]:
    """Describe this process and the job, as JSON-able values."""
    return {
        "versions": dict(_versions()),
        "git_revision": _git_revision(),
        "machine": dict(_machine()),
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "dtype": job.recipe.dtype,
        "seed": job.seed,
        "recipe_hash": job.recipe.hash,
        **backbone_identity(job.backbone),
        "suite_hash": _suite_hash(job),
        "item_hashes": _item_hashes(job),
    }


@lru_cache(maxsize=1)
def _versions() -> dict[str, str | None]:
    others = {name: _version(name) for name in _PACKAGES}
    # torch names its CUDA itself; the package's version may leave it out.
    return {"python": platform.python_version(), "torch": torch.__version__, **others}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


@lru_cache(maxsize=1)
def _git_revision() -> str | None:
    """The checkout this code runs from, with ``-dirty`` where tracked files were changed."""
    if not (_SOURCE.parent / ".git").exists():  # installed somewhere: no checkout, or not ours
        return None
    command = ["git", "-C", str(_SOURCE), "describe", "--always", "--abbrev=40", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


@lru_cache(maxsize=1)
def _machine() -> dict[str, object]:
    return {
        "platform": platform.platform(),
        "cpu": cpu_model(),
        "num_cpus": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
    }


def _suite_hash(job: RunJob) -> str | None:
    try:
        return suite_fingerprint(job.suite, job.benchmarks)
    except WorkerError:
        return None


def _item_hashes(job: RunJob) -> dict[str, str] | None:
    """By benchmark: what two machines compare to know that they scored the same items."""
    try:
        return item_hashes(job.suite, job.benchmarks)
    except WorkerError:
        return None
