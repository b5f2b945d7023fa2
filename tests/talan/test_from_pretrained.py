"""A model folder in one call: loaded, generated with, saved again, pushed, and refused."""

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
import torch
from model_hub import ModelHub
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tiny_talan_models import SIZES, make_config, randomise
from transformers import Qwen3Config, Qwen3ForCausalLM

from talan import TalanCheckpointError, attach, attach_sham, from_pretrained
from talan.base_models import fingerprint
from talan.model_folder import MANIFEST, NEEDS_TALAN, BaseModel, finish_folder
from tools.tiny.tokenizer import build_tokenizer

IDS = torch.tensor([[5, 9, 12, 30, 8, 44]])
CARD = "---\nlibrary_name: peft\n---\n\n# A run\n\nDeltas.\n"
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"


def _base(folder: Path, **changes: int) -> Path:
    tokenizer = build_tokenizer(128)
    torch.manual_seed(0)
    sizes = {**SIZES, "vocab_size": len(tokenizer), **changes}
    config = Qwen3Config(**{**sizes, "eos_token_id": tokenizer.eos_token_id})
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _base(tmp_path_factory.mktemp("base"))


def _written(base: Path, folder: Path, *, intervention: str) -> torch.Tensor:
    """Write a model folder as a run does; its logits."""
    torch.manual_seed(1)
    model = Qwen3ForCausalLM.from_pretrained(base)
    adapted = get_peft_model(
        model, LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj", "v_proj"])
    )
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)))
    adapted.save_pretrained(folder)
    if intervention == "talan":
        block = attach(adapted, make_config(), seed=3)
        randomise(block.block)
        block.save(folder)
    elif intervention == "sham":
        attach_sham(adapted, make_config(), seed=3, number=1, norm=4.0).save(folder)
    logits: torch.Tensor = adapted.eval()(IDS).logits.detach()
    return logits


def _finished(base: Path, folder: Path, *, intervention: str = "talan") -> torch.Tensor:
    logits = _written(base, folder, intervention=intervention)
    known = BaseModel(str(base), None, fingerprint(base))
    finish_folder(folder, intervention=intervention, base=known, dtype="float32")
    (folder / "README.md").write_text(CARD)
    return logits


@pytest.fixture(scope="module")
def kept(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.Tensor]:
    folder = tmp_path_factory.mktemp("kept")
    return folder, _finished(base, folder)


@pytest.fixture
def folder(kept: tuple[Path, torch.Tensor], tmp_path: Path) -> Path:
    """A copy to be altered."""
    return Path(shutil.copytree(kept[0], tmp_path / "folder"))


def test_importing_talan_needs_no_torch():
    script = "import sys, talan; assert 'torch' not in sys.modules; print(talan.__all__)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "from_pretrained" in done.stdout


@pytest.mark.parametrize("intervention", ["talan", "sham", "none"])
def test_one_call_gives_what_was_saved(intervention: str, base: Path, tmp_path: Path):
    logits = _finished(base, tmp_path, intervention=intervention)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # PEFT's, of a key that it does not know
        model, tokenizer = from_pretrained(tmp_path, device_map="cpu")
    assert torch.equal(model(IDS).logits, logits)
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert tokenizer.decode(IDS[0])


def test_a_folder_that_peft_and_the_block_wrote_needs_no_manifest(base: Path, tmp_path: Path):
    logits = _written(base, tmp_path, intervention="talan")
    model, _ = from_pretrained(tmp_path)
    assert torch.equal(model(IDS).logits, logits)


def test_generation_goes_through_the_block_and_its_base_is_without(kept, base: Path):
    model, tokenizer = from_pretrained(kept[0])
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "1+1"}], add_generation_prompt=True, return_tensors="pt"
    )
    written = model.generate(**asked, max_new_tokens=12, do_sample=False)
    plain = Qwen3ForCausalLM.from_pretrained(base).eval()
    alone = plain.generate(**asked, max_new_tokens=12, do_sample=False)
    assert not torch.equal(written, alone)
    with model.disable_adapter():
        assert torch.equal(model(IDS).logits, plain(IDS).logits)
        assert torch.equal(model.generate(**asked, max_new_tokens=12, do_sample=False), alone)
    assert torch.equal(model(IDS).logits, kept[1])


def test_saved_again_it_is_the_same_folder(kept, tmp_path: Path):
    model, _ = from_pretrained(kept[0])
    model.save_pretrained(tmp_path / "again")
    names = {path.name for path in (tmp_path / "again").iterdir()}
    assert names == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "talan.safetensors",
        "talan_config.json",
        MANIFEST,
        "README.md",
    }
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (kept[0] / name).read_bytes(), name


def test_trained_further_its_card_says_that_the_numbers_are_of_other_weights(kept, tmp_path: Path):
    model, _ = from_pretrained(kept[0], trainable=True)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model(IDS, labels=IDS).loss.backward()
    assert {bool(parameter.grad is not None) for parameter in trained} == {True}
    torch.optim.SGD(trained, lr=0.1).step()
    model.eval()
    model.save_pretrained(tmp_path)
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: peft\n---\n\n> **Changed since it was measured:**")
    assert card.endswith("# A run\n\nDeltas.\n")
    again, _ = from_pretrained(tmp_path)
    assert torch.equal(again(IDS).logits, model(IDS).logits)
    assert not torch.equal(again(IDS).logits, kept[1])


