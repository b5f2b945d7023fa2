"""A Postgres record with as many runs as a large audit leaves behind, filled in bulk.

Owns: the same made-up outcomes as our record and as Optuna studies (one a host, as the search
keeps them). Does not cover: training; the figures measured on it are about reading.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import optuna
import psycopg

from storage import BASELINE, AuditStore, HostPlan, RunPlan, StudyPlan
from talan.vocabulary import MIXERS

NAME = "load"
BACKBONES = ("backbone-a", "backbone-b", "backbone-c", "backbone-d")
BENCHMARKS = ("choice", "arithmetic", "algebra", "programs")
N_ITEMS = 128
NUM_STEPS = 78
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """One made-up run: counts of right answers on the benchmarks."""

    host: int
    point: int
    corrects: tuple[int, ...]
    baseline: tuple[int, ...] = (64, 70, 40, 90)
    deltas: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = zip(self.corrects, self.baseline, strict=True)
        object.__setattr__(self, "deltas", tuple(100 * (a - b) / N_ITEMS for a, b in pairs))

    @property
    def mean(self) -> float:
        """Mean delta, in pp."""
        return sum(self.deltas) / len(self.deltas)

    @property
    def verdict(self) -> str:
        """As the record words it."""
        if min(self.deltas) < 0:
            return "not_g1"
        return "strict" if max(self.deltas) > 0 else "tied"


def points(count: int) -> list[dict[str, Any]]:
    """Distinct configurations of a grid."""
    slots = range(1, 5) if count <= 10_000 else range(1, 41)
    axes = itertools.product(
        range(25), slots, MIXERS, (0.002, 0.004, 0.008, 0.016, 0.032), (1, 10, 50, 100, 500)
    )
    return [
        {
            "layer": layer,
            "slots": num_slots,
            "mixer": mixer,
            "writeback": {"rule": "gate", "gate": "vector", "alpha": alpha},
            "trainability": {"scope": "all", "train_until": None, "warmup_identity": 0},
            "gradient_scale": float(gamma),
        }
        for layer, num_slots, mixer, alpha, gamma in itertools.islice(axes, count)
    ]


def outcomes(num_points: int) -> Iterator[Outcome]:
    """Outcomes of every point on every host, the same at every call."""
    draw = random.Random(0)
    for host in range(len(BACKBONES)):
        for point in range(num_points):
            yield Outcome(host, point, tuple(b + draw.randint(-6, 6) for b in (64, 70, 40, 90)))


def seed_record(url: str, *, configurations: int) -> None:
    """Fill an empty database with a completed study."""
    grid = points(configurations)
    with AuditStore.open(url) as store:
        store.studies.create(_plan())
    with psycopg.connect(url) as connection:
        _copy_configurations(connection, grid)
        study_id, *_ = connection.execute("SELECT id FROM talan_studies").fetchone() or (0,)
        hosts = [row[0] for row in connection.execute("SELECT id FROM talan_hosts ORDER BY id")]
        _copy_runs(connection, study_id, hosts, configurations)
        _copy_cells(connection, configurations)
        connection.execute("UPDATE talan_runs SET state = 'completed' WHERE kind = 'baseline'")
        connection.execute("UPDATE talan_studies SET state = 'completed'")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def seed_optuna(url: str, *, configurations: int) -> None:
    """Fill Optuna's tables with one study a host: mean delta, and a constraint a benchmark."""
    for host in range(len(BACKBONES)):
        optuna.create_study(storage=url, study_name=f"{NAME}-{host}", direction="maximize")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT study_id FROM studies ORDER BY study_name").fetchall()
        _copy_trials(connection, [row[0] for row in found], configurations)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _plan() -> StudyPlan:
    design = {"sampler": "grid", "max_runs": None, "seed": 0}
    adapter = {"type": "lora", "r": 8, "alpha": 16}
    return StudyPlan(
        name=NAME,
        spec={"name": NAME, "resources": {"workers": 2}},
        spec_hash="0" * 64,
        design=design,
        recipe_hash="0" * 64,
        artifact_url="talan-artifacts",
        hosts=[HostPlan(name, "lora-r8", adapter, 25, name) for name in BACKBONES],
        runs=[RunPlan(host, BASELINE, 42, host) for host in range(len(BACKBONES))],
    )


def _copy(
    connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterable[tuple[Any, ...]]
) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _copy_configurations(connection: psycopg.Connection[Any], grid: list[dict[str, Any]]) -> None:
    columns = (
        "pk, configuration_id, layer, slots, mixer, writeback_rule, writeback_gate, alpha, scope, "
        "train_until, warmup_identity, gradient_scale, canonical"
    )

    def rows() -> Iterator[tuple[Any, ...]]:
        for pk, axes in enumerate(grid, start=1):
            text = json.dumps(axes, sort_keys=True, separators=(",", ":"))
            identity = hashlib.sha256(text.encode()).hexdigest()
            alpha = axes["writeback"]["alpha"]
            head = (pk, identity, axes["layer"], axes["slots"], axes["mixer"])
            yield (*head, "gate", "vector", alpha, "all", None, 0, axes["gradient_scale"], text)

    _copy(connection, "talan_configurations", columns, rows())


def _run_id(outcome: Outcome) -> str:
    return f"{outcome.host:04x}{outcome.point:012x}"


