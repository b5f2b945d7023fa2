"""Divergence against a plain float64 reading, and answers that part at a known token."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from stored_hosts import PROMPTS, Stored, plain

from workers.analyses.divergence import parting
from workers.analyses.hosts import Hosts
from workers.analyses.streams import see_streams


def log_softmax(rows: np.ndarray) -> np.ndarray:
    shifted = rows - rows.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_moe", "llama"])
def test_divergence_is_the_plain_reading(
    make_stored: Callable[..., Stored], architecture: str
) -> None:
    stored = make_stored(architecture)
    result = stored.analyse("divergence", parameters={"items": 64})
    run, baseline = plain(stored, "run"), plain(stored, "baseline")
    encode = stored.resident.tokenizer
    rows = stored.rows(result)
    assert [(row["item_id"], row["answer"]) for row in rows] == [
        ("first-0", "run"),
        ("first-0", "baseline"),
        ("first-2", "run"),
        ("first-2", "baseline"),
        ("second-0", "run"),
        ("second-0", "baseline"),
    ]
    for row in rows:
        number = int(row["item_id"][-1])
        prompt = encode(PROMPTS[number], add_special_tokens=False)["input_ids"]
        whole = prompt + row["tokens"]
        end = -1 if row["benchmark"] == "second" else None  # its tokens have their end
        places = slice(len(prompt) - 1, end)
        p = log_softmax(run.streams(whole, num_prompt=len(prompt))[1][places])
        q = log_softmax(baseline.streams(whole, num_prompt=len(prompt))[1][places])
        kl = (np.exp(p) * (p - q)).sum(axis=1)
        assert row["kl"] == pytest.approx(list(kl), rel=5e-3, abs=1e-5)
        assert row["entropy_run"] == pytest.approx(list(-(np.exp(p) * p).sum(axis=1)), abs=1e-4)
        assert len(row["kl"]) == len(row["tokens"]) + (end is None)


def test_answers_part_where_they_do(make_stored: Callable[..., Stored]) -> None:
    stored = make_stored()
    result = stored.analyse("divergence", parameters={"items": 64})
    rows = {(r["item_id"], r["answer"]): r for r in stored.rows(result)}
    places = {"first-0": len("It is "), "first-2": len("yes\n"), "second-0": len("5")}
    assert {item: rows[item, "run"]["parting"] for item in places} == places
    assert rows["first-0", "run"]["texts"][-1] == "5"  # an older run's, without its end
    assert rows["second-0", "run"]["texts"] == ["5", "<|im_end|>"]  # where the baseline goes on
    summary = result.summary
    assert summary["num_items"] == 3
    assert summary["median_parting"] == 4
    assert summary["first_line_share"] == pytest.approx(2 / 3)
    assert summary["groups"]["helped"]["num_items"] == 2
    assert summary["groups"]["hurt"]["num_items"] == 1
    at = [rows[item, "run"]["kl"][place] for item, place in places.items()]
    assert summary["kl_at_parting"] == pytest.approx(np.mean(at), rel=1e-5)


def test_no_helped_or_hurt_item_is_said(make_stored: Callable[..., Stored]) -> None:
    stored = make_stored()
    same = tuple(
        type(cell)(cell.benchmark, run=cell.baseline or "", baseline=cell.baseline)
        for cell in stored.job.cells
    )
    summary = stored.analyse("divergence", parameters={"items": 64}, cells=same).summary
    assert (summary["num_items"], summary["median_parting"]) == (0, None)
    assert summary["reason"] == "no item is helped or hurt: nothing parts"


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
@pytest.mark.parametrize("mixer", ["cross_attn", "per_token_mix"])
def test_a_pass_over_prompt_and_answer_is_what_decoding_saw(
    make_stored: Callable[..., Stored], mixer: str, scope: str
) -> None:
    stored = make_stored(mixer=mixer)
    prompt, answer = [7, 8, 9, 10, 11], [12, 13, 14, 15]
    with (
        Hosts(
            stored.resident,
            artifact_url=str(stored.folder),
            checkpoints={"run": stored.checkpoints["run"]},
        ) as hosts,
        hosts.attached("run") as run,
    ):
        run.block().over_prefixes = scope == "prefix"
        for site in run.sites:
            site.over_sequence = scope == "sequence"
        seen = see_streams(run.model, prompt + answer, lambda *_: None, num_prompt=len(prompt))
        whole = run.model.get_output_embeddings()(seen)
        step = run.model(torch.tensor([prompt]), use_cache=True)
        decoded = [step.logits[0]]
        for token in answer:
            cache = step.past_key_values
            step = run.model(torch.tensor([[token]]), past_key_values=cache, use_cache=True)
            decoded.append(step.logits[0])
    assert torch.allclose(whole, torch.cat(decoded), atol=2e-4)


def test_partings_of_token_lists() -> None:
    assert parting([1, 2, 3], [1, 2, 3]) is None
    assert parting([1, 2, 3], [1, 4, 3]) == 1
    assert parting([1, 2], [1, 2, 3]) == 2
    assert parting([], [5]) == 0
