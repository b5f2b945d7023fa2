import json
import re
from dataclasses import replace

import pytest
import torch

from tools.tiny.pretrain import (
    FOLDER,
    MAX_LENGTH,
    Pretraining,
    build_model,
    main,
    train,
)
from tools.tiny.tokenizer import build_tokenizer
from workers.backbones.loading import load_backbone
from workers.backbones.names import BUILT_IN
from workers.suites import get_suite

SHAPES = {
    "tiny_choice": r"(\d+ \+ \d+ = )?\w+: ([A-C] \w+, )*[A-D] \w+: \([A-D]\)",
    "tiny_arithmetic": r"(\d+ [-+*] \d+ = \d+\n)+#### \d+",
    "tiny_algebra": r"[^\n]+, [^\n,]*\\boxed\{.+\}",
    "tiny_code": r"def \w+\(xs?\): return .+",
}


@pytest.fixture(scope="module")
def host():
    torch.set_num_threads(1)
    return load_backbone("tiny-qwen3")


def answer(host, prompt):
    model, tokenizer = host
    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": prompt}],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )
    output = model.generate(**inputs, max_new_tokens=96, do_sample=False)
    return tokenizer.decode(output[0, inputs["input_ids"].shape[1] :])


@pytest.mark.parametrize("name", SHAPES)
def test_the_shipped_backbone_answers_in_form_and_ends_its_turn(host, name):
    items = [json.loads(line) for line in get_suite("tiny").items_file(name).open()]
    answers = [answer(host, item["prompt"]) for item in items[:8]]
    formed = [re.fullmatch(SHAPES[name] + re.escape("<|im_end|>"), text) for text in answers]
    # It also knows terse answers: a base model has no one style.
    assert sum(map(bool, formed)) >= 4, answers


def test_the_shipped_backbone_is_of_the_shape_the_script_trains(host):
    assert BUILT_IN["tiny-qwen3"] == FOLDER
    fresh = build_model(build_tokenizer(MAX_LENGTH), seed=1)
    shapes = {name: tuple(p.shape) for name, p in fresh.named_parameters()}
    assert {name: tuple(p.shape) for name, p in host[0].named_parameters()} == shapes
    assert (FOLDER / "model.safetensors").stat().st_size < 5_000_000


def test_the_same_seed_trains_the_same_weights_and_another_does_not(tmp_path, monkeypatch):
    for folder in ("a", "b"):
        monkeypatch.setattr(
            "sys.argv", ["pretrain", "--folder", f"{tmp_path / folder}", "--steps=2"]
        )
        main()
    a, b = ((tmp_path / folder / "model.safetensors").read_bytes() for folder in ("a", "b"))
    assert a == b
    tokenizer, plan = build_tokenizer(MAX_LENGTH), Pretraining(num_steps=2, batch_size=8)
    losses = [
        list(train(build_model(tokenizer, seed=seed), tokenizer, replace(plan, seed=seed)))
        for seed in (1, 2)
    ]
    assert losses[0] != losses[1]


def test_training_lowers_the_loss():
    tokenizer, plan = (
        build_tokenizer(MAX_LENGTH),
        Pretraining(num_steps=12, num_warmup_steps=2, batch_size=8),
    )
    losses = list(train(build_model(tokenizer, seed=1), tokenizer, plan))
    assert losses[0] == pytest.approx(4.6, abs=0.3)  # about ln(103): nothing is known yet
    assert losses[-1] < losses[0] - 1
