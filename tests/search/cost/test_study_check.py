"""The dry run of a study file."""

import pytest

from search.cost.check import check_study
from search.errors import StudyFileError
from search.study.file import parse_study

STUDY = {
    "name": "checked",
    "axes": {"slots": [2, 4]},
    "null_runs": {"sham": 3},
    "design": {"sampler": "tpe", "max_runs": 2},
}


def test_a_sound_study_is_described():
    found = check_study(parse_study(STUDY))
    assert found.runs == {"baseline": 1, "sham_null": 3, "treatment": 2}
    (data,) = found.data
    assert (data.num_examples, data.num_sampled, data.cut_share) == (5000, 256, 0.0)
    assert 0 < data.taught_share < 1
    (memory,) = found.memory
    assert memory.device == "CPU"
    largest = max(size.talan for size in found.hosts[0].largest.values())
    trained = found.hosts[0].baseline.adapter + largest
    weights = found.hosts[0].baseline.backbone
    assert memory.needed_gib == pytest.approx((4 * weights + 16 * trained) / 2**30)


def test_examples_that_are_cut_are_counted():
    found = check_study(parse_study({**STUDY, "training": {"max_length": 64}}))
    assert 0 < found.data[0].cut_share < 1
    assert found.data[0].mean_tokens <= 64


def test_too_little_memory_is_refused_before_anything_starts():
    many = {**STUDY, "resources": {"workers": 10**9}}
    with pytest.raises(StudyFileError, match=r"needs at least 0\.00\d+ GiB of CPU memory"):
        check_study(parse_study(many))
