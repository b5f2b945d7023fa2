"""``talan runs``, ``run``, ``g1``, ``champions``: the shapes that others rely on."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from recorded_study import CONFIGURATIONS, FROZEN
from talan_command import Talan

from search.statistics import run_chances
from storage import AuditStore

INTERVAL_2_OF_3 = [0.0943, 0.9916]  # 3p^2 - 2p^3 = 0.025, and p^3 = 0.975
INTERVAL_1_OF_1 = [0.025, 1.0]
INTERVAL_1_OF_2 = [0.0126, 0.9874]  # 1 - (1-p)^2 = 0.025, and its mirror
INTERVAL_0_OF_1 = [0.0, 0.975]


def cell(score: float, baseline: float | None, *, items: int, correct: int) -> dict[str, Any]:
    baseline_correct = round((baseline or 0) * items / 100)
    return {
        "score": score,
        "baseline_score": baseline,
        "delta": None if baseline is None else score - baseline,
        "n_items": items,
        "n_correct": correct,
        # Of one sort: a run that gets more right gets right what its baseline did.
        "helped": None if baseline is None else max(correct - baseline_correct, 0),
        "hurt": None if baseline is None else max(baseline_correct - correct, 0),
        "changed": 0 if baseline is not None and correct == baseline_correct else None,
        "generation": None,
    }


class TestRuns:
    def test_all_fields_of_every_kind_of_run(self, runs: list[str], talan: Talan) -> None:
        baseline, first, second, third, failed, pending = json.loads(
            talan("runs", "recorded", "--json").out
        )
        assert first == {
            "id": runs[1],
            "backbone": "tiny-qwen3",
            "adapter": "lora-r8",
            "seed": 42,
            "baseline_seed": 42,
            "kind": "treatment",
            "configuration": CONFIGURATIONS[0][0],
            "state": "completed",
            "cells": {
                "tiny_choice": cell(60.0, 50.0, items=20, correct=12),
                "tiny_code": cell(50.0, 50.0, items=10, correct=5),
            },
            "mean_delta": 5.0,
            "g1": True,
            "verdict": "strict",
        }
        assert list(first) == [
            "id",
            "backbone",
            "adapter",
            "seed",
            "baseline_seed",
            "kind",
            "configuration",
            "state",
            "cells",
            "mean_delta",
            "g1",
            "verdict",
        ]
        assert baseline == {
            **first,
            "id": runs[0],
            "kind": "baseline",
            "configuration": None,
            "cells": {
                "tiny_choice": cell(50.0, None, items=20, correct=10),
                "tiny_code": cell(50.0, None, items=10, correct=5),
            },
            "mean_delta": None,
            "g1": None,
            "verdict": None,
        }
        assert (second["mean_delta"], second["g1"]) == (17.5, False)
        assert (second["verdict"], third["verdict"]) == ("not_g1", "inert")
        assert second["cells"]["tiny_choice"]["delta"] == -5.0
        assert (third["mean_delta"], third["g1"]) == (0.0, True)
        assert third["configuration"]["gradient_scale"] is None
        assert (failed["state"], failed["cells"], failed["g1"]) == ("failed", {}, None)
        assert (pending["state"], pending["cells"], pending["g1"]) == ("pending", {}, None)

    @pytest.mark.parametrize(
        ("options", "places"),
        [
            ((), [0, 1, 2, 3, 4, 5]),
            (("--g1",), [1, 3]),
            (("--not-g1",), [2]),
            (("--state", "failed"), [4]),
            (("--sort", "mean_delta"), [2, 1, 3, 0, 4, 5]),
            (("--sort", "worst_delta"), [1, 3, 2, 0, 4, 5]),
            (("--g1", "--sort", "mean_delta"), [1, 3]),
        ],
    )
    def test_which_runs_in_which_order(
        self, runs: list[str], talan: Talan, options: tuple[str, ...], places: list[int]
    ) -> None:
        found = json.loads(talan("runs", "recorded", *options, "--json").out)
        assert [run["id"] for run in found] == [runs[place] for place in places]

    @pytest.mark.usefixtures("runs")
    def test_for_people(self, talan: Talan) -> None:
        lines = talan("runs", "recorded").out.splitlines()
        assert lines[0].split() == [
            "run",
            "host",
            "seed",
            "configuration",
            "state",
            "tiny_choice",
            "tiny_code",
            "mean",
            "G1",
        ]
        assert lines[1].split()[-2:] == ["50.0%", "50.0%"]
        assert lines[2].split()[-4:] == ["+10.00", "+0.00", "+5.00", "strict"]
        assert lines[3].split()[-4:] == ["-5.00", "+40.00", "+17.50", "no"]
        assert "baseline" in lines[1]
        assert "layer 1, T 2, multihead_local, direct:0.008, all, gamma 500" in lines[2]


class TestRun:
    def test_as_json(self, runs: list[str], talan: Talan) -> None:
        found = json.loads(talan("run", runs[1], "--json").out)
        assert (found["id"], found["study"], found["g1"]) == (runs[1], "recorded", True)
        assert (found["attempt"], found["worker"], found["compute_s"]) == (1, "worker-0", 12.5)
        assert found["losses"] == [2.5, 1.25]
        choice = found["tests"]["tiny_choice"]  # 2 of 20 items helped, none hurt
        assert (choice["mcnemar_exact"], choice["mcnemar_mid"]) == (0.5, 0.25)
        low, high = choice["interval"]
        assert low == 0.0
        assert 20 <= high <= 30
        assert found["tests"]["tiny_code"]["interval"] == [0.0, 0.0]
        assert found["mean_interval"] == [low / 2, high / 2]
        assert found["checkpoint"] == "sha256-c.tar"
        assert found["responses"] == {
            "tiny_choice": "sha256-12.parquet",
            "tiny_code": "sha256-5.parquet",
        }
        assert found["finished_at"] >= found["started_at"]

    def test_for_people(self, runs: list[str], talan: Talan) -> None:
        out = talan("run", runs[1]).out
        assert ["tiny_choice", "0.500", "0.250", "+0.00"] in [
            line.split()[:4] for line in out.splitlines()
        ]
        assert "They are of these two runs, not of other seeds." in out
        assert "mean delta +5.00 pp, strict G1: no cell loses, at least one gains" in out
        assert "loss 2.500 -> 1.250 in 2 steps" in out
        row = next(line for line in out.splitlines() if line.startswith("tiny_choice"))
        assert row.split() == [
            "tiny_choice",
            "12/20",
            "60.00",
            "50.00",
            "+10.00",
            "2",
            "0",
        ]  # nobody compared the responses: changed is empty
        assert "responses of tiny_choice sha256-12.parquet" in out

    def test_of_a_failed_run_tells_why(self, runs: list[str], talan: Talan) -> None:
        answer = talan("run", runs[4])
        assert answer.code == 0
        assert "error: the loss is nan, sadly" in answer.out
        assert json.loads(talan("run", runs[4], "--json").out)["error"] == "the loss is nan, sadly"

    def test_that_is_not_there(self, runs: list[str], talan: Talan) -> None:
        answer = talan("run", runs[1][:8] + "00000000")
        assert answer.code == 2
        assert answer.err.startswith("talan: there is no run ")
        assert runs[1] in answer.err


@pytest.mark.usefixtures("runs")
class TestG1:
    def rows(self, talan: Talan, *arguments: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(talan("g1", *arguments, "--json").out)
        return found

    def test_of_a_host(self, talan: Talan) -> None:
        (row,) = self.rows(talan, "recorded")
        rotation, expected = row.pop("rotation"), row.pop("expected")
        assert row == {
            "study": "recorded",
            "backbone": "tiny-qwen3",
            "adapter": "lora-r8",
            "design": "grid",
            "axis": None,
            "value": None,
            "runs": 3,
            "g1": 2,
            "strict": 1,
            "tied": 0,
            "inert": 1,
            "unsplit": 0,
            "rate": 2 / 3,
            "strict_rate": 1 / 3,
            "interval": pytest.approx(INTERVAL_2_OF_3, abs=5e-5),
            "interval_method": "clopper-pearson",
            "rotation_reason": None,
            "null": {},
            "test": {"reason": "No test against null runs: there are none."},
        }
        # Counts: baseline (10, 5), runs (12, 5), (9, 9), (10, 5). As the baseline they are reached
        # by 2, 0, 0 and 2 of the others; strictly by 1, 0, 0 and 1.
        assert (rotation["runs"], rotation["g1_p"], rotation["strict_p"]) == (3, 0.5, 0.5)
        # They differ from the baseline on 2 and 0, 1 and 4, 0 and 0 items.
        discordant = np.array([[2, 0], [1, 4], [0, 0]])
        g1, strict = run_chances(discordant, correlation=expected["correlation"])
        assert expected["g1"] == pytest.approx(g1.sum())
        assert expected["strict"] == pytest.approx(strict.sum())
        assert expected["runs"] == 3

    @pytest.mark.parametrize(
        ("axis", "values"),
        [
            (
                "mixer",
                {
                    "cross_attn": (2, 1, INTERVAL_1_OF_2),
                    "multihead_local": (1, 1, INTERVAL_1_OF_1),
                },
            ),
            ("layer", {"1": (3, 2, INTERVAL_2_OF_3)}),
            ("gradient_scale", {"500.0": (2, 1, INTERVAL_1_OF_2), "null": (1, 1, INTERVAL_1_OF_1)}),
            (
                "trainability",
                {
                    json.dumps(FROZEN): (1, 1, INTERVAL_1_OF_1),
                    json.dumps(CONFIGURATIONS[0][0]["trainability"]): (2, 1, INTERVAL_1_OF_2),
                },
            ),
            (
                "writeback",
                {json.dumps(CONFIGURATIONS[0][0]["writeback"]): (3, 2, INTERVAL_2_OF_3)},
            ),
        ],
    )
    def test_by_axis(self, talan: Talan, axis: str, values: dict[str, Any]) -> None:
        rows = self.rows(talan, "recorded", "--by", axis)
        found = {
            row["value"] if isinstance(row["value"], str) else json.dumps(row["value"]): row
            for row in rows
        }
        assert set(found) == set(values)
        for value, (num_runs, g1, interval) in values.items():
            row = found[value]
            assert (row["axis"], row["runs"], row["g1"]) == (axis, num_runs, g1)
            assert row["rate"] == g1 / num_runs
            assert row["interval"] == pytest.approx(interval, abs=5e-5)

    def test_of_some_hosts_or_all_studies(self, talan: Talan) -> None:
        assert len(self.rows(talan)) == 1
        assert len(self.rows(talan, "--backbone", "tiny-qwen3", "--adapter", "lora-r8")) == 1
        assert self.rows(talan, "--adapter", "dora-r8") == []

    def test_for_people(self, talan: Talan) -> None:
        lines = talan("g1", "recorded", "--by", "mixer").out.splitlines()
        words = " ".join(" ".join(lines).split())
        assert "tiny-qwen3 lora-r8 grid cross_attn 2" in words
        assert "1 = 0 + 0 + 1" in words
        assert "50.0% (0.0%)" in words
        assert "corrected over 2 values (Benjamini and Hochberg)" in words
        assert "No completed run yet" in talan("g1", "--adapter", "dora-r8").out

    def test_by_what_is_no_axis(self, talan: Talan) -> None:
        answer = talan("g1", "recorded", "--by", "mixr")
        assert answer.code == 2
        assert "there is no axis 'mixr'" in answer.err
        assert "mixer" in answer.err


class TestChampions:
    def test_the_best_of_those_that_lose_nowhere(self, runs: list[str], talan: Talan) -> None:
        (champion,) = json.loads(talan("champions", "recorded", "--json").out)
        worth = (champion.pop("worth"), champion.pop("worth_reason"))
        assert worth == (
            None,
            "2 configurations; at least 4 are needed to say how far they differ from each other",
        )
        assert champion == {
            "study": "recorded",
            **json.loads(talan("runs", "recorded", "--json").out)[1],
        }
        assert (champion["id"], champion["mean_delta"]) == (runs[1], 5.0)  # not the +17.5 one

    def test_for_people(self, runs: list[str], talan: Talan) -> None:
        out = talan("champions").out
        assert f"run {runs[1]}" in out
        assert "mean delta +5.00 pp" in out

    def test_of_a_record_without_any(self, talan: Talan) -> None:
        AuditStore.open("sqlite:///talan.db").close()
        assert json.loads(talan("champions", "--json").out) == []
        assert "No run is strict G1" in talan("champions").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "recordd"),
        ("g1", "recordd"),
        ("champions", "recordd"),
        ("export", "recordd"),
        ("study", "status", "recordd"),
        ("study", "resume", "recordd"),
        ("study", "stop", "recordd"),
    ],
)
def test_an_unknown_study_is_named_with_the_closest(
    runs: list[str], talan: Talan, arguments: tuple[str, ...]
) -> None:
    answer = talan(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("talan: there is no study 'recordd'; ")
    assert "recorded" in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("runs", "recorded", "--sort", "delta"), ["'delta'", "mean_delta"]),
        (("runs", "recorded", "--state", "done"), ["'done'", "completed"]),
    ],
)
def test_bad_options_name_what_is_allowed(
    runs: list[str], talan: Talan, arguments: tuple[str, ...], parts: list[str]
) -> None:
    answer = talan(*arguments)
    assert answer.code == 2
    for part in parts:
        assert part in answer.err
