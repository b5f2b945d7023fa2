import dataclasses
import json

import lm_eval
import pytest
import torch
from kinds import kind_of
from lm_eval.models.huggingface import HFLM

from workers.backbones.loading import load_backbone
from workers.errors import SuiteError
from workers.suites import get_suite
from workers.suites.scoring import score
from workers.suites.scoring.programs import close_sandbox
from workers.suites.tasks import load_tasks, read_outcomes

SUITE = get_suite("tiny")
NUM_ITEMS = 24


@pytest.fixture(scope="module")
def tasks():
    yield load_tasks(SUITE, SUITE.benchmarks)
    close_sandbox()


@pytest.fixture(scope="module")
def host():
    torch.set_num_threads(1)
    return load_backbone("tiny-qwen3")


def evaluate(host, tasks, name):
    model, tokenizer = host
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=128)
    results = lm_eval.evaluate(
        lm,
        {"tasks": {name: tasks[name]}, "groups": {}, "group_map": {}},
        limit=NUM_ITEMS,
        apply_chat_template=True,
    )
    return results["samples"][name]


def test_the_tasks_hold_the_shipped_items_wherever_they_are_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (task,) = load_tasks(SUITE, ["tiny_algebra"]).values()
    shipped = [json.loads(line) for line in SUITE.items_file("tiny_algebra").open()]
    assert list(task.eval_docs) == shipped
    assert list(tmp_path.iterdir()) == []


def test_every_task_generates_greedily_to_the_end_of_the_turn(tasks):
    assert tuple(tasks) == SUITE.benchmarks
    for task in tasks.values():
        kwargs = task.config.generation_kwargs
        assert (kwargs["until"], kwargs["do_sample"]) == (["<|im_end|>"], False)
        longest = max(len(document["target"]) for document in task.eval_docs)
        assert longest < kwargs["max_gen_toks"] <= 96


@pytest.mark.parametrize("name", SUITE.benchmarks)
def test_an_evaluation_gives_one_outcome_per_item_in_item_order(host, tasks, name):
    samples = evaluate(host, tasks, name)
    outcomes = read_outcomes(kind_of(name), samples[::-1])
    items = [json.loads(line) for line in SUITE.items_file(name).open()][:NUM_ITEMS]
    assert [outcome.item_id for outcome in outcomes] == [item["id"] for item in items]
    assert samples[0]["arguments"][0][0] == (
        f"<|im_start|>user\n{items[0]['prompt']}<|im_end|>\n<|im_start|>assistant\n"
    )
    for outcome, item in zip(outcomes, items, strict=True):
        scored = score(kind_of(name), outcome.response, item)
        assert (scored.extracted, scored.is_correct) == (outcome.extracted, outcome.is_correct)
        assert "<|im_end|>" not in outcome.response


def test_loaded_tasks_serve_again_with_the_same_result(host, tasks):
    first = [s["resps"] for s in evaluate(host, tasks, "tiny_choice")]
    assert [s["resps"] for s in evaluate(host, tasks, "tiny_choice")] == first


def test_bad_names_and_missing_data_are_refused(tmp_path):
    with pytest.raises(SuiteError, match="has no benchmark 'gpqa'; allowed: tiny_choice, "):
        load_tasks(SUITE, ["gpqa"])
    empty = dataclasses.replace(SUITE, items_folder=tmp_path)
    with pytest.raises(
        SuiteError, match=r"tiny_code is missing: there is no file .*tiny_code\.jsonl"
    ):
        load_tasks(empty, ["tiny_code"])
