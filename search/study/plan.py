"""From a study file to everything that will be run: hosts, spaces, and the runs known in advance.

Owns: asking the parts that know whether a study's backbones, benchmarks, recipe, adapters and
layers exist, before anything starts. Does not cover: proposals of adaptive samplers, which come
while the study runs (``search.driving.trials``), nor writing the plan down (``storage``).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.errors import StudyFileError
from search.study.designs import enumerated
from search.study.keys import ADAPTIVE_SAMPLERS, StudyFile
from search.study.listed_points import listed_points, spanning_axes
from search.study.methods import check_methods, method_runs
from search.study.null_runs import null_runs
from search.study.space import Space, build_space
from storage.new_rows import BASELINE, SELF_CHECK, TREATMENT, HostPlan, RunPlan, StudyPlan
from talan import TalanConfig
from workers.backbones.inspection import BackboneInfo, inspect_backbone
from workers.errors import WorkerError
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe
from workers.suites.fingerprint import suite_fingerprint
from workers.suites.items import check_references, read_items
from workers.suites.registry import Suite, resolve_benchmarks, with_training_data


@dataclass(frozen=True)
class Audit:
    """A study file with all its names resolved.

    Args:
        file: The study file.
        suite: The suite its benchmarks belong to.
        benchmarks: In the order in which they are evaluated.
        recipe: The suite's recipe with the file's changes.
        hosts: Backbone x adapter, in the file's order.
        spaces: The space of each host.
        listed: The configurations of each host, where the study lists them.
    """

    file: StudyFile
    suite: Suite
    benchmarks: tuple[str, ...]
    recipe: Recipe
    hosts: tuple[HostPlan, ...]
    spaces: tuple[Space, ...]
    listed: tuple[tuple[Mapping[str, Any], ...], ...] | None = None

    @property
    def configurations_per_host(self) -> int | None:
        """The most configurations a host may have; None: no bound."""
        limit = self.file.design.max_runs
        return None if limit is None else limit // len(self.file.seeds)

    @property
    def adaptive(self) -> bool:
        """Whether the design chooses its points by results."""
        return self.file.design.sampler in ADAPTIVE_SAMPLERS

    @property
    def recipe_hash(self) -> str:
        """sha256 over what every run of the study shares: recipe, block's fixed fields, items."""
        shared = {
            "recipe": self.recipe.hash,
            # Studies from before there were components began with one: their hash stays.
            "talan": {k: v for k, v in self.file.talan.items() if (k, v) != ("components", 1)},
            "suite": suite_fingerprint(self.suite.name, self.benchmarks),
            "benchmarks": list(self.benchmarks),
        }
        return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()

    def treatments_due(self) -> list[int]:
        """How many treatment runs each host will have at most."""
        if not self.file.has_treatments:
            return [0 for _ in self.spaces]
        limit = self.configurations_per_host
        sizes = [
            space.size - len(space.null_interventions)
            if self.listed is None
            else len(self.enumerated(host))
            for host, space in enumerate(self.spaces)
        ]
        taken = [size if limit is None else min(limit, size) for size in sizes]
        return [size * len(self.file.seeds) for size in taken]

    def enumerated(self, host: int) -> Sequence[Mapping[str, object]]:
        """A host's configurations that are known before anything runs, no null intervention."""
        if not self.file.has_treatments:
            return []
        if self.listed is not None:
            return [point for point in self.listed[host] if not is_null_intervention(point)]
        design = self.file.design
        return enumerated(
            self.spaces[host],
            sampler=design.sampler,
            limit=self.configurations_per_host,
            seed=design.seed,
        )

    def self_check(self, host: int) -> Mapping[str, object] | None:
        """The first of a host's null interventions, which are one model; None where it has none."""
        if self.listed is not None:
            return next(filter(is_null_intervention, self.listed[host]), None)
        space = self.spaces[host]
        still = space.null_interventions
        return space.point(min(still)) if still else None


def is_null_intervention(configuration: Mapping[str, object]) -> bool:
    """Whether a block of this configuration is the identity and stays it."""
    return TalanConfig.from_axes(configuration).is_null_intervention


def resolve(
    file: StudyFile,
    *,
    inspect: Callable[[str], BackboneInfo] = inspect_backbone,
    with_data: bool = True,
) -> Audit:
    """Check a study file against what exists.

    Args:
        file: The study file.
        inspect: Finds a backbone by name.
        with_data: Whether items and training data must be at hand.

    Raises:
        StudyFileError: Something it names does not exist or is out of range.
    """
    try:
        suite, benchmarks = _items(file, at_hand=with_data)
        recipe = suite.recipe.replace(**file.training)
        _check_held_out(file, recipe)
        recipe.require_even_shares(file.resources.processes_per_run)
        adapters = [AdapterSpec.from_record(entry) for entry in file.adapters]
        backbones = [inspect(name) for name in file.backbones]
    except WorkerError as error:
        raise StudyFileError(str(error)) from error
    _check_distinct(adapters)
    audit = Audit(
        file,
        suite,
        benchmarks,
        recipe,
        tuple(
            _host(backbone, adapter, label)
            for backbone in backbones
            for adapter, label in zip(adapters, adapter_labels(adapters), strict=True)
        ),
        *_choices(file, backbones, max_steps=recipe.max_steps),
    )
    check_methods(file, audit.hosts, recipe=recipe)
    if audit.configurations_per_host == 0:
        msg = (
            f"design.max_runs: {file.design.max_runs} runs do not hold one configuration at "
            f"{len(file.seeds)} seeds; allowed: at least {len(file.seeds)}"
        )
        raise StudyFileError(msg)
    return audit