def _copy_runs(
    connection: psycopg.Connection[Any], study_id: int, hosts: list[int], num_points: int
) -> None:
    columns = (
        "id, study_id, host_id, configuration_pk, kind, seed, baseline_seed, position, state, "
        "attempt, failures, started_at, finished_at, compute_s, losses, g1, verdict, mean_delta, "
        "worst_delta, kl_to_baseline"
    )

    losses = bytes(8 * NUM_STEPS)

    def rows() -> Iterator[tuple[Any, ...]]:
        for place, outcome in enumerate(outcomes(num_points), start=len(hosts)):
            head = (_run_id(outcome), study_id, hosts[outcome.host], outcome.point + 1)
            state = ("treatment", 42, 42, place, "completed", 1, 0, NOW, NOW, 12.5, losses)
            worst = min(outcome.deltas)
            verdict = (worst >= 0, outcome.verdict, outcome.mean, worst, 0.001)
            yield (*head, *state, *verdict)

    _copy(connection, "talan_runs", columns, rows())


def _copy_cells(connection: psycopg.Connection[Any], num_points: int) -> None:
    columns = (
        "run_id, benchmark, n_items, n_correct, score, baseline_n_correct, baseline_score, delta, "
        "helped, hurt, changed, outcomes, responses_artifact, seconds, generation, answer_tokens, "
        "drafted_tokens, passes, redecoded"
    )
    counted = (33 * N_ITEMS, 30 * N_ITEMS, 2 * N_ITEMS, 0)
    items = random.Random(1)
    baselines = [
        run_id
        for (run_id,) in connection.execute("SELECT id FROM talan_runs WHERE kind = 'baseline'")
    ]

    def rows() -> Iterator[tuple[Any, ...]]:
        for run_id in baselines:
            for name, correct in zip(BENCHMARKS, Outcome.baseline, strict=True):
                scores = (N_ITEMS, correct, 100 * correct / N_ITEMS, None, None, None)
                packed = (None, None, None, _right(correct), "sha256-0.parquet", 1.0)
                yield (run_id, name, *scores, *packed, "continuous", *counted)
        for outcome in outcomes(num_points):
            parts = zip(BENCHMARKS, outcome.corrects, outcome.baseline, outcome.deltas, strict=True)
            for name, correct, base, delta in parts:
                scores = (N_ITEMS, correct, 100 * correct / N_ITEMS, base, 100 * base / N_ITEMS)
                hurt = 3 + max(0, base - correct)
                helped = hurt + correct - base
                flipped = items.sample(range(base), hurt)
                flipped += items.sample(range(base, N_ITEMS), helped)
                changed = (helped, hurt, helped + hurt + 2, _right(base, flipped=flipped))
                stored = (*changed, "sha256-0.parquet", 1.0, "drafted", *counted)
                yield (_run_id(outcome), name, *scores, delta, *stored)

    _copy(connection, "talan_cells", columns, rows())


def _right(count: int, *, flipped: Sequence[int] = ()) -> bytes:
    """A bit an item, the first highest: so many right from the first on, but for some."""
    bits = ((1 << count) - 1) << (N_ITEMS - count)
    for item in flipped:
        bits ^= 1 << (N_ITEMS - 1 - item)
    return bits.to_bytes(N_ITEMS // 8)


def _copy_trials(
    connection: psycopg.Connection[Any], study_ids: list[int], num_points: int
) -> None:
    """Trials with the identity host * num_points + point + 1."""
    grid = points(num_points)

    def identity(outcome: Outcome) -> int:
        return outcome.host * num_points + outcome.point + 1

    every = list(outcomes(num_points))
    _copy(
        connection,
        "trials",
        "trial_id, number, study_id, state, datetime_start, datetime_complete",
        ((identity(one), one.point, study_ids[one.host], "COMPLETE", NOW, NOW) for one in every),
    )
    _copy(
        connection,
        "trial_values",
        "trial_id, objective, value, value_type",
        ((identity(one), 0, one.mean, "FINITE") for one in every),
    )
    _copy(
        connection,
        "trial_system_attributes",
        "trial_id, key, value_json",
        (
            (identity(one), f"constraints:{name}", json.dumps(-delta))
            for one in every
            for name, delta in zip(BENCHMARKS, one.deltas, strict=True)
        ),
    )
    encoded = [_params(axes) for axes in grid]
    _copy(
        connection,
        "trial_params",
        "trial_id, param_name, param_value, distribution_json",
        ((identity(one), *param) for one in every for param in encoded[one.point]),
    )


def _params(axes: dict[str, Any]) -> list[tuple[str, float, str]]:
    """The axes as Optuna keeps them: a number each, with the distribution it is of."""
    choices: dict[str, tuple[Any, list[Any]]] = {
        "mixer": (axes["mixer"], list(MIXERS)),
        "writeback": (
            f"gate:vector:{axes['writeback']['alpha']}",
            [f"gate:vector:{alpha}" for alpha in (0.002, 0.004, 0.008, 0.016, 0.032)],
        ),
        "trainability": ("all", ["all"]),
        "gradient_scale": (axes["gradient_scale"], [1.0, 10.0, 50.0, 100.0, 500.0]),
    }
    ranges = {"layer": (axes["layer"], 0, 24), "slots": (axes["slots"], 1, 40)}
    numbers = [
        (name, float(value), optuna.distributions.IntDistribution(low, high))
        for name, (value, low, high) in ranges.items()
    ]
    categories = [
        (name, float(allowed.index(value)), optuna.distributions.CategoricalDistribution(allowed))
        for name, (value, allowed) in choices.items()
    ]
    to_json = optuna.distributions.distribution_to_json
    return [(name, value, to_json(kind)) for name, value, kind in (*numbers, *categories)]
