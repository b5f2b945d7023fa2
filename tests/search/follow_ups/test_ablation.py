"""One axis at a time: which neighbours, and what they do relative to the centre."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import dunnett as scipy_dunnett
from seeded_study import finish, seed_study
from small_spaces import DIRECT, EXAMPLE_AXES, GATE

from api.views.ablation import Ablation
from search.errors import StudyFileError
from search.follow_ups.ablation import ablation, launch_ablation, neighbours
from search.follow_ups.studies import Origin, origin_of
from storage import BASELINE, TREATMENT, AuditStore, Run, RunFilter
from talan import TalanConfig

AXES = {"layer": [0, 2, 5], "mixer": ["cross_attn", "per_token_mix"], "slots": [3]}


def score(run: Run) -> tuple[int, int]:
    return (10, 10) if run.kind == BASELINE else (11, 12)


def centre_of(store: AuditStore, name: str = "seeded", **wanted: Any) -> Origin:
    for run in store.runs.iterate(name, RunFilter(kind=TREATMENT, axes=wanted)):
        if run.g1 is not None:
            return origin_of(store, run.id)
    raise AssertionError(wanted)


class TestNeighbours:
    @pytest.mark.parametrize("scope", ["all", "frozen"])
    def test_each_differs_in_one_axis_alone(self, store: AuditStore, scope: str) -> None:
        seed_study(store, score, axes=EXAMPLE_AXES, design={"max_runs": 40})
        origin = centre_of(store, scope=scope, gradient_scale=1.0 if scope == "all" else None)
        centre = dict(origin.configuration)
        found = neighbours(origin)
        for neighbour in found:
            assert neighbour.configuration == TalanConfig.from_axes(neighbour.configuration).axes()
            changed = {key for key in centre if neighbour.configuration[key] != centre[key]}
            extra = {"gradient_scale"} if neighbour.axis == "trainability" else set()
            assert neighbour.axis in changed
            assert changed <= {neighbour.axis} | extra
            if "gradient_scale" in changed & extra:
                frozen = "frozen" in (scope, neighbour.configuration["trainability"]["scope"])
                assert frozen  # gamma is moot on one of the two sides
        counts = {axis: sum(n.axis == axis for n in found) for axis in centre}
        gammas = 1 if scope == "all" else 0
        assert counts == {
            **{"layer": 2, "slots": 1, "mixer": 3, "writeback": 1},
            **{"trainability": 2, "gradient_scale": gammas},
        }

    def test_depths_are_layers_and_one_model_is_one_neighbour(self, store: AuditStore) -> None:
        axes = {"layer": [0, "embedding", "10%", "50%"], "writeback": [GATE, DIRECT]}
        seed_study(store, score, axes=axes)
        found = neighbours(centre_of(store, layer=0))
        assert [(n.axis, n.value) for n in found] == [
            ("layer", 3),
            ("writeback", {"rule": "direct", "gate": None, "alpha": 0.008}),
        ]

    def test_only_axes_that_are_asked_for(self, store: AuditStore) -> None:
        seed_study(store, score, axes=AXES)
        origin = centre_of(store)
        assert {n.axis for n in neighbours(origin, axes=["mixer"])} == {"mixer"}
        with pytest.raises(StudyFileError, match="axis: slots has no other value"):
            neighbours(origin, axes=["slots"])
        with pytest.raises(StudyFileError, match=r"axis: 'depth' is not allowed; allowed: layer"):
            neighbours(origin, axes=["depth"])


def effect_of(run: Run, *, seed_offset: int) -> tuple[int, int]:
    """Layer 2 is worth 2 items on the first benchmark, another mixer loses 1 on the second."""
    if run.kind == BASELINE:
        return (8 + seed_offset, 9)
    assert run.configuration is not None
    first = 9 + seed_offset + 2 * (run.configuration["layer"] == 2)
    return (first, 10 - (run.configuration["mixer"] == "per_token_mix"))


def by_seed(seeds: list[int]) -> Callable[[Run], tuple[int, int]]:
    return lambda run: effect_of(run, seed_offset=seeds.index(run.seed))


class TestEffects:
    @pytest.fixture
    def centre(self, store: AuditStore) -> Origin:
        seed_study(store, score, axes=AXES)
        return centre_of(store, layer=0, mixer="cross_attn")

    def run(self, store: AuditStore, origin: Origin, number: int, **axes: Any) -> dict[str, Any]:
        for name in launch_ablation(store, origin.run.id, num_seeds=number, **axes):
            seeds = store.studies.get(name).spec["seeds"]
            if store.studies.get(name).state != "completed":
                finish(store, name, by_seed(seeds))
        return Ablation.from_record(ablation(store, origin.run.id, **axes)).model_dump()

    def test_relative_to_the_centre_at_the_same_seeds(
        self, store: AuditStore, centre: Origin
    ) -> None:
        shape = self.run(store, centre, 3)
        assert shape["studies"] == [f"seeded-ablate-{centre.run.id[:6]}"]
        assert shape["centre"]["mean_delta"] == 5.0
        assert len(shape["centre"]["seeds"]) == 3
        assert 42 not in shape["centre"]["seeds"]
        values = {(row["axis"], row["value"]): row for row in shape["values"]}
        assert set(values) == {("layer", 2), ("layer", 5), ("mixer", "per_token_mix")}
        layer = values["layer", 2]
        assert (layer["relative"]["mean"], layer["relative"]["n"]) == (5.0, 3)
        assert layer["cells"] == {"tiny_choice": 10.0, "tiny_code": 0.0}
        assert layer["mean_delta"] == 10.0
        assert layer["g1_seeds"] == 3
        assert values["layer", 5]["relative"]["mean"] == 0.0
        assert values["mixer", "per_token_mix"]["relative"]["mean"] == -2.5
        assert values["mixer", "per_token_mix"]["cells"]["tiny_code"] == -5.0
        assert shape["missing"] == []
        assert shape["dunnett"]["comparisons"] == 3
        assert shape["dunnett"]["reason"].startswith("No configuration's deltas differ")
        assert layer["dunnett_p"] is None

    def test_neighbours_are_tested_against_the_centre_they_share(
        self, store: AuditStore, centre: Origin
    ) -> None:
        """The second layer gains far more than seeds scatter; the others do not."""
        (name,) = launch_ablation(store, centre.run.id, num_seeds=5)
        seeds = store.studies.get(name).spec["seeds"]

        def noisy(run: Run) -> tuple[int, int]:
            if run.kind == BASELINE:
                return (8, 9)
            assert run.configuration is not None
            luck = (seeds.index(run.seed) * 2 + run.configuration["layer"]) % 3
            return (8 + luck + 6 * (run.configuration["layer"] == 2), 9)

        finish(store, name, noisy)
        found = ablation(store, centre.run.id)
        shape = Ablation.from_record(found).model_dump()
        rows = {(row["axis"], row["value"]): row["dunnett_p"] for row in shape["values"]}
        groups = {effect.neighbour.identity: effect.deltas for effect in found.effects}
        expected = scipy_dunnett(
            *groups.values(),
            control=[run.mean_delta for run in found.centre],
            rng=np.random.default_rng(0),
        ).pvalue
        assert list(rows.values()) == pytest.approx(list(expected))
        assert rows["layer", 2] < 0.001
        assert rows["layer", 5] > 0.2
        assert rows["mixer", "per_token_mix"] > 0.2
        assert shape["dunnett"] == {"comparisons": 3, "reason": None}

    def test_a_choice_of_axes_is_a_study_of_its_own(
        self, store: AuditStore, centre: Origin
    ) -> None:
        stem = f"seeded-ablate-{centre.run.id[:6]}"
        assert self.run(store, centre, 1)["studies"] == [stem]
        assert self.run(store, centre, 1, axes=["mixer", "layer"])["studies"] == [f"{stem}-lm"]
        assert self.run(store, centre, 1, axes=["layer", "mixer"])["studies"] == [f"{stem}-lm"]
        (only,) = self.run(store, centre, 2, axes=["mixer"])["values"]
        assert (only["axis"], only["relative"]["n"]) == ("mixer", 2)
        assert len(self.run(store, centre, 2)["studies"]) == 2

    def test_what_failed_is_missing_and_in_no_number(
        self, store: AuditStore, centre: Origin
    ) -> None:
        (name,) = launch_ablation(store, centre.run.id, num_seeds=1)

        def with_failure(run: Run) -> tuple[int, int] | None:
            failed = run.configuration and run.configuration["layer"] == 5
            return None if failed else effect_of(run, seed_offset=0)

        finish(store, name, with_failure)
        shape = Ablation.from_record(ablation(store, centre.run.id)).model_dump()
        assert shape["missing"] == [{"axis": "layer", "value": 5}]
        assert len(shape["values"]) == 2

    def test_before_anything_is_done(self, store: AuditStore, centre: Origin) -> None:
        launch_ablation(store, centre.run.id, num_seeds=1)
        with pytest.raises(StudyFileError, match="no completed run of its centre yet"):
            ablation(store, centre.run.id)
