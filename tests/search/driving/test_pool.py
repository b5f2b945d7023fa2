"""The pool of workers on a real Ray: steps come out, dead workers are replaced."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from patience import wait_until
from scripted_executor import Script, ScriptedExecutor

from search.driving.pool import Died, Event, Failed, Scored, Trained, WorkerPool
from search.errors import EngineError
from search.study.keys import Resources
from workers.job.jobs import AdapterSpec, RunJob
from workers.job.recipe import Recipe

LORA = AdapterSpec(type="lora", r=8, alpha=16, target_modules=("q_proj",))


def job(slots: int) -> RunJob:
    return RunJob(
        key=f"run-{slots}",
        backbone="tiny-qwen3",
        adapter=LORA,
        configuration={"slots": slots},
        block={},
        seed=42,
        recipe=Recipe(),
        suite="tiny",
        benchmarks=("tiny_choice", "tiny_code"),
        artifact_url="artifacts",
    )


def come_up(pool: WorkerPool) -> None:
    """Wait until the first worker is up."""
    wait_until(lambda: pool.wait(timeout_s=5) == [] and pool.idle)


def drain(pool: WorkerPool) -> list[Event]:
    """All events until nothing is in flight."""
    events: list[Event] = []
    while pool.busy:
        events += pool.wait(timeout_s=60)
    return events


def test_steps_come_out_one_by_one_and_bad_workers_are_replaced(
    ray_address: str, tmp_path: Path
) -> None:
    script = Script(
        folder=str(tmp_path),
        diverges=frozenset({2}),
        breaks=frozenset({3}),
        breaks_scoring=frozenset({4}),
        kills={5: 1},
        exits={6: 1},
    )
    with WorkerPool(Resources(workers=1), make_executor=script, address=ray_address) as pool:
        come_up(pool)
        assert pool.idle == [0]
        assert pool.wait(timeout_s=60) == []  # nothing in flight: no reason to wait
        assert pool.backbone_of(0) is None

        def pid() -> int:
            pool.submit(0, job(1))
            assert pool.idle == []
            assert [running.key for running in pool.busy] == ["run-1"]
            assert pool.backbone_of(0) == "tiny-qwen3"
            trained, first, second = drain(pool)
            assert isinstance(trained, Trained)
            assert isinstance(first, Scored)
            assert isinstance(second, Scored)
            assert [first.result.benchmark, second.result.benchmark] == list(job(1).benchmarks)
            assert (first.last, second.last) == (False, True)
            return int(trained.result.provenance["pid"])

        def fault(slots: int) -> Event:
            pool.submit(0, job(slots))
            event = drain(pool)[-1]
            assert event.job == job(slots)
            come_up(pool)
            assert pool.idle == [0]
            return event

        worker = pid()
        diverged = fault(2)
        assert isinstance(diverged, Failed)
        assert diverged.message == "the loss is nan at step 3; allowed: a finite number"
        assert "TrainingDivergedError" in diverged.detail
        assert pid() == worker  # an error of ours leaves a worker fit to go on

        broken = fault(3)
        assert isinstance(broken, Failed)
        assert broken.message == "RuntimeError: a part broke, badly"
        assert (replaced := pid()) != worker

        broken = fault(4)
        assert isinstance(broken, Failed)
        assert broken.message == "ValueError: no such item"
        assert pid() != replaced

        for slots in (5, 6):
            died = fault(slots)
            assert isinstance(died, Died)
            assert died.message.startswith("the worker died: ")
            assert "\n" not in died.message
            assert pool.backbone_of(0) is None
            assert isinstance(fault(slots), Scored)  # the same run, in another worker


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        (Resources(cpus_per_run=64), "a run asks for 64 CPU, and no Ray node has more than 4"),
        (Resources(gpus_per_run=99), "a run asks for 99 GPU, and no Ray node has more than"),
    ],
)
def test_a_run_that_fits_on_no_node_is_refused(
    ray_address: str, resources: Resources, sentence: str
) -> None:
    with pytest.raises(EngineError, match=sentence):
        WorkerPool(resources, make_executor=Script(folder=""), address=ray_address)


def test_a_bench_that_cannot_be_made_is_told_with_the_run_that_needed_it(ray_address: str) -> None:
    def broken() -> ScriptedExecutor:
        raise RuntimeError("no such part")

    with WorkerPool(Resources(workers=1), make_executor=broken, address=ray_address) as pool:
        come_up(pool)
        pool.submit(0, job(1))
        (died,) = drain(pool)
        assert isinstance(died, Died)
        assert died.job == job(1)


def test_more_workers_than_the_cluster_holds_never_come_up(ray_address: str) -> None:
    resources = Resources(workers=3, cpus_per_run=2)  # of four CPUs
    with WorkerPool(resources, make_executor=Script(folder=""), address=ray_address) as pool:
        wait_until(lambda: pool.wait(timeout_s=1) == [] and len(pool.idle) == 2)
        assert pool.wait(timeout_s=0.5) == []
        assert len(pool.idle) == 2


def test_a_cluster_that_does_not_answer_is_named_at_once() -> None:
    with socket.socket() as listener:  # a port that was free, and is again
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(EngineError, match=f"cannot reach Ray at {address}: .*refused"):
        WorkerPool(Resources(), make_executor=Script(folder=""), address=address)


def test_whatever_ray_raises_when_it_starts_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its own processes may be killed while it starts: it says so with a bare exception."""

    def die(**_: object) -> None:
        raise Exception("The current node timed out during startup.\nMore of it.")

    monkeypatch.setattr("search.driving.start_ray.ray.init", die)
    with pytest.raises(EngineError, match=r"this machine: The current node timed out during"):
        WorkerPool(Resources(), make_executor=Script(folder=""))
