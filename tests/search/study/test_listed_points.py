"""Studies that list their configurations."""

from __future__ import annotations

from typing import Any

import pytest
from small_spaces import DIRECT, GATE

from search.driving.optuna_record import HostStudy, TrialResult, open_optuna_storage
from search.errors import StudyFileError
from search.study.file import parse_study
from search.study.keys import StudyFile
from search.study.plan import configuration_id, resolve, study_plan
from storage import BASELINE

LISTED = [
    {"layer": 5, "slots": 4, "mixer": "per_token_mix", "writeback": DIRECT},
    {"layer": "25%", "trainability": {"scope": "frozen"}, "gradient_scale": 500},
    {"layer": 5, "trainability": {"scope": "all", "train_until": 500}, "gradient_scale": 0.5},
]


def listing(entries: list[dict[str, Any]] = LISTED, **keys: Any) -> StudyFile:
    return parse_study({"name": "listed", "configurations": entries, **keys})


def test_they_are_run_one_and_all_in_order_and_in_canonical_form() -> None:
    audit = resolve(listing(seeds=[1, 2]))
    assert audit.treatments_due() == [6]
    runs = [run for run in study_plan(audit, artifact_url="x").runs if run.kind != BASELINE]
    points = [run.configuration for run in runs[::2]]
    assert [run.configuration for run in runs[1::2]] == points
    gate = {"rule": "gate", "gate": "vector", "alpha": 0.008}
    full = {"scope": "all", "train_until": None, "warmup_identity": 0}
    assert points == [
        {
            "layer": 5,
            "slots": 4,
            "mixer": "per_token_mix",
            "writeback": {"rule": "direct", "gate": None, "alpha": 0.008},
            "trainability": full,
            "gradient_scale": 1.0,
        },
        {
            "layer": 1,
            "slots": 2,
            "mixer": "multihead_local",
            "writeback": gate,
            "trainability": {"scope": "frozen", "train_until": None, "warmup_identity": 0},
            "gradient_scale": None,
        },
        {
            "layer": 5,
            "slots": 2,
            "mixer": "multihead_local",
            "writeback": gate,
            "trainability": full,  # 500 is past the last step
            "gradient_scale": 0.5,
        },
    ]


def test_a_canonical_configuration_can_be_listed_as_it_is() -> None:
    points = list(resolve(listing()).enumerated(0))
    again = resolve(listing([dict(point) for point in points]))
    assert list(again.enumerated(0)) == points


def test_optuna_takes_every_listed_point(sqlite_url: str) -> None:
    audit = resolve(listing())
    host = HostStudy(
        open_optuna_storage(sqlite_url), name="h", sampler="grid", seed=0, space=audit.spaces[0]
    )
    numbers = [
        host.tell(TrialResult(configuration_id(point), point, {"a": 1.0}, 1.0))
        for point in audit.enumerated(0)
    ]
    assert numbers == [0, 1, 2]


def test_the_specification_reads_back() -> None:
    file = listing(null_runs={"seed": 2})
    assert parse_study(file.spec).spec_hash == file.spec_hash
    assert listing(LISTED[:2]).spec_hash != file.spec_hash


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"axes": {"layer": [1]}}, "axes: not allowed with configurations"),
        ({"design": {"sampler": "tpe", "max_runs": 3}}, "design: .*'tpe'.*allowed: grid"),
        ({"design": {"max_runs": 3}}, "design: .*allowed: grid without max_runs"),
        ({"configurations": []}, "configurations: the list is empty"),
        ({"configurations": [{"mixr": "x"}]}, r"configurations\.0\.mixr: unknown key.*mean mixer"),
        ({"null_runs": {"seeds": 3}}, r"null_runs\.seeds: unknown key.*mean seed"),
        ({"null_runs": {"seed": -1}}, r"null_runs\.seed: -1 is not allowed"),
        ({"null_runs": {"sham": True}}, r"null_runs\.sham: True .*a whole number"),
        ({"null_runs": {"jitter": -1}}, r"null_runs\.jitter: -1 is not allowed"),
        ({"null_runs": {"at": "once"}}, r"null_runs\.at: 'once' .*'first_seed' or 'every_seed'"),
        ({"null_runs": {"sham": {"count": -2}}}, r"null_runs\.sham\.count: -2 is not allowed"),
        ({"null_runs": {"sham": {"match": "kl"}}}, r"null_runs\.sham\.count: missing"),
        ({"null_runs": {"sham": {"count": 1, "match": "l2"}}}, r"sham\.match: 'l2' .*'kl'"),
        ({"null_runs": {"sham": {"count": 1, "cont": 1}}}, r"null_runs\.sham\.cont: .*mean count"),
    ],
)
def test_what_cannot_be_listed(keys: dict[str, Any], match: str) -> None:
    with pytest.raises(StudyFileError, match=match):
        parse_study({"name": "listed", "configurations": LISTED, **keys})


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ({"layer": 6}, r"configurations\.1\.layer: 6 is not allowed.*0 to 5 on tiny-qwen3"),
        ({"mixer": "mean"}, r"configurations\.1\.mixer.*'mean'"),
        (
            {"layer": 1, "writeback": GATE},
            r"configurations\.1: the same model as configurations\.0",
        ),
    ],
)
def test_what_does_not_exist_is_named_by_its_place(entry: dict[str, Any], match: str) -> None:
    with pytest.raises(StudyFileError, match=match):
        resolve(listing([{"layer": "25%"}, entry]))
