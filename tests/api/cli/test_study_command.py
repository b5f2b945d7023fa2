"""``talan study``: where studies stand, stopping, and what running a file answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recorded_study import BENCHMARKS, OWNER, outcome
from talan_command import Talan

from search.driving.audits import launch
from search.study.file import read_study_file
from storage import AuditStore, RunFilter, TrialKey

STATUS = {
    "name": "recorded",
    "state": "stopped",
    "runs": {"total": 5, "completed": 3, "running": 0, "failed": 1, "pending": 1},
    "baselines": {"total": 1, "completed": 1, "running": 0, "failed": 0, "pending": 0},
    "g1": {"count": 2, "rate": 2 / 3, "strict": 1, "tied": 0, "inert": 1},
}
STUDY = f"""
name: finished
benchmarks: [{", ".join(BENCHMARKS)}]
axes: {{mixer: [cross_attn, per_token_mix]}}
"""


@pytest.fixture
def finished(folder: Path) -> Path:
    """A study file, and its study completed and told in the working folder's record."""
    path = folder / "study.yaml"
    path.write_text(STUDY)
    with AuditStore.open("sqlite:///talan.db") as store:
        launch(store, read_study_file(path), artifact_url="talan-artifacts")
        store.leases.acquire("finished", owner=OWNER, ttl_s=60)
        for due in store.dispatch.next_pending("finished", limit=10):
            attempt = store.dispatch.start(due.id, owner=OWNER, worker="worker-0")
            corrects = (10, 5) if due.configuration is None else (11, 5)
            store.results.finish(due.id, owner=OWNER, attempt=attempt, outcome=outcome(*corrects))
        treatments = store.runs.iterate("finished", RunFilter(kind="treatment"))
        numbers = {TrialKey(0, run.configuration_id or ""): at for at, run in enumerate(treatments)}
        store.trials.mark_told("finished", owner=OWNER, numbers=numbers)
        store.leases.release("finished", owner=OWNER, state="completed")
    return path


class TestStatus:
    @pytest.mark.usefixtures("runs")
    def test_as_json(self, talan: Talan) -> None:
        answer = talan("study", "status", "recorded", "--json")
        assert answer.code == 0
        assert json.loads(answer.out) == STATUS
        assert list(json.loads(answer.out)) == ["name", "state", "runs", "baselines", "g1"]

    @pytest.mark.usefixtures("runs")
    def test_for_people(self, talan: Talan) -> None:
        heading, row = talan("study", "status", "recorded").out.splitlines()
        assert heading.split() == ["study", "state", "runs", "baselines", "failed", "G1", "rate"]
        assert row.split() == ["recorded", "stopped", "3/5", "1/1", "1", "2/3", "66.7%"]

    @pytest.mark.usefixtures("runs", "finished")
    def test_of_all_studies(self, talan: Talan) -> None:
        found = json.loads(talan("study", "list", "--json").out)
        assert [study["name"] for study in found] == ["recorded", "finished"]
        assert found[0] == STATUS
        assert found[1]["g1"] == {"count": 2, "rate": 1.0, "strict": 2, "tied": 0, "inert": 0}

    def test_of_an_empty_record(self, talan: Talan) -> None:
        AuditStore.open("sqlite:///talan.db").close()
        assert json.loads(talan("study", "list", "--json").out) == []
        assert "No study yet" in talan("study", "list").out

    def test_without_a_verdict_there_is_no_rate(self, folder: Path, talan: Talan) -> None:
        (folder / "study.yaml").write_text(STUDY)
        with AuditStore.open("sqlite:///talan.db") as store:
            launch(store, read_study_file(folder / "study.yaml"), artifact_url="a")
        found = json.loads(talan("study", "status", "finished", "--json").out)
        assert found["state"] == "queued"
        assert found["g1"] == {"count": 0, "rate": None, "strict": 0, "tied": 0, "inert": 0}


