"""What a prepared process guarantees."""

import os
import subprocess
import sys
import threading

import pytest
import torch

from workers.errors import WorkerError
from workers.run.process import prepare_process, require_main_thread


def test_prepared_process_is_single_threaded_deterministic_and_offline():
    prepare_process()

    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


def test_main_thread_is_required():
    caught: list[WorkerError] = []

    def call() -> None:
        try:
            require_main_thread()
        except WorkerError as error:
            caught.append(error)

    require_main_thread()
    thread = threading.Thread(target=call, name="side")
    thread.start()
    thread.join()

    assert "'side'" in str(caught[0])


def test_frozen_heap_is_given_back():
    code = (
        "import gc\n"
        "from workers.run.process import freeze_heap, unfreeze_heap\n"
        "counts = []\n"
        "for change in (freeze_heap, unfreeze_heap):\n"
        "    change()\n"
        "    counts.append(gc.get_freeze_count())\n"
        "print(*counts)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    frozen, left = map(int, told.stdout.split())
    assert frozen > 10_000
    assert left == 0


@pytest.mark.parametrize("offline", [True, False])
def test_hub_look_ups_are_a_choice(offline: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "unset")

    prepare_process(offline=offline)

    assert os.environ["HF_HUB_OFFLINE"] == ("1" if offline else "unset")
