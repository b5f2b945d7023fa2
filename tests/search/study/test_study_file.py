"""Study files: what parses, the defaults, and the sentence that answers a wrong one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from same_words import LORA

from search.errors import StudyFileError
from search.study.file import parse_study, read_study_file, recorded_file
from search.study.keys import StudyFile
from search.study.values import (
    ADAPTER_DEFAULTS,
    TALAN_DEFAULTS,
    TRAINABILITY_DEFAULTS,
    WRITEBACK_DEFAULTS,
)
from talan import TalanConfig
from workers.job.jobs import AdapterSpec

EXAMPLE = Path(__file__).parents[3] / "examples" / "tiny-lora-grid.yaml"


def study(**keys: Any) -> StudyFile:
    return parse_study({"name": "small", **keys})


def refusal(**keys: Any) -> str:
    with pytest.raises(StudyFileError) as caught:
        study(**keys)
    return str(caught.value)


class TestWhatParses:
    def test_the_example(self) -> None:
        file = read_study_file(EXAMPLE)
        assert file.name == "tiny-lora-grid"
        assert file.axes.layer == [0, 1, 2]
        assert [w["rule"] for w in file.axes.writeback] == ["gate", "direct"]
        assert [t["train_until"] for t in file.axes.trainability] == [None, 20, None]
        assert file.axes.gradient_scale == [1.0, 500.0]
        assert (file.design.sampler, file.design.max_runs, file.design.seed) == ("grid", 24, 0)
        assert file.training == {"max_steps": 78}
        assert (file.resources.workers, file.resources.gpus_per_run) == (2, 0)

    def test_a_name_alone_is_a_study_of_one_point(self) -> None:
        file = parse_study({"name": "small"})
        assert file.backbones == ["tiny-qwen3"]
        assert file.benchmarks == "tiny"
        assert file.seeds == [42]
        assert (file.design.sampler, file.design.max_runs) == ("grid", None)
        axes = file.axes.model_dump()
        assert set(axes) == {
            "layer",
            "slots",
            "mixer",
            "writeback",
            "trainability",
            "gradient_scale",
        }
        assert all(len(values) == 1 for values in axes.values())

    def test_layers_by_number_name_and_depth(self) -> None:
        assert study(axes={"layer": [3, "embedding", "25%"]}).axes.layer == [3, "embedding", "25%"]

    def test_benchmarks_by_suite_or_by_name(self) -> None:
        assert study(benchmarks=["tiny_code"]).benchmarks == ["tiny_code"]
        assert study(benchmarks="paper").benchmarks == "paper"

    def test_what_an_entry_leaves_out_is_filled_in(self) -> None:
        spec = study(
            adapters=[LORA],
            axes={
                "writeback": [{"rule": "direct", "alpha": 1}],
                "trainability": [{"scope": "all"}],
            },
        ).spec
        assert spec["adapters"] == [{**LORA, "dropout": 0.0}]
        assert spec["axes"]["writeback"] == [{"rule": "direct", "gate": None, "alpha": 1}]
        assert spec["axes"]["trainability"] == [
            {"scope": "all", "train_until": None, "warmup_identity": 0}
        ]
        assert spec["talan"]["summarizer"] == "attention"

    def test_what_is_filled_in_is_what_the_parts_take_it_for(self) -> None:
        bare = TalanConfig.from_axes(
            {
                "layer": 0,
                "slots": 1,
                "mixer": "cross_attn",
                "writeback": {"rule": "direct", "alpha": 1},
            }
        )
        assert bare.block_fields() == TALAN_DEFAULTS
        assert bare.axes()["writeback"].items() >= WRITEBACK_DEFAULTS.items()
        assert bare.axes()["trainability"].items() >= TRAINABILITY_DEFAULTS.items()
        assert AdapterSpec.from_record(LORA).to_record().items() >= ADAPTER_DEFAULTS.items()

    def test_the_specification_is_json_and_parses_to_itself(self) -> None:
        file = read_study_file(EXAMPLE)
        again = parse_study(json.loads(json.dumps(file.spec)))
        assert again == file
        assert again.spec_hash == file.spec_hash

    def test_a_number_with_an_exponent_is_a_number(self, tmp_path: Path) -> None:
        path = tmp_path / "study.yaml"
        path.write_text("name: small\ntraining: {learning_rate: 2e-4}\n")
        assert read_study_file(path).training == {"learning_rate": 0.0002}

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("name: 2026-02-30", "name: missing"),
            ("seeds: [042]", None),
            ("axes: {slots: [1e20]}", "axes.slots.0: 1e+20 is not allowed; it should be a whole"),
            ("training: {gradient_checkpointing: yes}", None),
            ("axes: {gradient_scale: [1e38]}", "axes.gradient_scale.0: 1e+38 is not allowed"),
            ("axes: {gradient_scale: [1e-38]}", "axes.gradient_scale.0: 1e-38 is not allowed"),
            ("axes: {gradient_scale: [0]}", "axes.gradient_scale.0: 0 is not allowed"),
            ("axes: {gradient_scale: [.inf]}", "axes.gradient_scale.0: inf is not allowed"),
            ("axes: {gradient_scale: [.nan]}", "axes.gradient_scale.0: nan is not allowed"),
            ("configurations: [{gradient_scale: 1e38}]", "gradient_scale: 1e+38 is not allowed"),
            ("axes: " + "[" * 60, "nested too deeply"),
        ],
    )
    def test_values_that_surprise(self, tmp_path: Path, text: str, sentence: str | None) -> None:
        path = tmp_path / "study.yaml"
        path.write_text(text if text.startswith("name") else f"name: small\n{text}\n")
        if text.startswith("name"):
            assert read_study_file(path).name == "2026-02-30"
        elif sentence is None:
            file = read_study_file(path)
            assert (file.seeds, file.training) in (
                ([42], {}),
                ([42], {"gradient_checkpointing": "yes"}),
            )
        else:
            with pytest.raises(StudyFileError) as caught:
                read_study_file(path)
            assert sentence in str(caught.value)


EXPLICIT = {
    "backbones": ["tiny-qwen3"],
    "adapters": [
        {
            "type": "lora",
            "r": 8,
            "alpha": 16,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
            "dropout": 0,
        }
    ],
    "seeds": [42],
    "benchmarks": "tiny",
    "axes": {
        "layer": [0],
        "slots": [2],
        "mixer": ["multihead_local"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.008}],
        "trainability": [{"scope": "all", "train_until": None}],
        "gradient_scale": [1],
    },
    "design": {"sampler": "grid", "max_runs": None, "seed": 0},
    "verdicts": "full",
    "training": {},
    "talan": {"summarizer": "attention", "summary_scope": "sequence"},
    "resources": {"workers": 2, "cpus_per_run": 1, "gpus_per_run": 0},
}


class TestSpecHash:
    @pytest.mark.parametrize("key", EXPLICIT)
    def test_a_default_written_out_is_the_same_study(self, key: str) -> None:
        assert study(**{key: EXPLICIT[key]}).spec_hash == study().spec_hash

    def test_shams_in_long_are_shams_in_short(self) -> None:
        long, short = (study(null_runs={"sham": s}) for s in ({"count": 4, "match": None}, 4))
        assert long.spec == short.spec
        assert parse_study(long.spec).spec_hash == short.spec_hash

    def test_the_order_of_keys_means_nothing(self) -> None:
        turned = dict(reversed(EXPLICIT.items()))
        assert parse_study({**turned, "name": "small"}).spec_hash == study().spec_hash

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (
                {"axes": {"writeback": [{"rule": "direct", "alpha": 1}]}},
                {"axes": {"writeback": [{"rule": "direct", "alpha": 1.0}]}},
            ),
            ({"axes": {"gradient_scale": [500]}}, {"axes": {"gradient_scale": [500.0]}}),
            ({"training": {"weight_decay": 0}}, {"training": {"weight_decay": 0.0}}),
        ],
    )
    def test_a_number_is_itself_however_it_is_written(
        self, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        assert study(**one).spec_hash == study(**other).spec_hash

    def test_how_many_runs_go_at_once_decides_nothing(self) -> None:
        assert study(resources={"workers": 7}).spec_hash == study().spec_hash

    def test_a_choice_that_came_later_leaves_older_studies_what_they_were(self) -> None:
        digest = "dff358865d005b2c46c5af7d69f9fc2701f833417b156d8a874653eedbe1497d"
        recorded = {key: value for key, value in study().spec.items() if key != "draw"}
        assert recorded_file(recorded).spec_hash == digest  # before there were exact verdicts

    def test_all_else_decides(self) -> None:
        changed = [
            study(),
            parse_study({"name": "other"}),
            study(backbones=["tiny-qwen3", "other"]),
            study(adapters=[LORA]),
            study(adapters=[{**LORA, "dropout": 0.1}]),
            study(seeds=[43]),
            study(seeds=[42, 43]),
            study(benchmarks=["tiny_code"]),
            study(talan={"components": 2}),
            study(axes={"layer": [1]}),
            study(axes={"slots": [4]}),
            study(axes={"mixer": ["cross_attn"]}),
            study(axes={"writeback": [{"rule": "direct", "alpha": 0.008}]}),
            study(axes={"writeback": [{"rule": "direct", "alpha": 0.009}]}),
            study(axes={"trainability": [{"scope": "frozen"}]}),
            study(axes={"trainability": [{"scope": "all", "warmup_identity": 1}]}),
            study(axes={"gradient_scale": [500]}),
            study(design={"sampler": "random", "max_runs": 1}),
            study(design={"max_runs": 1}),
            study(design={"seed": 1}),
            study(training={"max_steps": 3}),
            study(talan={"summary_scope": "prefix"}),
            study(talan={"heads": 2}),
            study(resources={"cpus_per_run": 2}),
            study(verdicts="exact"),
            study(draw=1),
            study(null_runs={"sham": 3}),
            study(null_runs={"sham": {"count": 3, "match": "kl"}}),
            study(null_runs={"jitter": 3}),
            study(null_runs={"jitter": 3, "at": "every_seed"}),
        ]
        assert len({file.spec_hash for file in changed}) == len(changed)


class TestBadInput:
    """One sentence that names the key, the value and what is allowed."""

    @pytest.mark.parametrize(
        ("keys", "parts"),
        [
            ({"layers": [1]}, ["layers", "unknown key", "name, backbones, adapters"]),
            ({"axes": {"mixr": ["cross_attn"]}}, ["axes.mixr", "unknown key", "mean mixer?"]),
            ({"design": {"samplr": "grid"}}, ["design.samplr", "mean sampler?"]),
            ({"resources": {"gpus": 1}}, ["resources.gpus", "workers, cpus_per_run"]),
            ({"axes": {"mixer": []}}, ["axes.mixer", "empty", "at least one"]),
            ({"axes": {"layer": []}}, ["axes.layer", "empty", "at least one"]),
            ({"backbones": []}, ["backbones", "empty"]),
            ({"adapters": []}, ["adapters", "empty"]),
            ({"seeds": []}, ["seeds", "empty"]),
            ({"axes": None}, ["axes", "None", "a mapping of keys"]),
            ({"axes": {"layer": 3}}, ["axes.layer", "3", "a list"]),
            ({"axes": {"layer": [True]}}, ["axes.layer.0", "True", "embedding", "25%"]),
            ({"axes": {"layer": [1.5]}}, ["axes.layer.0", "1.5", "embedding", "25%"]),
            ({"axes": {"slots": [2, True]}}, ["axes.slots.1", "True", "a whole number"]),
            ({"axes": {"slots": [2.5]}}, ["axes.slots.0", "2.5", "a whole number"]),
            ({"axes": {"mixer": [1]}}, ["axes.mixer.0", "1", "text"]),
            ({"axes": {"writeback": ["direct"]}}, ["axes.writeback.0", "'direct'", "a mapping"]),
            ({"axes": {"gradient_scale": [True]}}, ["axes.gradient_scale.0", "True", "a number"]),
            ({"axes": {"gradient_scale": ["5"]}}, ["axes.gradient_scale.0", "'5'", "a number"]),
            ({"axes": {"gradient_scale": [None]}}, ["axes.gradient_scale.0", "None", "a number"]),
            ({"seeds": [True]}, ["seeds.0", "True", "a whole number"]),
            ({"seeds": [-1]}, ["seeds.0", "-1", "0"]),
            ({"seeds": [2**32]}, ["seeds.0", "4294967296", "4294967295"]),
            ({"seeds": [7, 8, 7]}, ["seeds", "7", "once"]),
            ({"backbones": ["a", "a"]}, ["backbones", "'a'", "once"]),
            ({"adapters": [LORA, dict(LORA)]}, ["adapters", "'lora'", "once"]),
            ({"adapters": ["lora"]}, ["adapters.0", "'lora'", "a mapping"]),
            ({"benchmarks": 3}, ["benchmarks", "3", "suite's name", "list"]),
            ({"benchmarks": [3]}, ["benchmarks", "3", "suite's name", "list"]),
            ({"design": {"sampler": "gird"}}, ["design.sampler", "'gird'", "'grid'", "'nsga2'"]),
            ({"design": {"max_runs": 0}}, ["design.max_runs", "0", "1"]),
            ({"design": {"max_runs": True}}, ["design.max_runs", "True", "a whole number"]),
            ({"design": {"max_runs": 2.0}}, ["design.max_runs", "2.0", "a whole number"]),
            ({"verdicts": "quick"}, ["verdicts", "'quick'", "'full' or 'exact'"]),
            ({"verdicts": True}, ["verdicts", "True", "'full' or 'exact'"]),
            (
                {"verdicts": "exact", "design": {"sampler": "nsga2", "max_runs": 4}},
                ["verdicts", "'exact'", "nsga2", "allowed: full, or another sampler"],
            ),
            ({"resources": {"workers": 0}}, ["resources.workers", "0", "1"]),
            ({"resources": {"cpus_per_run": 0}}, ["resources.cpus_per_run", "0"]),
            ({"resources": {"cpus_per_run": float("inf")}}, ["resources.cpus_per_run", "inf"]),
            ({"resources": {"gpus_per_run": "1"}}, ["resources.gpus_per_run", "'1'", "a number"]),
            ({"name": "Not A Slug"}, ["name", "'Not A Slug'", "lower-case letters and digits"]),
            ({"name": "a--b"}, ["name", "'a--b'", "lower-case"]),
            ({"name": "a/b"}, ["name", "'a/b'", "lower-case"]),
            ({"name": ""}, ["name", "''", "lower-case"]),
            ({"name": "a" * 81}, ["name", "aaa", "80"]),
            ({"name": 5}, ["name", "5", "text"]),
            ({1: 2}, ["1", "text"]),
        ],
    )
    def test_names_key_value_and_what_is_allowed(
        self, keys: dict[Any, Any], parts: list[str]
    ) -> None:
        with pytest.raises(StudyFileError) as caught:
            parse_study({"name": "small", **keys})
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(parts[0])
        for part in parts:
            assert part in message, message

    @pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "nsga2"])
    def test_only_the_grid_may_be_unbounded(self, sampler: str) -> None:
        message = refusal(design={"sampler": sampler})
        assert message.startswith("design.max_runs: missing")
        assert sampler in message

    def test_a_study_has_a_name(self) -> None:
        with pytest.raises(StudyFileError, match="name: missing"):
            parse_study({"seeds": [1]})

    @pytest.mark.parametrize("content", [None, [], "x", 3])
    def test_a_study_is_a_mapping(self, content: object) -> None:
        with pytest.raises(StudyFileError, match="a study is a mapping of keys"):
            parse_study(content)


class TestFiles:
    def refusal(self, path: Path) -> str:
        with pytest.raises(StudyFileError) as caught:
            read_study_file(path)
        message = str(caught.value)
        assert "\n" not in message
        assert path.name in message
        return message

    def test_missing(self, tmp_path: Path) -> None:
        assert "No such file" in self.refusal(tmp_path / "none.yaml")

    def test_a_folder(self, tmp_path: Path) -> None:
        assert "directory" in self.refusal(tmp_path)

    def test_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "binary.yaml"
        path.write_bytes(b"\xff\xfe\x00")
        assert "not UTF-8" in self.refusal(path)

    @pytest.mark.parametrize("text", ["name: [", "name: a: b", "\tname: x", "a: 1\n b: 2"])
    def test_no_yaml(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "broken.yaml"
        path.write_text(text)
        assert "not valid YAML" in self.refusal(path)

    def test_a_key_that_stands_twice(self, tmp_path: Path) -> None:
        path = tmp_path / "twice.yaml"
        path.write_text("name: x\nseeds: [1]\nseeds: [2]\n")
        assert "'seeds' occurs twice" in self.refusal(path)

    def test_an_empty_file(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.yaml"
        path.write_text("")
        with pytest.raises(StudyFileError, match="a study is a mapping"):
            read_study_file(path)

    def test_a_file_written_from_the_specification(self, tmp_path: Path) -> None:
        path = tmp_path / "again.yaml"
        file = read_study_file(EXAMPLE)
        path.write_text(yaml.safe_dump(file.spec))
        assert read_study_file(path).spec_hash == file.spec_hash
