"""What a prepared process guarantees."""

import gc
import os
import threading

import pytest
import torch

from workers.errors import WorkerError
from workers.run.process import freeze_heap, prepare_process, require_main_thread, unfreeze_heap


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
    freeze_heap()
    frozen = gc.get_freeze_count()
    unfreeze_heap()

    assert frozen > 10_000
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("offline", [True, False])
def test_hub_look_ups_are_a_choice(offline: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "unset")

    prepare_process(offline=offline)

    assert os.environ["HF_HUB_OFFLINE"] == ("1" if offline else "unset")