def test_the_folders_own_chat_template_counts(folder: Path, tmp_path: Path):
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    model, tokenizer = from_pretrained(folder)
    said = tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False)
    assert said == "<|im_start|>hi<|im_end|>"
    model.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "chat_template.jinja").read_text() == TEMPLATE


def test_peft_alone_warns_that_it_leaves_the_block_out(kept, base: Path):
    plain = Qwen3ForCausalLM.from_pretrained(base)
    with pytest.warns(UserWarning, match=r"incomplete_without_talan.from_pretrained"):
        PeftModel.from_pretrained(plain, str(kept[0]))


def test_the_adapter_alone_is_peft_s_and_warns_of_nothing(base: Path, tmp_path: Path):
    logits = _finished(base, tmp_path, intervention="none")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        adapted = PeftModel.from_pretrained(Qwen3ForCausalLM.from_pretrained(base), str(tmp_path))
    assert torch.equal(adapted.eval()(IDS).logits, logits)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    server = ModelHub()
    for name, value in {"ENDPOINT": server.url, "HF_HUB_OFFLINE": False}.items():
        monkeypatch.setattr(huggingface_hub.constants, name, value)
    template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    yield server
    server.close()


def test_pushed_to_a_hub_it_loads_from_there(kept, hub: ModelHub, tmp_path: Path):
    model, tokenizer = from_pretrained(kept[0])
    model.push_to_hub("someone/champion", token="hf_test")
    assert hub.models["someone/champion"]["README.md"].decode() == CARD
    tokenizer.push_to_hub("someone/champion", token="hf_test")
    assert hub.models["someone/champion"]["README.md"].decode().endswith("# A run\n\nDeltas.\n")

    again, tokenizer = from_pretrained("someone/champion", token="hf_test")

    assert torch.equal(again(IDS).logits, kept[1])
    assert any("/api/models/someone/champion/commit/main" in line for line in hub.requests)
    with pytest.raises(TalanCheckpointError, match="is not a folder, and the hub does not give it"):
        from_pretrained("someone/else", token="hf_test")


def _refusal(folder: Path, **options: object) -> str:
    with pytest.raises(TalanCheckpointError) as caught:
        from_pretrained(folder, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "talan.safetensors"])
def test_one_altered_bit_is_found(name: str, folder: Path):
    tensors = load_file(folder / name)
    first = next(iter(tensors))
    tensors[first].view(-1)[0] += 1
    save_file(tensors, folder / name, metadata={"format": "pt"})
    assert f"{name} is damaged" in _refusal(folder)


@pytest.mark.parametrize("name", ["adapter_config.json", MANIFEST, "talan_config.json"])
def test_a_torn_text_file_is_named(name: str, folder: Path):
    path = folder / name
    path.write_bytes(path.read_bytes()[:40])
    assert f"{name} is damaged" in _refusal(folder)


@pytest.mark.parametrize("with_manifest", [True, False])
def test_a_missing_block_is_refused(with_manifest: bool, folder: Path):
    (folder / "talan.safetensors").unlink()
    (folder / "talan_config.json").unlink()
    if not with_manifest:
        (folder / MANIFEST).unlink()
    assert "lacks" in _refusal(folder)


@pytest.mark.parametrize(("name", "key"), [(MANIFEST, "format"), ("talan_config.json", "version")])
def test_a_newer_format_asks_for_an_upgrade(name: str, key: str, folder: Path):
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), key: 2}))
    assert "upgrade talan-audit" in _refusal(folder)


def test_an_unknown_intervention_is_named_with_those_that_are_known(folder: Path):
    path = folder / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "intervention": "hypnosis"}))
    assert "'hypnosis' is not known here; allowed: none, talan, sham" in _refusal(folder)


def test_another_base_is_refused(folder: Path, base: Path, tmp_path: Path):
    other = _base(tmp_path / "wider", hidden_size=32)
    assert "does not fit this base model" in _refusal(folder, base=other)
    deeper = _base(tmp_path / "deeper", num_hidden_layers=4)
    assert _refusal(folder, base=deeper)


def test_a_base_of_the_same_shape_with_other_weights_is_told_apart(base: Path, tmp_path: Path):
    moved = Path(shutil.copytree(base, tmp_path / "base"))
    _finished(moved, tmp_path / "folder")
    tensors = load_file(moved / "model.safetensors")
    tensors["model.norm.weight"] += 1
    save_file(tensors, moved / "model.safetensors", metadata={"format": "pt"})
    assert "with the files' hash" in _refusal(tmp_path / "folder")
    with pytest.warns(UserWarning, match="will not answer as it was measured"):
        from_pretrained(tmp_path / "folder", base=moved)
    shutil.rmtree(moved)
    assert "base model" in _refusal(tmp_path / "folder")
    model, _ = from_pretrained(tmp_path / "folder", base=base)
    assert model.active_adapter == "default"


def test_what_is_no_model_folder_is_said_to_be_none(tmp_path: Path):
    assert f"There is no folder '{tmp_path / 'x'}'" in _refusal(tmp_path / "x")
    assert "is not a model folder" in _refusal(tmp_path)


def test_the_key_that_warns_is_no_setting_of_pefts():
    assert NEEDS_TALAN not in LoraConfig.__dataclass_fields__
