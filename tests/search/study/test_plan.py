"""From a study file to hosts, spaces and runs: what exists, and what is due in which order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from same_words import LORA
from shallow_backbone import two_blocks
from small_spaces import SMALL_AXES

from search.errors import StudyFileError
from search.study.file import parse_study, read_study_file
from search.study.plan import (
    Audit,
    adapter_labels,
    configuration_id,
    is_null_intervention,
    resolve,
    study_plan,
)
from storage import BASELINE, TREATMENT
from storage.new_rows import SELF_CHECK
from talan import TalanConfig
from workers.job.jobs import AdapterSpec

EXAMPLE = Path(__file__).parents[3] / "examples" / "tiny-lora-grid.yaml"


def audit(**keys: Any) -> Audit:
    return resolve(parse_study({"name": "small", "axes": SMALL_AXES, **keys}))


def refusal(**keys: Any) -> str:
    with pytest.raises(StudyFileError) as caught:
        audit(**keys)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def shallow(tmp_path: Path) -> str:
    """A backbone of two blocks."""
    return two_blocks(tmp_path / "shallow")


class TestResolve:
    def test_the_example(self) -> None:
        found = resolve(read_study_file(EXAMPLE))
        assert [host.backbone for host in found.hosts] == ["tiny-qwen3"]
        assert [host.adapter_label for host in found.hosts] == ["lora-r8"]
        assert found.hosts[0].num_layers == 6
        assert found.spaces[0].size == 240
        assert found.recipe.max_steps == 78
        assert found.benchmarks == ("tiny_choice", "tiny_arithmetic", "tiny_algebra", "tiny_code")
        assert found.configurations_per_host == 24
        assert found.treatments_due() == [24]
        assert not found.adaptive

    def test_training_changes_what_it_names_and_nothing_else(self) -> None:
        plain, changed = audit().recipe, audit(training={"max_steps": 5}).recipe
        assert changed.max_steps == 5
        assert changed.replace(max_steps=plain.max_steps) == plain

    def test_benchmarks_come_in_the_suite_s_order(self) -> None:
        found = audit(benchmarks=["tiny_code", "tiny_choice"])
        assert found.benchmarks == ("tiny_choice", "tiny_code")

    def test_layers_by_depth_are_each_backbone_s_own(self, shallow: str) -> None:
        found = audit(backbones=["tiny-qwen3", shallow], axes={"layer": ["0%", "25%", "50%"]})
        assert [space.layers for space in found.spaces] == [(0, 1, 3), (0, 1)]
        assert [host.num_layers for host in found.hosts] == [6, 2]
        assert found.treatments_due() == [3, 2]

    def test_max_runs_bounds_runs_not_configurations(self) -> None:
        found = audit(seeds=[1, 2, 3], design={"max_runs": 8})
        assert found.configurations_per_host == 2
        assert found.treatments_due() == [6]

    def test_the_recipe_hash_tells_shared_parts_apart(self) -> None:
        changed = [
            audit(),
            audit(training={"max_steps": 5}),
            audit(talan={"summary_scope": "prefix"}),
            audit(talan={"components": 2}),
            audit(benchmarks=["tiny_code"]),
        ]
        assert len({found.recipe_hash for found in changed}) == len(changed)
        assert audit(seeds=[1]).recipe_hash == audit().recipe_hash


class TestBadInput:
    @pytest.mark.parametrize(
        ("keys", "parts"),
        [
            ({"axes": {"layer": [6]}}, ["axes.layer", "6", "0 to 5 on tiny-qwen3"]),
            ({"axes": {"layer": ["150%"]}}, ["axes.layer", "'150%'", "below 100%"]),
            ({"backbones": ["tiny-qwen"]}, ["'tiny-qwen'", "tiny-qwen3", "a folder"]),
            ({"benchmarks": "tinny"}, ["'tinny'", "tiny"]),
            ({"benchmarks": ["tiny_choise"]}, ["'tiny_choise'", "tiny_choice"]),
            ({"benchmarks": []}, ["benchmarks", "empty", "tiny_choice"]),
            ({"training": {"steps": 5}}, ["training", "'steps'", "max_steps"]),
            ({"training": {"max_steps": 0}}, ["training.max_steps", "0", "from 1"]),
            ({"talan": {"layers": 3}}, ["talan.layers", "unknown key", "summarizer"]),
            ({"adapters": [{**LORA, "bias": 1}]}, ["adapter", "'bias'", "target_modules"]),
            ({"adapters": [{**LORA, "type": "vera"}]}, ["adapter.type", "'vera'", "rslora"]),
            ({"adapters": [{**LORA, "r": True}]}, ["adapter.r", "True", "whole number"]),
            ({"adapters": [{"type": "lora"}]}, ["adapter", "alpha", "target_modules"]),
            (
                {"seeds": [1, 2, 3], "design": {"max_runs": 2}},
                ["design.max_runs", "2", "3 seeds", "at least 3"],
            ),
        ],
    )
    def test_names_key_value_and_what_is_allowed(
        self, keys: dict[str, Any], parts: list[str]
    ) -> None:
        message = refusal(**keys)
        for part in parts:
            assert part in message

    def test_an_adapter_that_is_the_same_in_other_words(self) -> None:
        twin = {"type": "lora", "r": 8, "alpha": 16.0, "target_modules": ["q_proj"], "dropout": 0.0}
        other_order = {**twin, "target_modules": ["q_proj", "q_proj"]}
        assert "listed twice" in refusal(adapters=[LORA, other_order])

    def test_a_layer_that_one_of_two_backbones_lacks(self, shallow: str) -> None:
        message = refusal(backbones=["tiny-qwen3", shallow], axes={"layer": [0, 5]})
        assert f"0 to 1 on {shallow}" in message

    def test_a_backbone_without_weights(self, shallow: str) -> None:
        (Path(shallow) / "model.safetensors").unlink()
        assert "no weights" in refusal(backbones=[shallow])


class TestAdapterLabels:
    @pytest.mark.parametrize(
        ("changes", "labels"),
        [
            ([{}], ["lora-r8"]),
            ([{}, {"type": "dora"}, {"r": 16}], ["lora-r8", "dora-r8", "lora-r16"]),
            ([{}, {"alpha": 32}], ["lora-r8-a16", "lora-r8-a32"]),
            (
                [{}, {"target_modules": ["k_proj"]}, {"r": 4}],
                ["lora-r8-a16-1", "lora-r8-a16-2", "lora-r4-a16-3"],
            ),
        ],
    )
    def test_tell_adapters_apart_by_as_much_as_it_takes(
        self, changes: list[dict[str, Any]], labels: list[str]
    ) -> None:
        adapters = [AdapterSpec.from_record({**LORA, **change}) for change in changes]
        assert adapter_labels(adapters) == labels


class TestStudyPlan:
    def test_all_hosts_seeds_and_points_each_once(self) -> None:
        found = audit(
            adapters=[LORA, {**LORA, "type": "dora"}], seeds=[7, 8], design={"max_runs": 8}
        )
        plan = study_plan(found, artifact_url="artifacts")
        assert (plan.name, plan.artifact_url) == ("small", "artifacts")
        assert plan.spec_hash == found.file.spec_hash
        assert [run.position for run in plan.runs] == list(range(2 * (2 + 8)))
        keys = [(run.host, run.kind, run.configuration_id, run.seed) for run in plan.runs]
        assert len(set(keys)) == len(keys)
        for host in (0, 1):
            baselines = [r for r in plan.runs if r.host == host and r.kind == BASELINE]
            assert [run.seed for run in baselines] == [7, 8]
            treatments = [r for r in plan.runs if r.host == host and r.kind == TREATMENT]
            assert [run.seed for run in treatments] == [7, 8] * 4
            assert len({run.configuration_id for run in treatments}) == 4
            assert max(r.position for r in baselines) < min(r.position for r in treatments)

    def test_an_identity_is_the_content_s_hash(self) -> None:
        for run in study_plan(audit(), artifact_url="a").runs:
            if run.kind == TREATMENT:
                assert run.configuration is not None
                config = TalanConfig.from_axes(run.configuration)
                assert run.configuration_id == config.configuration_id
                assert configuration_id(run.configuration) == config.configuration_id

    def test_of_an_adaptive_design_knows_only_the_baselines(self) -> None:
        found = audit(seeds=[7, 8], design={"sampler": "tpe", "max_runs": 6})
        assert found.adaptive
        plan = study_plan(found, artifact_url="a")
        assert [(run.kind, run.seed) for run in plan.runs] == [(BASELINE, 7), (BASELINE, 8)]

    def test_is_the_same_every_time(self) -> None:
        plans = [
            study_plan(audit(design={"sampler": "qmc", "max_runs": 4}), artifact_url="a")
            for _ in range(2)
        ]
        assert plans[0] == plans[1]


# 3 layers x 2 mixers x 2 writebacks x 3 modes, of which 3 x 2 x 1 x 1 stay the identity.
STILL_AXES = {
    **SMALL_AXES,
    "layer": [0, 1, 2],
    "writeback": [
        {"rule": "gate", "gate": "vector", "alpha": 0},
        {"rule": "gate", "gate": "vector", "alpha": 0.1},
    ],
}


class TestNullInterventions:
    """Points with alpha 0 of which no step trains the block: all are the baseline, one model."""

    def test_they_are_one_run_a_host_and_in_no_design(self) -> None:
        found = audit(axes=STILL_AXES, seeds=[7, 8])
        assert found.spaces[0].size == 36
        assert len(found.spaces[0].null_interventions) == 6
        assert found.treatments_due() == [60]
        runs = study_plan(found, artifact_url="x").runs
        treated = [run for run in runs if run.kind == TREATMENT]
        assert len({(run.configuration_id, run.seed) for run in treated}) == len(treated) == 60
        assert not any(is_null_intervention(run.configuration or {}) for run in treated)
        (check,) = [run for run in runs if run.kind == SELF_CHECK]
        assert check.configuration is not None
        assert is_null_intervention(check.configuration)
        assert (check.seed, check.baseline_seed) == (7, None)
        assert [run.position for run in runs] == list(range(len(runs)))

    @pytest.mark.parametrize("sampler", ["grid", "random", "qmc"])
    def test_no_design_draws_them(self, sampler: str) -> None:
        found = audit(axes=STILL_AXES, design={"sampler": sampler, "max_runs": 30, "seed": 4})
        points = found.enumerated(0)
        assert len({configuration_id(point) for point in points}) == len(points) == 30
        assert not any(map(is_null_intervention, points))

    def test_of_listed_points_too(self) -> None:
        points = [audit(axes=STILL_AXES).spaces[0].point(index) for index in range(36)]
        found = resolve(parse_study({"name": "listed", "configurations": points}))
        assert found.treatments_due() == [30]
        assert sum(run.kind == SELF_CHECK for run in study_plan(found, artifact_url="x").runs) == 1

    def test_a_study_of_nothing_else_has_no_treatment(self) -> None:
        still = {"rule": "gate", "gate": "vector", "alpha": 0}
        axes = {**STILL_AXES, "writeback": [still], "trainability": [{"scope": "frozen"}]}
        kinds = [run.kind for run in study_plan(audit(axes=axes), artifact_url="x").runs]
        assert kinds == [BASELINE, SELF_CHECK]
