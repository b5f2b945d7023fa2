import json
import re
import shutil

import huggingface_hub
import pytest
import torch
from safetensors.torch import load_file, save_file

from workers.backbones import thorough_checks
from workers.backbones.inspection import inspect_backbone
from workers.backbones.loading import load_backbone
from workers.backbones.names import BUILT_IN
from workers.errors import BackboneError


@pytest.fixture
def folder(tmp_path):
    """A copy of the embedded backbone, to be damaged."""
    return shutil.copytree(BUILT_IN["tiny-qwen3"], tmp_path / "copy")


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refusal(folder):
    with pytest.raises(BackboneError) as caught:
        inspect_backbone(str(folder))
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_the_embedded_backbone_is_described():
    info = inspect_backbone("tiny-qwen3")
    assert (info.name, info.num_layers, info.hidden_size) == ("tiny-qwen3", 6, 128)
    assert info.architecture == "Qwen3ForCausalLM"
    assert re.fullmatch("[0-9a-f]{64}", info.fingerprint)


def test_a_local_folder_is_the_same_backbone_under_another_name(folder):
    info, built_in = inspect_backbone(str(folder)), inspect_backbone("tiny-qwen3")
    assert (info.name, info.source) == (str(folder), folder)
    assert info.fingerprint == built_in.fingerprint


def test_the_fingerprint_follows_the_weights_and_not_the_notes(folder):
    before = inspect_backbone(str(folder)).fingerprint
    (folder / "README.md").write_text("notes")
    assert inspect_backbone(str(folder)).fingerprint == before
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    assert inspect_backbone(str(folder)).fingerprint != before


def test_loading_gives_the_asked_dtype_and_eval_mode():
    model, tokenizer = load_backbone("tiny-qwen3")
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert not model.training
    assert 0.9e6 < model.num_parameters() < 1.3e6
    assert tokenizer.eos_token == "<|im_end|>"
    half, _ = load_backbone("tiny-qwen3", dtype="bfloat16")
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    with pytest.raises(BackboneError, match="dtype is 'fp8'; allowed: float32, bfloat16"):
        load_backbone("tiny-qwen3", dtype="fp8")


@pytest.mark.parametrize(
    ("removed", "sentence"),
    [
        ("config.json", "has no config.json in"),
        ("model.safetensors", r"has no weights \(\*.safetensors\) in"),
        ("tokenizer.json", r"has no tokenizer \(tokenizer.json\) in"),
        ("chat_template.jinja", "has a tokenizer without a chat template in"),
    ],
)
def test_a_missing_part_is_named(folder, removed, sentence):
    (folder / removed).unlink()
    assert re.search(sentence, refusal(folder))
    assert str(folder) in refusal(folder)


def test_a_model_without_a_place_for_talan_is_refused(folder):
    edit_config(folder, model_type="gpt2", architectures=["GPT2LMHeadModel"])
    assert "is of type 'gpt2'" in refusal(folder)
    assert "allowed: llama, qwen2, qwen3, qwen3_moe" in refusal(folder)
    edit_config(folder, model_type="not-a-model")
    assert "config.json cannot be read" in refusal(folder)


def test_a_missing_shard_is_named(folder):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "lacks the weights file model-00002.safetensors" in refusal(folder)


def test_truncated_weights_are_refused_when_loaded(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    with pytest.raises(BackboneError, match="its weights cannot be read: "):
        load_backbone(str(folder))


def test_weights_of_another_shape_are_refused_when_loaded(folder):
    edit_config(folder, hidden_size=64)
    with pytest.raises(BackboneError, match=r"mismatched: .*\(103x128 instead of 103x64\)"):
        load_backbone(str(folder))


@pytest.mark.parametrize("name", ["tiny-qwen4", "./nowhere", "a/b/c", "", "/no/such/folder"])
def test_an_unknown_name_is_refused_with_what_is_allowed(name):
    with pytest.raises(BackboneError) as caught:
        inspect_backbone(name)
    allowed = "allowed: tiny-qwen3, a folder, a hub id (owner/model or owner/model@revision)"
    assert str(caught.value) == f"There is no backbone {name!r}; {allowed}"


def test_a_hub_model_that_cannot_be_fetched_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    wanted = "Backbone 'no-such/model' is neither a folder nor in the local hub cache, and it"
    assert refusal("no-such/model").startswith(wanted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda w: w.pop("model.layers.3.mlp.down_proj.weight"),
            "missing: model.layers.3.mlp.down_proj.weight",
        ),
        (
            lambda w: w.update({"model.layers.9.extra.weight": torch.zeros(2)}),
            "unexpected: model.layers.9.extra.weight",
        ),
        (
            lambda w: w.update({"model.norm.weight": torch.zeros(7)}),
            "mismatched: model.norm.weight",
        ),
    ],
)
def test_weights_that_are_not_the_models_are_refused_by_name(folder, monkeypatch, change, said):
    """transformers would fill a missing tensor with random numbers, other ones in each worker."""
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert said in refusal(folder)
    # The worker refuses them as well, also where nobody looked before.
    monkeypatch.setattr(thorough_checks, "_check_tensors", lambda *_: None)
    with pytest.raises(BackboneError, match=r"weights (are not those|cannot be read)"):
        load_backbone(str(folder))


def test_many_missing_tensors_are_counted(folder):
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if ".layers.2." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert f"and {len(weights) - len(kept) - 3} more" in refusal(folder)
