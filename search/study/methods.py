"""The methods that a study asks for beside TALAN, and their runs.

Owns: the key ``methods`` of a study file: one run a method, host and seed, and each method's null
beside it. Does not cover: what a method is and which settings it has (``workers.interventions``),
how its runs are read (``search.methods``).

A null has the method's seed, or, where it is another draw of the adapter, a fresh one; either way
it is compared with the baseline that the method's run is compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.errors import StudyFileError
from search.study.fresh_seeds import fresh_seeds
from search.study.keys import StudyFile
from storage.canonical_json import canonical_json
from storage.new_rows import METHOD, METHOD_NULL, HostPlan, RunPlan
from workers.errors import MethodError
from workers.interventions.intervention import Intervention
from workers.interventions.registry import read_method
from workers.job.jobs import AdapterSpec
from workers.job.recipe import Recipe

_LONGEST = 2_000  # characters of a method with its settings: part of a run's key


def check_methods(file: StudyFile, hosts: Sequence[HostPlan], *, recipe: Recipe) -> None:
    """Check every method with every host.

    Raises:
        StudyFileError: There is no such method, or a setting is not allowed or does not fit.
    """
    for number, entry in enumerate(file.methods):
        try:
            method = read_method(entry)
            for host in hosts:
                adapter = AdapterSpec.from_record(host.adapter)
                method.check(num_layers=host.num_layers, backbone=host.backbone, adapter=adapter)
        except MethodError as error:
            raise StudyFileError(f"methods.{number}: {error}") from error
        if len(canonical_json(recorded(entry))) > _LONGEST:
            msg = f"methods.{number}: settings of over {_LONGEST} characters are not allowed"
            raise StudyFileError(msg)
        _check_held_out(number, method, recipe)


def method_runs(file: StudyFile, *, host: int, first_position: int) -> list[RunPlan]:
    """A host's runs of methods, each followed by its null, method by method."""
    runs = [
        run
        for number, entry in enumerate(file.methods)
        for run in _runs_of(file, entry, host=host, number=number)
    ]
    return [replace(run, position=first_position + place) for place, run in enumerate(runs)]


def recorded(entry: Mapping[str, object]) -> dict[str, Any]:
    """A method as it is put on record: all its settings, so that both spellings are one run.

    Raises:
        MethodError: There is no such method, or a setting is not allowed.
    """
    return {"method": entry["method"], **read_method(entry).settings}


def null_seeds(file: StudyFile, *, number: int) -> list[int]:
    """Fresh seeds for the nulls that are another draw, one for each seed of the study."""
    parts = ("method-null", file.design.seed, number)
    return fresh_seeds(len(file.seeds), exclude=file.seeds, parts=parts)


def _runs_of(
    file: StudyFile, entry: Mapping[str, object], *, host: int, number: int
) -> Iterator[RunPlan]:
    method, settings = read_method(entry), recorded(entry)
    fresh = null_seeds(file, number=number)
    for seed, other in zip(file.seeds, fresh, strict=True):
        yield RunPlan(host, METHOD, seed, 0, method=settings)
        null = other if method.null_at_other_seed else seed
        yield RunPlan(host, METHOD_NULL, null, 0, method=settings, baseline_seed=seed)


def _check_held_out(number: int, method: Intervention, recipe: Recipe) -> None:
    """A choice needs training examples that no step sees."""
    seen, examples = recipe.num_examples_trained_on, recipe.num_examples
    if seen < examples or not method.chooses(recipe):
        return
    msg = (
        f"methods.{number}: {method.method} chooses on training examples that are not trained on, "
        f"and {recipe.max_steps} steps take {seen} of {examples}; allowed with it: fewer "
        "training.max_steps, more training.num_examples, or one value for every setting"
    )
    raise StudyFileError(msg)