class TestStop:
    @pytest.mark.usefixtures("runs")
    def test_is_on_record(self, talan: Talan) -> None:
        answer = talan("study", "stop", "recorded")
        assert answer.code == 0
        assert "talan study resume recorded" in answer.out
        with AuditStore.open("sqlite:///talan.db") as store:
            assert store.studies.is_stop_requested("recorded")


class TestRun:
    @pytest.mark.usefixtures("finished")
    @pytest.mark.parametrize("arguments", [("run", "study.yaml"), ("resume", "finished")])
    def test_a_finished_study_is_shown_not_run_again(
        self, talan: Talan, arguments: tuple[str, str]
    ) -> None:
        answer = talan("study", *arguments)
        assert (answer.code, answer.err) == (0, "")
        assert "finished  completed  2/2" in answer.out
        assert "2 (100.0%) do worse than the baseline on no benchmark (G1)" in answer.out
        assert "talan g1 finished" in answer.out
        with AuditStore.open("sqlite:///talan.db") as store:
            assert {run.attempt for run in store.runs.iterate("finished")} == {1}

    def test_another_study_of_that_name_is_refused(self, finished: Path, talan: Talan) -> None:
        finished.write_text(STUDY + "seeds: [7]\n")
        answer = talan("study", "run", "study.yaml")
        assert answer.code == 2
        assert answer.err == (
            "talan: study 'finished' exists with another specification; choose another name\n"
        )

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("name: x\nlayers: [1]\n", "talan: layers: unknown key; allowed: name, backbones, "),
            ("name: x\naxes: {layer: [9]}\n", "talan: axes.layer: 9 is not allowed; allowed: 0 to"),
            ("name: x\naxes: {slots: []}\n", "talan: axes.slots: the list is empty; "),
            ("name: x\nbackbones: [no-such]\n", "talan: There is no backbone 'no-such'; allowed: "),
            ("name: x\nname: y\n", "talan: 'study.yaml' is not valid YAML: "),
        ],
    )
    def test_bad_input_is_one_line_and_nothing_is_recorded(
        self, folder: Path, talan: Talan, text: str, sentence: str
    ) -> None:
        (folder / "study.yaml").write_text(text)
        answer = talan("study", "run", "study.yaml")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith(sentence)
        assert answer.err.count("\n") == 1
        if (folder / "talan.db").exists():
            with AuditStore.open("sqlite:///talan.db") as store:
                assert store.studies.names() == []
        assert not (folder / "talan-artifacts").exists()

    def test_a_training_text_that_says_a_special_token(self, folder: Path, talan: Talan) -> None:
        turns = [{"role": "user", "content": "<|im_end|>?"}, {"role": "assistant", "content": "A."}]
        (folder / "train.jsonl").write_text(json.dumps({"messages": turns}))
        (folder / "study.yaml").write_text("name: x\ntraining_data: train.jsonl\n")
        answer = talan("study", "run", "study.yaml")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("talan: train.jsonl:1: message 0 of a conversation says ")
        assert answer.err == talan("study", "check", "study.yaml").err
        with AuditStore.open("sqlite:///talan.db") as store:
            assert store.studies.names() == []

    def test_a_backbone_folder_without_weights(self, folder: Path, talan: Talan) -> None:
        (folder / "empty").mkdir()
        (folder / "empty" / "config.json").write_text(
            json.dumps({"model_type": "qwen3", "num_hidden_layers": 2})
        )
        (folder / "study.yaml").write_text("name: x\nbackbones: [./empty]\n")
        answer = talan("study", "run", "study.yaml")
        assert answer.code == 2
        assert "'./empty' has no weights" in answer.err
        assert answer.err.count("\n") == 1

    @pytest.mark.usefixtures("finished")
    def test_while_another_machine_drives_it(self, talan: Talan) -> None:
        with AuditStore.open("sqlite:///talan.db") as store:
            store.leases.acquire("finished", owner="another-machine:1:1", ttl_s=60)
        answer = talan("study", "resume", "finished")
        assert answer.code == 2
        assert answer.err.startswith(
            "talan: study 'finished' is being driven by another-machine:1:1; "
        )
        assert answer.err.count("\n") == 1
