"""The tables.

Owns: names, columns, keys and indices of everything recorded. All tables start with `talan_`, so
that Optuna's own tables (`studies`, `trials`, ...) can live in the same database.
Does not cover: how they are filled and asked; `migrations/` holds the same tables as steps.

A configuration has a short integer key beside its content hash, because G1 rates join runs with
configurations by the ten thousand. A run's id is derived from its unique key (`run_id`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    and_,
    case,
    func,
    or_,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

from storage.clock import UtcDateTime, database_now
from storage.records import LIVE

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables of the audit record."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        bytes: LargeBinary(),
    }


class Study(Base):
    """One audit; also the row that every writer of its results locks."""

    __tablename__ = "talan_studies"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'stopped', 'completed', 'failed')", name="state"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    spec: Mapped[dict[str, Any]]
    spec_hash: Mapped[str] = mapped_column(String(64))
    design: Mapped[dict[str, Any]]
    sampler: Mapped[str] = mapped_column(String(40))
    recipe_hash: Mapped[str] = mapped_column(String(64))
    artifact_url: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    stop_requested: Mapped[bool] = mapped_column()
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_expires_epoch_s: Mapped[float | None] = mapped_column()
    setbacks: Mapped[int] = mapped_column(default=0, server_default="0")
    not_before_epoch_s: Mapped[float | None]
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    # Judged by the database's clock whenever a study is read.
    lease_is_over: Mapped[bool] = column_property(
        or_(lease_owner.is_(None), func.coalesce(lease_expires_epoch_s, 0.0) <= database_now())
    )
    # The state; a study that was to stop when its driver died has done so.
    standing: Mapped[str] = column_property(
        case(
            (
                and_(
                    state.in_(LIVE),
                    stop_requested,
                    or_(
                        lease_owner.is_(None),
                        func.coalesce(lease_expires_epoch_s, 0.0) <= database_now(),
                    ),
                ),
                "stopped",
            ),
            else_=state,
        )
    )


class Host(Base):
    """A backbone with an adapter, in one study."""

    __tablename__ = "talan_hosts"
    __table_args__ = (
        UniqueConstraint("study_id", "position"),
        UniqueConstraint("study_id", "backbone", "adapter_label"),
        Index(None, "backbone", "adapter_label"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("talan_studies.id"))
    position: Mapped[int]
    backbone: Mapped[str] = mapped_column(Text)
    adapter_label: Mapped[str] = mapped_column(Text)
    adapter: Mapped[dict[str, Any]]
    num_layers: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(Text)


class Configuration(Base):
    """One point of the six-axis space, shared by all studies."""

    __tablename__ = "talan_configurations"

    pk: Mapped[int] = mapped_column(primary_key=True)
    configuration_id: Mapped[str] = mapped_column(String(64), unique=True)
    layer: Mapped[int]
    slots: Mapped[int]
    mixer: Mapped[str] = mapped_column(String(40))
    writeback_rule: Mapped[str] = mapped_column(String(40))
    writeback_gate: Mapped[str | None] = mapped_column(String(40))
    alpha: Mapped[float]
    scope: Mapped[str] = mapped_column(String(40))
    train_until: Mapped[int | None]
    warmup_identity: Mapped[int]
    gradient_scale: Mapped[float | None]
    canonical: Mapped[str] = mapped_column(Text)


class Provenance(Base):
    """What produced a run: versions, revision, machine, seeds; stored once per distinct content."""

    __tablename__ = "talan_provenance"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[dict[str, Any]]


class Run(Base):
    """One (host, kind, configuration, seed) of a study, with its verdict."""

    __tablename__ = "talan_runs"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'running', 'completed', 'failed')", name="state"),
        UniqueConstraint("study_id", "host_id", "kind", "configuration_pk", "seed"),
        Index(
            "uq_talan_runs_without_configuration",
            "study_id",
            "host_id",
            "kind",
            "seed",
            unique=True,
            sqlite_where=text("configuration_pk IS NULL AND method IS NULL"),
            postgresql_where=text("configuration_pk IS NULL AND method IS NULL"),
        ),
        Index(
            "uq_talan_runs_of_methods",
            "study_id",
            "host_id",
            "kind",
            "seed",
            "method",
            unique=True,
            sqlite_where=text("method IS NOT NULL"),
            postgresql_where=text("method IS NOT NULL"),
        ),
        Index("ix_talan_runs_page", "study_id", "position", "id"),
        Index("ix_talan_runs_due", "study_id", "state", "position", "id"),
        Index("ix_talan_runs_status", "study_id", "kind", "state", "g1", "verdict"),
        Index("ix_talan_runs_untold", "study_id", "kind", "state", "told_at"),
        Index("ix_talan_runs_mean", "study_id", "mean_delta", "position", "id"),
        Index("ix_talan_runs_worst", "study_id", "worst_delta", "position", "id"),
        Index("ix_talan_runs_g1", "study_id", "g1", "position", "id"),
        Index("ix_talan_runs_g1_mean", "study_id", "g1", "mean_delta", "position", "id"),
        Index("ix_talan_runs_verdict", "study_id", "verdict", "position", "id"),
        Index("ix_talan_runs_verdict_mean", "study_id", "verdict", "mean_delta", "position", "id"),
        Index("ix_talan_runs_match", "host_id", "baseline_seed", "kind"),
        Index(
            "ix_talan_runs_rate",
            *("host_id", "kind", "state", "configuration_pk", "g1", "verdict"),
        ),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("talan_studies.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("talan_hosts.id"))
    configuration_pk: Mapped[int | None] = mapped_column(ForeignKey("talan_configurations.pk"))
    kind: Mapped[str] = mapped_column(String(20))
    seed: Mapped[int] = mapped_column(BigInteger)
    baseline_seed: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int]
    trial_number: Mapped[int | None]
    told_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int]
    failures: Mapped[int]
    worker: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    compute_s: Mapped[float | None]
    error: Mapped[str | None] = mapped_column(Text)
    error_detail: Mapped[str | None] = mapped_column(Text)
    g1: Mapped[bool | None]
    verdict: Mapped[str | None] = mapped_column(String(8))
    mean_delta: Mapped[float | None]
    worst_delta: Mapped[float | None]
    losses: Mapped[bytes | None]
    checkpoint_artifact: Mapped[str | None] = mapped_column(Text)
    provenance_hash: Mapped[str | None] = mapped_column(ForeignKey("talan_provenance.hash"))
    kl_to_baseline: Mapped[float | None]
    null_scale: Mapped[float | None]
    held_out_artifact: Mapped[str | None] = mapped_column(Text)
    method: Mapped[str | None] = mapped_column(Text)


class _Generated:
    """How a cell's answers were generated (`generation.py`)."""

    generation: Mapped[str | None] = mapped_column(String(16))
    answer_tokens: Mapped[int | None] = mapped_column(BigInteger)
    drafted_tokens: Mapped[int | None] = mapped_column(BigInteger)
    passes: Mapped[int | None] = mapped_column(BigInteger)
    redecoded: Mapped[int | None]


