"""Saving and loading in one folder with the PEFT adapter, and what is refused."""

import json
import re

import pytest
import safetensors.torch
import torch
from peft import PeftModel
from tiny_talan_models import make_adapted, make_backbone, make_config, randomise

from talan import TalanCheckpointError, Trainability, Writeback, attach, load

WEIGHTS, CONFIG = "talan.safetensors", "talan_config.json"


def logits(model, ids):
    with torch.no_grad():
        return model.eval()(ids, use_cache=False).logits


@pytest.fixture
def folder(tmp_path):
    model = make_adapted()
    talan = attach(model, make_config(summary_scope="prefix", inner_dim=6))
    randomise(talan.block)
    model.save_pretrained(tmp_path)
    talan.save(tmp_path)
    return tmp_path


def edit(folder, **changes):
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refused(model, folder, message):
    with pytest.raises(TalanCheckpointError, match=message) as caught:
        load(model, folder)
    assert len(str(caught.value).splitlines()) == 1
    assert not any("talan" in name for name, _ in model.named_modules())
    assert not model.model._forward_pre_hooks


@pytest.mark.parametrize("mixer", ["multihead_local", "gated_cross_attn", "per_token_mix"])
@pytest.mark.parametrize("rule", [Writeback("direct", None, 0.4), Writeback("gate", "scalar", 0.4)])
def test_saved_and_loaded_gives_the_same_logits(architecture, mixer, rule, tmp_path, ids):
    model = make_adapted(architecture)
    config = make_config(mixer=mixer, writeback=rule, summarizer="soft_mos")
    talan = attach(model, config)
    randomise(model.get_base_model().model.layers[1])
    model.save_pretrained(tmp_path)
    talan.save(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} >= {
        "adapter_model.safetensors",
        WEIGHTS,
        CONFIG,
    }
    assert not list(tmp_path.glob("*.bin"))
    backbone = make_backbone(architecture)
    backbone.load_state_dict(
        {
            n.replace(".base_layer", ""): p
            for n, p in model.get_base_model().state_dict().items()
            if "lora" not in n and "talan" not in n
        }
    )
    again = PeftModel.from_pretrained(backbone, tmp_path)
    without = logits(again, ids)
    loaded = load(again, tmp_path)
    assert loaded.config == config
    assert torch.equal(logits(again, ids), logits(model, ids))
    assert not torch.allclose(without, logits(again, ids))


def test_the_whole_configuration_travels(folder):
    model = make_backbone()
    talan = load(model, folder)
    assert talan.config == make_config(summary_scope="prefix", inner_dim=6)
    assert not any(p.requires_grad for p in talan.block.parameters())
    record = json.loads((folder / CONFIG).read_text())["record"]
    assert record["connection_point"] == "layer_1"
    assert record["hidden_size"] == 16
    talan.detach()
    schedule = Trainability("remix_writeback", train_until=9, warmup_identity=2)
    attach(model, make_config(trainability=schedule, gradient_scale=3)).save(folder)
    again = load(make_backbone(), folder, trainable=True)
    assert again.config.trainability == schedule
    assert again.config.gradient_scale == 3.0
    assert [n for n, p in again.block.named_parameters() if not p.requires_grad] == [
        "summarizer.theme_queries"
    ]


def test_saving_again_replaces_both_files_and_leaves_nothing_else(folder):
    before = {p.name for p in folder.iterdir()}
    attach(make_backbone(), make_config(slots=5), seed=1).save(folder)
    assert {p.name for p in folder.iterdir()} == before
    assert load(make_backbone(), folder).config.slots == 5


def test_missing_files_are_named(tmp_path, folder):
    refused(make_backbone(), tmp_path / "none", "talan_config.json cannot be read: No such file")
    (folder / WEIGHTS).unlink()
    refused(make_backbone(), folder, "talan.safetensors cannot be read: No such file")


@pytest.mark.parametrize("cut", [0, 5, 100, -1])
def test_a_cut_or_changed_weights_file_is_refused(folder, cut):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:cut])
    refused(make_backbone(), folder, "is damaged or not the file")
    (folder / WEIGHTS).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    refused(make_backbone(), folder, "is damaged or not the file")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"version": 2}', '{"version": 1}'])
def test_a_damaged_description_is_refused(folder, text):
    (folder / CONFIG).write_text(text)
    refused(make_backbone(), folder, "not JSON|not a TALAN checkpoint|is damaged")


def test_a_description_with_bad_values_is_refused(folder):
    axes = json.loads((folder / CONFIG).read_text())["axes"]
    edit(folder, axes=axes | {"mixer": "mlp"})
    refused(make_backbone(), folder, re.escape("mixer is 'mlp'"))
    edit(folder, axes=axes | {"slots": 4})
    refused(make_backbone(), folder, r"theme_queries has the shape \(3, 16\).* \(4, 16\)")
    edit(folder, axes=axes | {"mixer": "per_token_mix"})
    refused(make_backbone(), folder, "is missing or unknown")
    edit(folder, axes=axes, block={"heads": 2, "inner_dim": 5})
    refused(make_backbone(), folder, "inner_dim is 5")


def test_weights_that_are_no_safetensors_are_refused(folder):
    import hashlib

    data = b"not a safetensors file"
    (folder / WEIGHTS).write_bytes(data)
    edit(folder, weights_sha256=hashlib.sha256(data).hexdigest())
    refused(make_backbone(), folder, "is damaged")


def test_another_backbone_is_refused(folder):
    refused(make_backbone(hidden_size=24), folder, "hidden_size 16, but this one has 24")
    refused(make_backbone(num_hidden_layers=2), folder, "num_hidden_layers 3, but this one has 2")
    refused(make_backbone("llama"), folder, "model_type 'qwen3', but this one has 'llama'")


def test_weights_can_be_replaced_in_place_or_not_at_all(folder, ids):
    model = make_backbone()
    talan = attach(model, make_config(summary_scope="prefix", inner_dim=6))
    before = logits(model, ids)
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[:-1])
    with pytest.raises(TalanCheckpointError, match="damaged"):
        talan.load_weights(folder)
    assert torch.equal(logits(model, ids), before)
    (folder / WEIGHTS).write_bytes(data)
    talan.load_weights(folder)
    saved = safetensors.torch.load_file(folder / WEIGHTS)
    assert all(torch.equal(p, saved[n]) for n, p in talan.block.state_dict().items())
    other = attach(make_backbone(), make_config(summary_scope="prefix", slots=2))
    with pytest.raises(TalanCheckpointError, match="another configuration"):
        other.load_weights(folder)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    talan = attach(make_backbone(), make_config())
    with pytest.raises(TalanCheckpointError, match="file cannot be written: "):
        talan.save(tmp_path / "file")
