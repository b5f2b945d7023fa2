"""The example in docs/concepts/talan.md runs as it is written."""

import re
from pathlib import Path

import torch
from peft import PeftModel
from tiny_talan_models import make_backbone
from transformers import AutoModelForCausalLM

from talan import load

DOCS = Path(__file__).parents[2] / "docs" / "concepts" / "talan.md"


def test_the_example_trains_generates_and_saves(tmp_path, capsys):
    code = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    make_backbone().save_pretrained(tmp_path / "backbone")
    rows = [{"input_ids": torch.arange(3, 9), "labels": torch.arange(3, 9)}] * 8
    prompt = torch.tensor([[5, 6, 7]])
    names = {
        "backbone": tmp_path / "backbone",
        "output_dir": str(tmp_path / "out"),
        "folder": tmp_path / "saved",
        "rows": rows,
        "prompt": prompt,
    }
    exec(code.replace("max_steps=78", "max_steps=2, use_cpu=True, disable_tqdm=True"), names)
    assert "tensor([[" in capsys.readouterr().out
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "backbone")
    again = PeftModel.from_pretrained(base, tmp_path / "saved")
    load(again, tmp_path / "saved")
    tokens = again.generate(input_ids=prompt, max_new_tokens=20)
    assert torch.equal(tokens, names["model"].eval().generate(input_ids=prompt, max_new_tokens=20))
