"""Two processes train a run as one does: the same losses, the same weights, nothing left behind."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from gloo_pair import GlooPair
from shared_training import LEAVING_S, alone, left_late, still_averaging, trained

from workers.errors import RecipeError
from workers.job.recipe import Recipe

AXES: dict[str, Any] = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "gate", "gate": "vector", "alpha": 0.05},
    "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
    "gradient_scale": 50.0,
}
SCHEDULED = AXES | {"trainability": {"scope": "all", "train_until": 3, "warmup_identity": 1}}
RECIPE = Recipe(
    max_steps=4,
    batch_size=2,
    gradient_accumulation=4,
    learning_rate=5e-3,
    max_grad_norm=0.1,
    weight_decay=0.1,
    dtype="float32",
    gradient_checkpointing=False,
)


@pytest.fixture(scope="module")
def pair() -> Iterator[GlooPair]:
    pair = GlooPair()
    yield pair
    pair.close()


@pytest.mark.parametrize(
    ("changes", "axes", "scope"),
    [
        ({}, None, "sequence"),
        ({}, AXES, "sequence"),
        ({"gradient_checkpointing": True}, SCHEDULED, "sequence"),
        ({"batching": "packed"}, SCHEDULED, "prefix"),
    ],
    ids=["lora", "talan", "schedules-checkpointed", "schedules-packed"],
)
def test_two_processes_train_as_one(
    changes: dict[str, Any], axes: dict[str, Any] | None, scope: str, pair: GlooPair
):
    work = {"recipe": RECIPE.replace(**changes), "axes": axes, "scope": scope}
    one = trained(alone, **work)
    first, second = pair.run(trained, **work)

    assert first["losses"] == pytest.approx(one["losses"], rel=1e-5)
    assert second["losses"] == first["losses"]
    assert torch.equal(second["weights"], first["weights"])
    assert (first["weights"] - one["weights"]).norm() < 1e-3 * one["weights"].norm()
    for norms in zip(*(found["norms"] for found in (one, first, second)), strict=True):
        assert norms[1] == norms[2] == pytest.approx(norms[0], rel=1e-3)
    assert first["group_left"]
    assert not first["environment"]
    assert torch.equal(trained(alone, **work)["weights"], one["weights"])


def test_a_loss_that_is_no_number_in_one_process_ends_both(pair: GlooPair):
    first, second = pair.run(trained, recipe=RECIPE, fault="diverges")

    assert first == "TrainingDivergedError: training loss is nan at step 2"
    assert second == first


def test_nothing_is_averaged_any_more_when_the_processes_part(pair: GlooPair):
    """DistributedDataParallel as the last holder of a process group waits for ever."""
    assert pair.run(still_averaging, recipe=RECIPE) == ([0], [0])


def test_processes_that_begin_with_different_weights_are_refused(pair: GlooPair):
    first, second = pair.run(trained, recipe=RECIPE, fault="other seed")

    assert first == "WorkerError: the processes of this run hold different weights before training"
    assert second == first


@pytest.mark.parametrize("error", [False, True])
def test_no_process_leaves_before_all_are_through(error: bool, pair: GlooPair):
    """The connections of one that leaves early would break under the others' last call."""
    (_, first_left), (second_through, second_left) = pair.run(left_late, error=error)

    assert second_through < first_left < second_through + LEAVING_S / 2
    assert second_left < second_through + LEAVING_S / 2


def test_a_process_that_dies_ends_the_others_wait_and_leaves_it_fit_to_go_on(pair: GlooPair):
    first, second = pair.run(trained, recipe=RECIPE, axes=AXES, fault="dies")

    assert second is None
    assert first.startswith(("RuntimeError: ", "DistBackendError: "))
    assert not torch.distributed.is_initialized()
    assert len(trained(alone, recipe=RECIPE.replace(max_steps=1))["losses"]) == 1


def test_steps_that_cannot_be_dealt_evenly_are_refused():
    RECIPE.require_even_shares(4)
    with pytest.raises(RecipeError, match=r"is 3, .* 4; allowed with it are 1, 2, 4$"):
        RECIPE.require_even_shares(3)
