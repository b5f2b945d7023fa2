"""A model at a terminal: the same tokens as the audit's, a conversation, refusals."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import torch
from trained_study import TrainedStudy, call

from storage import ArtifactStore
from talan import from_pretrained
from talan.model_folder import MANIFEST
from workers.evaluation.stored_responses import decode_responses
from workers.suites.items import read_items
from workers.suites.registry import get_suite


def test_an_audited_item_is_answered_as_in_the_audit(
    study: TrainedStudy, model_folder: Path, capsys: pytest.CaptureFixture[str]
):
    item = read_items(get_suite("tiny"), "tiny_arithmetic")[3]
    assert call("generate", str(model_folder), item["prompt"], "--max-new-tokens", "64") == 0
    by_folder = capsys.readouterr().out.strip()
    assert call("generate", study.run_id, item["prompt"], "--storage", study.storage) == 0
    assert capsys.readouterr().out.strip() == by_folder
    assert by_folder == _stored_response(study, "tiny_arithmetic", 3).strip()


def _stored_response(study: TrainedStudy, benchmark: str, number: int) -> str:
    cell = next(cell for cell in study.cells if cell.benchmark == benchmark)
    data = ArtifactStore(study.job.artifact_url).get_bytes(cell.responses.name)
    return str(decode_responses(data)[number].response)


def test_a_chat_keeps_what_was_said(
    model_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO("Compute 3 + 4.\nCompute 5 + 6.\n"))
    assert call("generate", str(model_folder), "--chat", "--max-new-tokens", "40") == 0
    said = capsys.readouterr().out.strip()
    model, tokenizer = from_pretrained(model_folder)
    conversation = []
    written = []
    for turn in ("Compute 3 + 4.", "Compute 5 + 6."):
        conversation.append({"role": "user", "content": turn})
        asked = tokenizer.apply_chat_template(
            conversation, add_generation_prompt=True, return_tensors="pt"
        )
        with torch.inference_mode():
            tokens = model.generate(**asked, max_new_tokens=40, do_sample=False)[0]
        answer = tokenizer.decode(tokens[asked["input_ids"].shape[1] :], skip_special_tokens=True)
        conversation.append({"role": "assistant", "content": answer})
        written.append(answer)
    assert said == "\n".join(written).strip()


def test_standard_input_is_one_prompt(
    model_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert call("generate", str(model_folder), "Compute 3 + 4.", "--max-new-tokens", "8") == 0
    told = capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("Compute 3 + 4.\n"))
    assert call("generate", str(model_folder), "--max-new-tokens", "8") == 0
    assert capsys.readouterr().out == told


@pytest.mark.parametrize("fault", ["newer", "torn", "no block", "nothing"])
def test_refusals_are_one_sentence_with_exit_code_2(
    fault: str, copied: Path, capsys: pytest.CaptureFixture[str]
):
    manifest = json.loads((copied / MANIFEST).read_text())
    if fault == "newer":
        (copied / MANIFEST).write_text(json.dumps({**manifest, "format": 9}))
    elif fault == "torn":
        weights = (copied / "adapter_model.safetensors").read_bytes()
        (copied / "adapter_model.safetensors").write_bytes(weights[:100])
    elif fault == "no block":
        (copied / "talan.safetensors").unlink()
    else:
        (copied / "adapter_config.json").unlink()
    said_of = {
        "newer": "upgrade",
        "torn": "damaged",
        "no block": "lacks",
        "nothing": "is not a model folder",
    }
    assert call("generate", str(copied), "x") == 2
    said = capsys.readouterr().err
    assert said_of[fault] in said
    assert said.count("\n") == 1
