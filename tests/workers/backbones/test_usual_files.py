"""Folders told without torch: what they say is what transformers says, and doubt is left to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from talan.base_models import BUILT_IN, fingerprint
from workers.backbones.inspection import inspect_backbone
from workers.backbones.shapes import PUBLISHED_SHAPES
from workers.backbones.thorough_checks import check_files
from workers.backbones.usual_files import asked_tensors, usual_shape

DENSE = [name for name, shape in PUBLISHED_SHAPES.items() if shape["model_type"] != "qwen3_moe"]


@pytest.mark.parametrize("name", DENSE)
def test_a_configuration_asks_for_the_tensors_that_transformers_makes(name: str) -> None:
    config = AutoConfig.for_model(**PUBLISHED_SHAPES[name])
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    made = {key: tuple(tensor.shape) for key, tensor in model.named_parameters()}
    assert asked_tensors(config.to_dict()) == made


@pytest.mark.parametrize("architecture", ["qwen3", "llama", "wide"])
def test_a_usual_folder_is_what_transformers_says(
    architecture: str, make_backbone: Callable[[str], str]
) -> None:
    folder = Path(make_backbone(architecture))
    found = usual_shape(folder, fingerprint(folder))
    assert found == check_files("it", folder, fingerprint(folder))
    info = inspect_backbone(str(folder))
    assert found is not None
    assert (info.num_layers, info.hidden_size) == (found.num_layers, found.hidden_size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the embedded backbone."""
    return Path(shutil.copytree(BUILT_IN["tiny-qwen3"], tmp_path / "copy"))


def set_key(file: str, **changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / file).read_text()) | changes
        (folder / file).write_text(json.dumps(content))

    return change


def alter_weights(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def altered(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    return altered


def truncate(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])


def shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "other.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        set_key("config.json", quantization_config={"bits": 4}),
        set_key("config.json", attention_bias=True),
        set_key("config.json", tie_word_embeddings=False),
        set_key("config.json", hidden_size="128"),
        set_key("config.json", num_hidden_layers=7),
        set_key("config.json", num_hidden_layers=True),
        set_key("config.json", hidden_act="no-such"),
        set_key("config.json", dtype="no-such"),
        set_key("config.json", rope_parameters={"rope_type": "yarn"}),
        set_key("config.json", layer_types=["sliding_attention"] * 6),
        set_key("config.json", architectures=["Qwen2ForCausalLM"]),
        set_key("config.json", num_key_value_heads=3),
        set_key("tokenizer_config.json", tokenizer_class="no-such"),
        set_key("tokenizer_config.json", chat_template="another"),
        alter_weights(lambda weights: weights.pop("model.norm.weight")),
        alter_weights(lambda weights: weights.update(more=torch.zeros(2))),
        alter_weights(lambda weights: weights.update({"model.norm.weight": torch.zeros(7)})),
        truncate,
        shard,
        lambda folder: (folder / "config.json").write_text("[]"),
        lambda folder: (folder / "config.json").unlink(),
        lambda folder: (folder / "tokenizer.json").write_text("{}"),
        lambda folder: (folder / "tokenizer_config.json").unlink(),
        lambda folder: (folder / "chat_template.jinja").write_text("{{ [1, 2] | random }}"),
        lambda folder: (folder / "chat_template.jinja").unlink(),
        lambda folder: (folder / "pytorch_model.bin").write_bytes(b""),
        lambda folder: (folder / "adapter_config.json").write_text("{}"),
    ],
)
def test_what_is_not_as_usual_is_left_to_transformers(
    folder: Path, change: Callable[[Path], None]
) -> None:
    assert usual_shape(folder, fingerprint(folder)) is not None
    change(folder)
    assert usual_shape(folder, fingerprint(folder)) is None


def test_a_driver_is_ready_to_drive_without_torch() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; import search.driving.drive_next\n"
            "from search.study.file import parse_study\n"
            "from search.study.plan import resolve\n"
            "resolve(parse_study({'name': 'it', 'axes': {'slots': [2]}}))\n"
            "print({'torch', 'transformers'} & set(sys.modules))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "set()\n"
