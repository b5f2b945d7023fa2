"""The record: studies, hosts, configurations, runs, cells, provenance, events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_record"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "talan_configurations",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("configuration_id", sa.String(length=64), nullable=False),
        sa.Column("layer", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("mixer", sa.String(length=40), nullable=False),
        sa.Column("writeback_rule", sa.String(length=40), nullable=False),
        sa.Column("writeback_gate", sa.String(length=40), nullable=True),
        sa.Column("alpha", sa.Double(), nullable=False),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("train_until", sa.Integer(), nullable=True),
        sa.Column("warmup_identity", sa.Integer(), nullable=False),
        sa.Column("gradient_scale", sa.Double(), nullable=True),
        sa.Column("canonical", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name=op.f("pk_talan_configurations")),
        sa.UniqueConstraint(
            "configuration_id", name=op.f("uq_talan_configurations_configuration_id")
        ),
    )
    op.create_table(
        "talan_provenance",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_talan_provenance")),
    )
    op.create_table(
        "talan_studies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("spec_hash", sa.String(length=64), nullable=False),
        sa.Column("design", sa.JSON(), nullable=False),
        sa.Column("sampler", sa.String(length=40), nullable=False),
        sa.Column("recipe_hash", sa.String(length=64), nullable=False),
        sa.Column("artifact_url", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_epoch_s", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'stopped', 'completed', 'failed')",
            name=op.f("ck_talan_studies_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talan_studies")),
        sa.UniqueConstraint("name", name=op.f("uq_talan_studies_name")),
    )
    op.create_table(
        "talan_events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["talan_studies.id"], name=op.f("fk_talan_events_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talan_events")),
    )
    op.create_index(
        op.f("ix_talan_events_study_id_id"), "talan_events", ["study_id", "id"], unique=False
    )
    op.create_table(
        "talan_hosts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("backbone", sa.Text(), nullable=False),
        sa.Column("adapter_label", sa.Text(), nullable=False),
        sa.Column("adapter", sa.JSON(), nullable=False),
        sa.Column("num_layers", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["talan_studies.id"], name=op.f("fk_talan_hosts_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talan_hosts")),
        sa.UniqueConstraint(
            "study_id",
            "backbone",
            "adapter_label",
            name=op.f("uq_talan_hosts_study_id_backbone_adapter_label"),
        ),
        sa.UniqueConstraint("study_id", "position", name=op.f("uq_talan_hosts_study_id_position")),
    )
    op.create_index(
        op.f("ix_talan_hosts_backbone_adapter_label"),
        "talan_hosts",
        ["backbone", "adapter_label"],
        unique=False,
    )
    op.create_table(
        "talan_runs",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("configuration_pk", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("trial_number", sa.Integer(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compute_s", sa.Double(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("g1", sa.Boolean(), nullable=True),
        sa.Column("mean_delta", sa.Double(), nullable=True),
        sa.Column("worst_delta", sa.Double(), nullable=True),
        sa.Column("losses", sa.LargeBinary(), nullable=True),
        sa.Column("checkpoint_artifact", sa.Text(), nullable=True),
        sa.Column("provenance_hash", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'running', 'completed', 'failed')",
            name=op.f("ck_talan_runs_state"),
        ),
        sa.ForeignKeyConstraint(
            ["configuration_pk"],
            ["talan_configurations.pk"],
            name=op.f("fk_talan_runs_configuration_pk"),
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["talan_hosts.id"], name=op.f("fk_talan_runs_host_id")
        ),
        sa.ForeignKeyConstraint(
            ["provenance_hash"],
            ["talan_provenance.hash"],
            name=op.f("fk_talan_runs_provenance_hash"),
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["talan_studies.id"], name=op.f("fk_talan_runs_study_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talan_runs")),
        sa.UniqueConstraint(
            "study_id",
            "host_id",
            "kind",
            "configuration_pk",
            "seed",
            name=op.f("uq_talan_runs_study_id_host_id_kind_configuration_pk_seed"),
        ),
    )
    op.create_index("ix_talan_runs_mean", "talan_runs", ["study_id", "mean_delta"], unique=False)
    op.create_index("ix_talan_runs_worst", "talan_runs", ["study_id", "worst_delta"], unique=False)
    op.create_index(
        "ix_talan_runs_due", "talan_runs", ["study_id", "state", "position", "id"], unique=False
    )
    op.create_index(
        "ix_talan_runs_status", "talan_runs", ["study_id", "kind", "state", "g1"], unique=False
    )
    op.create_index("ix_talan_runs_match", "talan_runs", ["host_id", "seed", "kind"], unique=False)
    op.create_index(
        "ix_talan_runs_page", "talan_runs", ["study_id", "position", "id"], unique=False
    )
    op.create_index(
        "ix_talan_runs_rate",
        "talan_runs",
        ["host_id", "kind", "state", "configuration_pk", "g1"],
        unique=False,
    )
    op.create_index(
        "ix_talan_runs_untold", "talan_runs", ["study_id", "state", "told_at"], unique=False
    )
    op.create_index(
        "uq_talan_runs_without_configuration",
        "talan_runs",
        ["study_id", "host_id", "kind", "seed"],
        unique=True,
        sqlite_where=sa.text("configuration_pk IS NULL"),
        postgresql_where=sa.text("configuration_pk IS NULL"),
    )
    op.create_table(
        "talan_cells",
        sa.Column("run_id", sa.String(length=16), nullable=False),
        sa.Column("benchmark", sa.Text(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("n_correct", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("baseline_n_correct", sa.Integer(), nullable=True),
        sa.Column("baseline_score", sa.Double(), nullable=True),
        sa.Column("delta", sa.Double(), nullable=True),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.Column("responses_artifact", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["talan_runs.id"], name=op.f("fk_talan_cells_run_id")),
        sa.PrimaryKeyConstraint("run_id", "benchmark", name=op.f("pk_talan_cells")),
    )


def downgrade() -> None:
    op.drop_table("talan_events")
    op.drop_table("talan_cells")
    op.drop_table("talan_runs")
    op.drop_table("talan_hosts")
    op.drop_table("talan_studies")
    op.drop_table("talan_provenance")
    op.drop_table("talan_configurations")