def _items(file: StudyFile, *, at_hand: bool) -> tuple[Suite, tuple[str, ...]]:
    """The suite, with the study's own training data, and its benchmarks."""
    suite, benchmarks = resolve_benchmarks(file.benchmarks)
    if file.training_data is not None:
        suite = with_training_data(suite, file.training_data)
    if at_hand:
        for name in benchmarks:
            check = check_references if suite.is_own else read_items
            check(suite, name)
        suite.check_train_file()
    return suite, benchmarks


def _host(backbone: BackboneInfo, adapter: AdapterSpec, label: str) -> HostPlan:
    return HostPlan(
        backbone=backbone.name,
        adapter_label=label,
        adapter=adapter.to_record(),
        num_layers=backbone.num_layers,
        fingerprint=backbone.fingerprint,
    )


def _choices(
    file: StudyFile, backbones: Sequence[BackboneInfo], *, max_steps: int
) -> tuple[tuple[Space, ...], tuple[tuple[Mapping[str, object], ...], ...] | None]:
    """Each host's space, and its configurations where the study lists them."""
    listed = file.configurations
    axes = file.spans if listed is None else spanning_axes(listed)
    spaces: list[Space] = []
    points: list[tuple[Mapping[str, object], ...]] = []
    for backbone in backbones:
        on_backbone: dict[str, Any] = {
            "backbone": backbone.name,
            "num_layers": backbone.num_layers,
            "block": file.talan,
            "max_steps": max_steps,
        }
        points += [tuple(listed_points(listed or [], **on_backbone))] * len(file.adapters)
        spaces += [build_space(axes, **on_backbone)] * len(file.adapters)
    return tuple(spaces), None if listed is None else tuple(points)


def _check_distinct(adapters: Sequence[AdapterSpec]) -> None:
    repeated = next((a for i, a in enumerate(adapters) if a in adapters[:i]), None)
    if repeated is not None:
        msg = f"adapters: {repeated.to_record()} is listed twice; each may occur once"
        raise StudyFileError(msg)


def _check_held_out(file: StudyFile, recipe: Recipe) -> None:
    """Matched null runs need training examples that no step sees."""
    seen, number = recipe.num_examples_trained_on, recipe.num_examples
    if file.null_runs.is_matched and seen >= number:
        msg = (
            f"null_runs: matched null runs need training examples that are not trained on, and "
            f"{recipe.max_steps} steps take {seen} of {number}; allowed with them: fewer "
            "training.max_steps, or more training.num_examples"
        )
        raise StudyFileError(msg)


def adapter_labels(adapters: Sequence[AdapterSpec]) -> list[str]:
    """A study's adapters by name, told apart by as much as it takes: ``lora-r8``."""
    short = [adapter.label for adapter in adapters]
    longer = [f"{adapter.label}-a{adapter.alpha:g}" for adapter in adapters]
    for labels in (short, longer):
        if max(Counter(labels).values()) == 1:
            return labels
    return [f"{label}-{number}" for number, label in enumerate(longer, start=1)]


def configuration_id(configuration: Mapping[str, object]) -> str:
    """The content hash that is a configuration's identity."""
    return TalanConfig.from_axes(configuration).configuration_id


def study_plan(audit: Audit, *, artifact_url: str) -> StudyPlan:
    """The study for the record: baselines, self-checks, treatments known in advance, null runs.

    Positions go host by host: baselines first, then what is matched with them.
    """
    runs: list[RunPlan] = []
    for host in range(len(audit.hosts)):
        runs += [
            RunPlan(host=host, kind=BASELINE, seed=seed, position=len(runs) + number)
            for number, seed in enumerate(audit.file.seeds)
        ]
        still = audit.self_check(host)
        if still is not None:
            runs.append(
                RunPlan(
                    host=host,
                    kind=SELF_CHECK,
                    seed=audit.file.seeds[0],
                    position=len(runs),
                    configuration=still,
                    configuration_id=configuration_id(still),
                )
            )
        if not audit.adaptive:
            points = audit.enumerated(host)
            runs += treatments(audit, host=host, points=points, first_position=len(runs))
        choices = audit.spaces[host] if audit.listed is None else audit.listed[host]
        runs += null_runs(audit.file, host=host, points=choices, first_position=len(runs))
        runs += method_runs(audit.file, host=host, first_position=len(runs))
    return StudyPlan(
        name=audit.file.name,
        spec=audit.file.spec,
        spec_hash=audit.file.spec_hash,
        design=audit.file.design.model_dump(mode="json"),
        recipe_hash=audit.recipe_hash,
        artifact_url=artifact_url,
        hosts=audit.hosts,
        runs=runs,
    )


def treatments(
    audit: Audit, *, host: int, points: Sequence[Mapping[str, object]], first_position: int
) -> list[RunPlan]:
    """One run per seed for each of a host's points."""
    pairs = [(point, seed) for point in points for seed in audit.file.seeds]
    return [
        RunPlan(
            host=host,
            kind=TREATMENT,
            seed=seed,
            position=first_position + number,
            configuration=point,
            configuration_id=configuration_id(point),
        )
        for number, (point, seed) in enumerate(pairs)
    ]
