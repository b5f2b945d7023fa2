"""Hosts built without weights, before anything is launched."""

import pytest

from search.errors import StudyFileError
from search.study.file import parse_study
from search.study.host_checks import blocks, check_hosts
from search.study.plan import resolve


def _audit(**keys):
    return resolve(parse_study({"name": "checked", **keys}))


def test_the_largest_block_of_each_mixer_is_sized():
    axes = {"slots": [2, 64], "mixer": ["cross_attn", "per_token_mix"], "layer": [0, 1, 2]}
    (host,) = check_hosts(_audit(axes=axes))
    small = check_hosts(_audit(axes={**axes, "slots": [2]}))[0]
    assert set(host.largest) == {"cross_attn", "per_token_mix"}
    # A slot is a query as wide as the backbone.
    difference = host.largest["cross_attn"].talan - small.largest["cross_attn"].talan
    assert difference == (64 - 2) * 128
    assert host.baseline.talan == 0


def test_only_what_changes_the_size_is_built():
    axes = {"layer": [0, 1, 2], "slots": [2, 4], "trainability": [{"scope": "all"}]}
    assert len(list(blocks(_audit(axes=axes), 0))) == 2
    listed = [{"layer": layer, "slots": 2} for layer in (0, 1, 2)] + [{"layer": 0, "slots": 4}]
    assert [p["slots"] for p in blocks(_audit(configurations=listed), 0)] == [2, 4]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"adapters": [{"type": "lora", "r": 8, "alpha": 16, "target_modules": ["qkv"]}]},
            "backbone 'tiny-qwen3' with lora-r8: .* names 'qkv'; this backbone has",
        ),
        (
            {"talan": {"heads": 256}},
            "with lora-r8: heads is 256, but must be at most the inner width 128",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_host(keys, sentence):
    with pytest.raises(StudyFileError, match=sentence):
        check_hosts(_audit(**keys))
