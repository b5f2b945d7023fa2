"""How long the rest of a study will take, and a run in a few words."""

from __future__ import annotations

import pytest

from search.driving.progress import Pace, title

CONFIGURATION = {
    "layer": 1,
    "slots": 2,
    "mixer": "cross_attn",
    "writeback": {"rule": "direct", "gate": None, "alpha": 0.008},
    "trainability": {"scope": "all", "train_until": 20, "warmup_identity": 0},
    "gradient_scale": 500.0,
}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class TestPace:
    def test_nothing_is_known_before_the_first_run_is_over(self) -> None:
        pace = Pace(workers=2, clock=Clock())
        pace.start("a")
        assert pace.eta_s(10) is None

    def test_what_is_left_at_the_pace_so_far(self) -> None:
        clock = Clock()
        pace = Pace(workers=2, clock=clock)
        pace.start("a")
        pace.start("b")
        clock.now += 10
        pace.end("a")
        pace.start("c")
        clock.now += 4
        pace.end("b")  # 14 s; the mean is 12 s
        # 5 pending runs of 12 s and the 8 s that c still needs, on two workers.
        assert pace.eta_s(5) == pytest.approx((5 * 12 + 8) / 2)
        assert pace.eta_s(0) == pytest.approx(4)

    def test_a_run_that_takes_longer_than_the_mean_is_about_to_end(self) -> None:
        clock = Clock()
        pace = Pace(workers=1, clock=clock)
        pace.start("a")
        clock.now += 10
        pace.end("a")
        pace.start("b")
        clock.now += 25
        assert pace.eta_s(0) == 0
        assert pace.eta_s(1) == pytest.approx(10)

    def test_a_run_whose_worker_died_is_forgotten(self) -> None:
        clock = Clock()
        pace = Pace(workers=1, clock=clock)
        pace.start("a")
        clock.now += 100
        pace.drop("a")
        assert pace.eta_s(3) is None
        pace.start("a")
        clock.now += 2
        pace.end("a")
        assert pace.eta_s(3) == pytest.approx(6)

    def test_only_the_last_fifty_runs_count(self) -> None:
        clock = Clock()
        pace = Pace(workers=1, clock=clock)
        for seconds in [1000] * 10 + [3] * 50:
            pace.start("a")
            clock.now += seconds
            pace.end("a")
        assert pace.eta_s(7) == pytest.approx(21)


class TestTitle:
    def test_of_a_baseline(self) -> None:
        assert title("tiny-qwen3 lora-r8", None, seed=42) == "tiny-qwen3 lora-r8 s42  baseline"

    def test_of_a_treatment(self) -> None:
        assert title("tiny-qwen3 lora-r8", CONFIGURATION, seed=7) == (
            "tiny-qwen3 lora-r8 s7  layer 1, T 2, cross_attn, direct:0.008, all/until=20, gamma 500"
        )

    def test_without_a_gamma(self) -> None:
        unscaled = {**CONFIGURATION, "gradient_scale": None}
        assert title("h", unscaled, seed=7).endswith("direct:0.008, all/until=20")
