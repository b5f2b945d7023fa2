"""Domains and slots: planted blocks whose answer is known."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from attached_host import attach_host
from plain_reading import assignments
from stored_hosts import PROMPTS, Stored, plain

from storage.artifacts import ArtifactStore
from workers.analyses.items import parted, spread
from workers.errors import ConfigurationError


@pytest.fixture(scope="module")
def planted(make_stored: Callable[..., Stored], make_job) -> Stored:
    """A block that adds one known vector to every token, and whose slot 0 takes all."""
    stored = make_stored()
    job = make_job(
        backbone=stored.job.backbone, configuration=stored.axes, artifact_url=str(stored.folder)
    )
    host = attach_host(stored.resident, job)
    block = host.talan.block
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        block.mixer.out.weight.zero_()
        block.mixer.out.bias.copy_(torch.arange(32.0))
        block.summarizer.theme_queries.zero_()
        block.summarizer.theme_queries[0] = 1e4 * torch.ones(32)
        host.save(Path(folder), backbone=job.backbone)
        stored.checkpoints["planted"] = ArtifactStore(str(stored.folder)).put_folder(folder).name
    host.detach()
    stored.resident.restore()
    return stored


def test_a_constant_vector_is_all_along_its_mean(planted: Stored) -> None:
    found = planted.analyse("domains", run="planted").summary
    assert found["share_along_mean"] == pytest.approx(1.0, abs=1e-9)
    assert np.array(found["cosines"]) == pytest.approx(np.ones((2, 2)), abs=1e-9)
    assert found["mean_cosine"] == pytest.approx(found["shuffled_low"])
    assert found["random_share"] == 1 / 32
    scale = planted.analyse("scale", run="planted").summary["real_tokens"]
    size = 0.3 * math.sqrt(sum(k * k for k in range(32)))
    tokens = sum(len(PROMPTS[n]) for n in (0, 1)) * 2
    rows = planted.rows(planted.analyse("scale", run="planted"))
    changes = [r["norm_change"] for r in rows if (r["place"], r["change"]) == ("block", "talan")]
    assert sum(c * c for c in changes) == pytest.approx(size * size * tokens, rel=1e-4)
    assert scale["sham"]["norm_ratio"] == pytest.approx(scale["norm_ratio"], rel=1e-4)


def test_a_block_that_reads_is_not_all_along_its_mean(make_stored: Callable[..., Stored]) -> None:
    stored = make_stored()
    result = stored.analyse("domains")
    found, rows = result.summary, stored.rows(result)
    run = plain(stored, "run")
    changes = []
    for number in (0, 1):
        tokens = stored.resident.tokenizer(PROMPTS[number], add_special_tokens=False)["input_ids"]
        on, _ = run.streams(tokens, num_prompt=len(tokens))
        off, _ = run.streams(tokens, num_prompt=len(tokens), block=False)
        changes.append(on[1] - off[1])
    every = np.concatenate(changes)
    unit = every.sum(axis=0) / np.linalg.norm(every.sum(axis=0))
    share = ((every @ unit) ** 2).sum() / (every**2).sum()
    assert found["share_along_mean"] == pytest.approx(share, rel=1e-3)
    assert 1 / 32 < found["share_along_mean"] < 1
    assert rows[0]["mean_change"] == pytest.approx(list(changes[0].mean(axis=0)), abs=1e-4)


def test_one_slot_that_takes_all_is_flagged(planted: Stored) -> None:
    found = planted.analyse("slots", run="planted").summary
    positive = np.array(found["shares"])
    assert positive.sum() == pytest.approx(1.0)
    assert found["entropy"] == pytest.approx(0.0, abs=1e-3)
    assert found["fresh"]["entropy"] > 0.1
    assert not found["fresh"]["collapsed"]


def test_slots_are_the_plain_reading(make_stored: Callable[..., Stored]) -> None:
    stored = make_stored()
    found = stored.analyse("slots").summary
    run = plain(stored, "run")
    shares, entropies = [], []
    for number in (0, 1):
        tokens = stored.resident.tokenizer(PROMPTS[number], add_special_tokens=False)["input_ids"]
        x = run.streams(tokens, num_prompt=len(tokens), block=False)[0][1]
        for row in assignments(x, run.weights, "attention"):
            shares.append(row)
            entropies.append(-sum(p * math.log(p) for p in row if p > 0) / math.log(2))
    assert found["shares"] == pytest.approx(list(np.mean(shares, axis=0)), rel=1e-3)
    assert found["entropy"] == pytest.approx(np.mean(entropies), rel=1e-3)
    assert found["gate_mean"] != found["fresh"]["gate_mean"] == pytest.approx(0.3)


def test_a_run_without_a_block_is_refused(make_stored: Callable[..., Stored]) -> None:
    for run in ("baseline", "sham"):
        with pytest.raises(ConfigurationError, match="no TALAN block; allowed for it are depth"):
            make_stored().analyse("slots", run=run)


def test_items_are_chosen_without_regard_to_outcomes_or_by_them() -> None:
    marks = [(True, True), (True, False), (False, False), (False, True), (True, False)]
    assert spread(marks, 2) == [0, 2]
    assert spread(marks, 99) == [0, 1, 2, 3, 4]
    assert parted(marks, 2) == [1, 3]
    assert parted(marks, 99) == [1, 3, 4]
    assert parted(marks[:1], 5) == []