class Cell(_Generated, Base):
    """One run on one benchmark: counts, per-item outcomes, and the comparison."""

    __tablename__ = "talan_cells"

    run_id: Mapped[str] = mapped_column(ForeignKey("talan_runs.id"), primary_key=True)
    benchmark: Mapped[str] = mapped_column(Text, primary_key=True)
    n_items: Mapped[int]
    n_correct: Mapped[int]
    score: Mapped[float]
    baseline_n_correct: Mapped[int | None]
    baseline_score: Mapped[float | None]
    delta: Mapped[float | None]
    helped: Mapped[int | None]
    hurt: Mapped[int | None]
    changed: Mapped[int | None]
    outcomes: Mapped[bytes]
    responses_artifact: Mapped[str] = mapped_column(Text)
    seconds: Mapped[float]


class ResponseDigests(Base):
    """What is needed to tell whether another run answers a benchmark in the same bytes."""

    __tablename__ = "talan_response_digests"

    run_id: Mapped[str] = mapped_column(ForeignKey("talan_runs.id"), primary_key=True)
    benchmark: Mapped[str] = mapped_column(Text, primary_key=True)
    digests: Mapped[bytes]


class BoundedCell(_Generated, Base):
    """A cell that was not evaluated in full: what is known of its count, and never a score.

    `n_right` of the `n_evaluated` items were right. `evaluated` and `outcomes` have a bit per item
    of the benchmark; an item that was not asked has 0 in both.
    """

    __tablename__ = "talan_bounded_cells"

    run_id: Mapped[str] = mapped_column(ForeignKey("talan_runs.id"), primary_key=True)
    benchmark: Mapped[str] = mapped_column(Text, primary_key=True)
    n_items: Mapped[int]
    n_evaluated: Mapped[int]
    n_right: Mapped[int]
    baseline_n_correct: Mapped[int]
    evaluated: Mapped[bytes]
    outcomes: Mapped[bytes]
    responses_artifact: Mapped[str | None] = mapped_column(Text)
    seconds: Mapped[float]


class RescoredCell(Base):
    """A cell's stored responses under another scorer; its recorded counts stay in `Cell`."""

    __tablename__ = "talan_rescored_cells"

    run_id: Mapped[str] = mapped_column(ForeignKey("talan_runs.id"), primary_key=True)
    benchmark: Mapped[str] = mapped_column(Text, primary_key=True)
    scorer: Mapped[str] = mapped_column(String(40), primary_key=True)
    scorer_version: Mapped[int]
    n_items: Mapped[int]
    n_correct: Mapped[int]
    baseline_n_correct: Mapped[int | None]
    delta: Mapped[float | None]
    outcomes: Mapped[bytes]


class Analysis(Base):
    """An analysis of a run, or of a whole study where `run_id` is NULL: asked for, or done.

    `id` is a hash of what it is of, its name and its parameters: the same is asked for once.
    """

    __tablename__ = "talan_analyses"
    __table_args__ = (
        CheckConstraint("state IN ('queued', 'running', 'completed', 'failed')", name="state"),
        Index(None, "run_id", "name"),
        Index(None, "study_id", "name"),
        Index(None, "state", "queued_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("talan_studies.id"))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("talan_runs.id"))
    name: Mapped[str] = mapped_column(String(40))
    parameters: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str | None] = mapped_column(Text)
    owned_until_epoch_s: Mapped[float | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    artifact: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    seconds: Mapped[float | None]
    queued_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Event(Base):
    """What happened, in order; never changed, never deleted."""

    __tablename__ = "talan_events"
    __table_args__ = (Index(None, "study_id", "id"),)

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    study_id: Mapped[int] = mapped_column(ForeignKey("talan_studies.id"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
