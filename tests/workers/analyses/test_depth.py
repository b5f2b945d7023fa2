"""Depth against a plain float64 reading, and what must be exactly zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from stored_hosts import PROMPTS, Stored, canonical, generated, plain

from workers.analyses.chunks import chunks
from workers.analyses.depth import curve_similarity, growth, lift_off


def relative(x: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(((x - other) ** 2).sum()) / np.sqrt((other**2).sum()))


def cosine(x: np.ndarray, other: np.ndarray) -> float:
    return float((x * other).sum() / np.sqrt((x**2).sum()) / np.sqrt((other**2).sum()))


@pytest.mark.parametrize("architecture", ["qwen3", "qwen3_moe", "llama"])
def test_depth_is_the_plain_reading(make_stored: Callable[..., Stored], architecture: str) -> None:
    stored = make_stored(architecture)
    result = stored.analyse("depth")
    run, baseline = plain(stored, "run"), plain(stored, "baseline")
    encode = stored.resident.tokenizer
    expected: dict[tuple[str, str, int], list[tuple[float, float]]] = {}
    for number in (0, 1):  # two of three items of each benchmark, at even distances
        prompt = encode(PROMPTS[number], add_special_tokens=False)["input_ids"]
        old = encode(("It is 6", "red")[number], add_special_tokens=False)["input_ids"]
        for answer in (old, generated(("5 or 6", "blue")[number], encode)):  # the baseline's
            whole = prompt + answer
            for text, tokens in (("prompt", prompt), ("prompt_and_answer", whole)):
                own, _ = run.streams(tokens, num_prompt=len(prompt))
                off, _ = run.streams(tokens, num_prompt=len(prompt), block=False)
                base, _ = baseline.streams(tokens, num_prompt=len(prompt))
                for against, others in (("baseline", base), ("block_off", off)):
                    for layer, (x, other) in enumerate(zip(own, others, strict=True)):
                        pair = (relative(x, other), cosine(x, other))
                        expected.setdefault((text, against, layer), []).append(pair)
    summary = result.summary
    for key, against, text in (
        ("relative_l2", "baseline", "prompt"),
        ("block_off_relative_l2", "block_off", "prompt"),
    ):
        for row in summary["by_layer"]:
            mean = np.mean([pair[0] for pair in expected[text, against, row["layer"]]])
            assert row[key] == pytest.approx(mean, rel=2e-3, abs=1e-9)
    for row in summary["with_answer"]:
        mean = np.mean([p[0] for p in expected["prompt_and_answer", "baseline", row["layer"]]])
        assert row["relative_l2"] == pytest.approx(mean, rel=2e-3, abs=1e-9)
    for row in summary["by_layer"]:
        mean = np.mean([pair[1] for pair in expected["prompt", "baseline", row["layer"]]])
        assert row["cosine"] == pytest.approx(mean, abs=1e-5)
    assert (summary["layer"], summary["lift_off"]) == (1, 1)
    assert summary["by_layer"][0]["block_off_relative_l2"] == 0.0
    assert [row["layer"] for row in summary["output"]] == [2]


def test_every_row_is_kept_with_its_tokens(make_stored: Callable[..., Stored]) -> None:
    stored = make_stored()
    result = stored.analyse("depth")
    rows = stored.rows(result)
    assert len(rows) == 4 * 2 * 2 * 3  # items, texts, others, layers with the output
    of_item = [row for row in rows if row["against"] == "baseline" and row["layer"] == 1]
    whole = next(row for row in of_item if row["text"] == "prompt_and_answer")
    assert len(whole["tokens"]) == whole["num_prompt"] + len("It is 6")
    assert next(row for row in of_item if row["text"] == "prompt")["tokens"] is None
    mean = np.mean([row["relative_l2"] for row in of_item if row["text"] == "prompt"])
    assert result.summary["by_layer"][1]["relative_l2"] == pytest.approx(mean, rel=1e-12)


def test_a_block_of_strength_zero_is_exactly_zero(make_stored: Callable[..., Stored]) -> None:
    still = {"rule": "gate", "gate": "vector", "alpha": 0.0}
    frozen = {"scope": "frozen", "train_until": None, "warmup_identity": 0}
    stored = make_stored(writeback=still, trainability=frozen, gradient_scale=None)
    summary = stored.analyse("depth").summary
    assert summary["lift_off"] is None
    assert {row["block_off_relative_l2"] for row in summary["by_layer"]} == {0.0}
    assert summary["by_layer"][0]["relative_l2"] == 0.0
    for name, key in (("scale", "norm_ratio"), ("domains", "share_along_mean")):
        found = stored.analyse(name).summary
        assert found.get("real_tokens", found)[key] is None


def test_a_host_against_itself_is_exactly_zero(make_stored: Callable[..., Stored]) -> None:
    summary = make_stored().analyse("depth", run="baseline").summary
    assert {row["relative_l2"] for row in summary["by_layer"]} == {0.0}
    assert {row["cosine"] for row in summary["by_layer"]} == {1.0}
    assert {row["block_off_relative_l2"] for row in summary["by_layer"]} == {None}


def test_a_sham_lifts_off_where_it_is(make_stored: Callable[..., Stored]) -> None:
    summary = make_stored().analyse("depth", run="sham").summary
    assert summary["lift_off"] == 1
    same_adapter = [row["relative_l2"] for row in summary["by_layer"]]
    assert same_adapter == [row["block_off_relative_l2"] for row in summary["by_layer"]]


@pytest.mark.parametrize("name", ["depth", "scale", "domains", "slots", "drift", "divergence"])
def test_two_calls_give_the_same_bytes_and_leave_the_backbone_as_it_was(
    make_stored: Callable[..., Stored], name: str
) -> None:
    stored = make_stored()
    before = stored.resident.fingerprint()
    hooks = [len(m._forward_pre_hooks) for m in stored.resident.model.modules()]
    first, second = stored.analyse(name), stored.analyse(name)
    assert first.artifact == second.artifact
    assert canonical(first.summary) == canonical(second.summary)
    assert stored.resident.fingerprint() == before
    assert hooks == [len(m._forward_pre_hooks) for m in stored.resident.model.modules()]
    assert first.seconds > 0


def test_curves_are_told_by_their_first_rise_and_growth() -> None:
    assert lift_off([0.0, 0.0, 1e-9, 1.0]) == 2
    assert lift_off([0.0, 0.0]) is None
    assert growth([0.0, 1.0, 2.0, 4.0]) == pytest.approx(2.0)
    assert growth([0.0, 0.0, 1.0]) is None
    assert curve_similarity([[0.0, 1.0, 2.0], [1.0, 3.0, 5.0]]) == pytest.approx(1.0)
    assert curve_similarity([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]) == pytest.approx(-1.0)
    assert curve_similarity([[0.0, 0.0, 0.0], [2.0, 1.0, 0.0]]) is None


def test_what_is_held_is_bounded_whatever_the_number_of_items() -> None:
    for number in (10, 100):
        parts = list(chunks(range(number), num_bytes=lambda _: 30, most=100))
        assert [item for part in parts for item in part] == list(range(number))
        assert max(map(len, parts)) == 3
    assert list(chunks([500, 1, 1], num_bytes=lambda size: size, most=100)) == [[500], [1, 1]]
    assert list(chunks([], num_bytes=lambda _: 1, most=1)) == []


def test_many_chunks_give_what_one_gives(
    make_stored: Callable[..., Stored], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = make_stored()
    names = ("depth", "scale", "divergence")
    whole = [stored.analyse(name).artifact for name in names]
    monkeypatch.setattr("workers.analyses.chunks.LEAST_HELD_BYTES", 1)
    assert [stored.analyse(name).artifact for name in names] == whole
