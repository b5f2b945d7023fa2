"""One configuration trained without an audit: the audit's bytes, own data, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from safetensors.torch import load_file
from trained_study import STUDY, TrainedStudy, call

from talan.model_folder import MANIFEST, read_model_folder

WEIGHTS = ("adapter_model.safetensors", "talan.safetensors")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in STUDY.items() if key != "name"}))
    return path


def test_the_same_seed_gives_the_audits_bytes(
    study: TrainedStudy, model_folder: Path, file: Path, tmp_path: Path
):
    assert call("train", str(file), "-o", str(tmp_path / "alone")) == 0
    for path in model_folder.iterdir():
        if path.name != "README.md":
            assert (tmp_path / "alone" / path.name).read_bytes() == path.read_bytes(), path.name
    card = (tmp_path / "alone" / "README.md").read_text()
    assert "\n---\n\n**Not measured.** This model was trained alone" in card
    assert "| max\\_steps | 4 |" in card


def test_own_data_changes_the_weights(model_folder: Path, file: Path, tmp_path: Path):
    turns = [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b!"}]
    data = tmp_path / "mine.jsonl"
    data.write_text("".join(json.dumps({"messages": turns}) + "\n" for _ in range(4)))
    asked = ("train", str(file), "--data", str(data), "-o", str(tmp_path / "mine"))
    assert call(*asked) == 0
    for name in WEIGHTS:
        mine, audited = load_file(tmp_path / "mine" / name), load_file(model_folder / name)
        assert mine.keys() == audited.keys()
        assert not all((mine[key] == audited[key]).all() for key in mine)
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "| training data | mine.jsonl |" in card
    assert str(tmp_path) not in card


def test_the_papers_record_is_trained(tmp_path: Path):
    record = {
        "n_themes": 2,
        "network_type": "per_token_mix",
        "integration_type": "learned_gate",
        "gate_type": "vector",
        "alpha": 0.0015,
        "connection_point": "layer_4",
        "freeze_steps": 1,
    }
    (tmp_path / "record.json").write_text(json.dumps(record))
    data = tmp_path / "mine.jsonl"
    turns = [{"role": "user", "content": "a?"}, {"role": "assistant", "content": "b!"}]
    data.write_text(json.dumps({"messages": turns}) + "\n")
    asked = ("train", str(tmp_path / "record.json"), "--data", str(data))
    assert call(*asked, "-o", str(tmp_path / "out")) == 0
    written = json.loads((tmp_path / "out" / "talan_config.json").read_text())["record"]
    assert {key: written[key] for key in record} == record
    assert read_model_folder(tmp_path / "out").base.name == "tiny-qwen3"
    assert (tmp_path / "out" / MANIFEST).is_file()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"axes": {"layer": [1, 2]}}, "span 2 configurations; allowed here: one value each"),
        ({"seeds": [1, 2]}, "seeds: 2 values; allowed here: one"),
        ({"axes": {"layer": [99]}}, "layer"),
        ({"slots": 2}, "slots: unknown key"),
    ],
)
def test_a_file_that_is_no_one_configuration_is_refused(
    changes: dict[str, object],
    said: str,
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    content = {**yaml.safe_load(file.read_text()), **changes}
    file.write_text(yaml.safe_dump(content))
    assert call("train", str(file), "-o", str(tmp_path / "out")) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()
