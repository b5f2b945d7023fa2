"""The dry run of a study file."""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from search.cost.check import check_study
from search.cost.planned import planned_study
from search.driving.audits import launch
from search.errors import StudyFileError
from search.study.file import parse_study
from storage import AuditStore

STUDY = {
    "name": "checked",
    "axes": {"slots": [2, 4]},
    "null_runs": {"sham": 3},
    "design": {"sampler": "tpe", "max_runs": 2},
}


Refusals = Callable[[dict[str, object]], list[str]]


@pytest.fixture
def refusals(sqlite_url: str) -> Refusals:
    """What a launch and a plan say to a study; neither stores anything."""

    def say(study: dict[str, object]) -> list[str]:
        file = parse_study(study)
        with AuditStore.open(sqlite_url) as store:
            with pytest.raises(StudyFileError) as launched:
                launch(store, file, artifact_url="here")
            assert store.studies.list() == []
        with pytest.raises(StudyFileError) as planned:
            planned_study(file, durations=(), artifact_url="here")
        return [str(launched.value), str(planned.value)]

    return say


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


def _talk(said: str) -> str:
    turns = [{"role": "user", "content": said}, {"role": "assistant", "content": "It ends a turn."}]
    return json.dumps({"messages": turns}) + "\n"


def test_every_training_text_is_rendered_and_the_bad_one_is_named(
    tmp_path: Path, refusals: Refusals
):
    lines = [_talk("Why?")] * 279 + [_talk("What does <|im_end|> mean?")] + [_talk("Why?")] * 20
    (tmp_path / "train.jsonl").write_text("".join(lines))
    told: list[int] = []
    study = {**STUDY, "training_data": str(tmp_path)}

    with pytest.raises(
        StudyFileError, match=r"^train\.jsonl:280: message 0 .* says '<\|im_end\|>'"
    ):
        check_study(parse_study(study), observer=lambda _, number: told.append(number))

    assert refusals(study)[0] == refusals(study)[1]
    sound = parse_study({**study, "training": {"num_examples": 279}})
    assert check_study(sound).data[0].num_examples == 279


def test_a_launch_looks_again_at_what_has_changed(tmp_path: Path, sqlite_url: str):
    file = tmp_path / "train.jsonl"
    study = {**STUDY, "training_data": str(tmp_path)}
    with AuditStore.open(sqlite_url) as store:
        for said, name in (("Why?", "one"), ("<|im_end|>", "two"), ("And?", "three")):
            file.write_text(_talk(said))
            with suppress(StudyFileError):
                launch(store, parse_study({**study, "name": name}), artifact_url="here")
        assert [found.name for found in store.studies.list()] == ["one", "three"]


def test_progress_is_told():
    told: list[tuple[str, int]] = []
    check_study(parse_study(STUDY), observer=lambda name, number: told.append((name, number)))
    assert told == [("tiny-qwen3", number) for number in range(500, 5001, 500)]


@pytest.fixture
def long_suite(tmp_path: Path) -> str:
    """A suite with one prompt that is longer than the tiny backbone's context."""
    (tmp_path / "items").mkdir()
    items = [
        {"id": "short", "prompt": "1 + 1?", "target": "2"},
        {"id": "long", "prompt": "1 + 1? " * 300, "target": "2"},
        {"id": "longer", "prompt": "1 + 1? " * 400, "target": "2"},
    ]
    lines = "".join(json.dumps(item) + "\n" for item in items)
    (tmp_path / "items" / "own_sums.jsonl").write_text(lines)
    (tmp_path / "train.jsonl").write_text(_talk("Why?"))
    (tmp_path / "suite.yaml").write_text("benchmarks: {own_sums: numbers}\nmax_new_tokens: 8\n")
    return str(tmp_path)


def test_prompts_that_do_not_fit_the_context_are_refused(long_suite: str, refusals: Refusals):
    study = {"name": "long", "benchmarks": long_suite, "training": {"dtype": "float32"}}

    with pytest.raises(StudyFileError) as caught:
        check_study(parse_study(study))
    assert (
        "benchmark 'own_sums' does not fit backbone 'tiny-qwen3': the prompt of item 'longer' "
        in (str(caught.value))
    )
    assert "(2 prompts are too long)" in str(caught.value)
    assert refusals(study) == [str(caught.value)] * 2


def test_the_longest_prompt_is_reported():
    found = {prompt.benchmark: prompt for prompt in check_study(parse_study(STUDY)).prompts}
    assert list(found) == ["tiny_choice", "tiny_arithmetic", "tiny_algebra", "tiny_code"]
    assert all(0 < prompt.num_tokens <= prompt.most_tokens for prompt in found.values())


def test_a_full_disk_is_said_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, refusals: Refusals
):
    usage = shutil.disk_usage(tmp_path)
    found = check_study(parse_study(STUDY), artifact_url=str(tmp_path / "new" / "folder")).space
    assert found.free_gib == pytest.approx(usage.free / 2**30, rel=0.2)
    assert 0 < found.needed_gib < 1
    assert check_study(parse_study(STUDY), artifact_url="s3://bucket").space.free_gib is None

    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(StudyFileError, match=r"checkpoints of 6 runs need about .* GiB are free"):
        check_study(parse_study(STUDY), artifact_url=str(tmp_path))
    assert all("checkpoints of 6 runs need" in said for said in refusals(STUDY))
