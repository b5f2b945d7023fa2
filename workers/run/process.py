"""How a process that computes runs is set up, once, before its first run.

Owns: one thread, deterministic kernels, no look-ups on the network, quiet libraries, and when
garbage is looked for.
Does not cover: seeds (``workers.backbones.determinism``) and devices (``workers.run.executor``).
Bit-identity holds for one machine type at one thread count: other CPUs, or two threads at larger
widths, round differently.
"""

import gc
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from workers.errors import WorkerError

_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    "TRANSFORMERS_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "DATASETS_VERBOSITY": "error",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TQDM_DISABLE": "1",
}
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
_NOISY_LOGGERS = ("lm_eval", "transformers", "datasets", "accelerate", "peft", "httpx")


def prepare_process(*, offline: bool = True) -> None:
    """Make this process compute the same numbers every time, quietly and without the network.

    Call it before the first import of torch, transformers or datasets where possible: they read
    some of these settings only once.

    Args:
        offline: Never ask a hub. Hub backbones must then be in the local cache already.
    """
    os.environ.update(_ENVIRONMENT)
    if offline:
        os.environ.update(_OFFLINE)
    _compute_deterministically()
    _quieten()


def require_main_thread() -> None:
    """Refuse to go on outside the main thread.

    math_verify limits its time with a signal, which only the main thread receives: elsewhere
    every algebra item would be scored wrong without a word.

    Raises:
        WorkerError: The caller runs in another thread.
    """
    if threading.current_thread() is not threading.main_thread():
        name = threading.current_thread().name
        raise WorkerError(
            f"runs must be computed in the main thread of their process, not in {name!r}"
        )


@contextmanager
def collecting_nothing() -> Iterator[None]:
    """Import within: nothing of it is garbage, and to look for some takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def freeze_heap() -> None:
    """Spare what is alive from garbage collection: the Trainer's own collection then takes 1 ms.

    For a process that has just loaded what it will keep; ``unfreeze_heap`` before dropping it.
    """
    gc.collect()
    gc.freeze()


def unfreeze_heap() -> None:
    """Let everything be collected again."""
    gc.unfreeze()


def _compute_deterministically() -> None:
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    # Nothing of ours reads memory it has not written; filling it costs 4% of a training step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False


def _quieten() -> None:
    warnings.filterwarnings("ignore", module=r"(torch|transformers|peft|lm_eval|datasets)\b")
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
