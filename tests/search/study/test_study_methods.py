"""The key ``methods``: its runs, each with its null, and clear errors before anything starts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from small_spaces import SMALL_AXES

from search.errors import StudyFileError
from search.study.file import parse_study, recorded_file
from search.study.host_checks import blocks
from search.study.plan import resolve, study_plan
from storage import BASELINE, METHOD, METHOD_NULL, TREATMENT

NINE = [
    {"method": "dora"},
    {
        "method": "repe",
        "layers": ["40%", "60%"],
        "contrast": "corrupted_answer",
        "strengths": [0, 0.5, 1, 2, 4],
    },
    {"method": "cogsteer", "layer": "50%"},
    {"method": "delift", "fraction": 0.3, "anchors": 250},
    {"method": "adapter_fusion", "value": "low_rank"},
    {"method": "loreft", "rank": 8, "positions": "f7+l7"},
    {"method": "ia3"},
    {"method": "vera"},
    {"method": "shadow"},
]


def _plan(**keys: Any) -> Any:
    return study_plan(resolve(parse_study({"name": "rivals", **keys})), artifact_url="a").runs


def _refusal(*methods: Any, **keys: Any) -> str:
    with pytest.raises(StudyFileError) as caught:
        resolve(parse_study({"name": "rivals", "methods": list(methods), **keys}))
    return str(caught.value)


def test_methods_stand_alone_with_their_nulls():
    runs = _plan(methods=NINE, seeds=[1, 2])
    kinds = [run.kind for run in runs]
    assert kinds[:2] == [BASELINE, BASELINE]
    assert kinds[2:] == [METHOD, METHOD_NULL] * 18
    assert [run.position for run in runs] == list(range(38))
    assert [run.method["method"] for run in runs[2::4]] == [entry["method"] for entry in NINE]
    for run, null in zip(runs[2::2], runs[3::2], strict=True):
        assert null.method == run.method
        assert null.baseline_seed == run.seed
        assert (null.seed == run.seed) == (run.method["method"] != "dora")
    other = [run.seed for run in runs if run.kind == METHOD_NULL and run.method == runs[2].method]
    assert len({1, 2, *other}) == 4


def test_the_record_has_all_settings_however_few_were_written():
    (_, short, _) = _plan(methods=[{"method": "loreft"}])
    (_, long, _) = _plan(methods=[{"method": "loreft", "rank": 8, "positions": "f7+l7"}])
    assert short.method == long.method
    assert short.method == {
        "method": "loreft",
        "learning_rate": None,
        "rank": 8,
        "positions": "f7+l7",
        "layers": [],
    }


def test_beside_axes_the_configurations_stay_as_they_are():
    alone, beside = _plan(axes=SMALL_AXES), _plan(axes=SMALL_AXES, methods=NINE[:1])
    assert beside[: len(alone)] == alone
    assert [run.kind for run in beside[len(alone) :]] == [METHOD, METHOD_NULL]
    assert TREATMENT in {run.kind for run in alone}


def test_a_file_without_methods_is_the_study_that_it_was():
    file = parse_study({"name": "small", "axes": SMALL_AXES})
    assert file.spec_hash == parse_study({**file.spec, "methods": []}).spec_hash
    assert file.spec_hash != parse_study({**file.spec, "methods": NINE[:1]}).spec_hash
    alone = parse_study({"name": "small", "methods": NINE})
    assert alone.axes is None
    assert recorded_file(alone.spec) == alone
    audit = resolve(alone)
    assert audit.treatments_due() == [0]
    assert list(blocks(audit, 0)) == []
    assert parse_study({"name": "small"}).axes is not None


@pytest.mark.parametrize(
    ("methods", "keys", "said"),
    [
        ([{"method": "dorra"}], {}, "methods.0: there is no method 'dorra'; installed are dora"),
        ([{"layer": 3}], {}, r"methods.0.method: missing; a method is named"),
        (["dora"], {}, "methods.0: 'dora' is not allowed"),
        ([{"method": "cogsteer", "layer": 6}], {}, "cogsteer.layer is 6; allowed: 0 to 5 on tiny"),
        ([{"method": "repe", "strength": 1}], {}, "methods.0: method repe has no key 'strength'"),
        ([{"method": "ia3"}, {"method": "ia3"}], {}, "methods.1: .* is listed twice"),
        (
            [{"method": "ia3"}],
            {"training": {"num_examples": 64}},
            "ia3 chooses on training examples that are not trained on, and 78 steps take 1248",
        ),
        (
            [{"method": "dora"}],
            {"resources": {"processes_per_run": 2}},
            "processes_per_run: 2 is not allowed with methods",
        ),
        ([{"method": "dora"}], {"null_runs": {"sham": 2}}, "null_runs.sham: not allowed where"),
        (
            [{"method": "dora"}],
            {"design": {"sampler": "tpe", "max_runs": 4}},
            "design.sampler: 'tpe' is not allowed where methods stand alone",
        ),
        (
            [{"method": "dora"}],
            {"adapters": [{"type": "dora", "r": 8, "alpha": 16, "target_modules": ["q_proj"]}]},
            "dora is the adapter of host tiny-qwen3 dora-r8 itself",
        ),
    ],
)
def test_what_cannot_be_is_named(methods: list[Any], keys: dict[str, Any], said: str):

    assert re.search(said, _refusal(*methods, **keys))
