"""The first schema: strategies, models, decisions, trials, drift, retraining jobs, ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# One row per model version, with its current alias and what was last decided and measured.
MODEL_SUMMARY = """
CREATE VIEW model_summary AS
SELECT
    m.id AS model_id,
    m.strategy,
    m.version,
    m.state,
    m.algorithm,
    (SELECT a.alias FROM aliases a WHERE a.model_id = m.id AND a.until IS NULL ORDER BY a.alias LIMIT 1) AS alias,
    m.created,
    m.size_bytes,
    (SELECT count(*) FROM model_features f WHERE f.model_id = m.id) AS n_features,
    (SELECT count(*) FROM model_artifacts r WHERE r.model_id = m.id) AS n_artifacts,
    (SELECT count(*) FROM decisions d WHERE d.model_id = m.id) AS n_decisions,
    (SELECT d.outcome FROM decisions d WHERE d.model_id = m.id ORDER BY d.number DESC LIMIT 1) AS last_outcome,
    (SELECT p.value FROM model_performance_history p WHERE p.model_id = m.id
     ORDER BY p.window_end DESC, p.id DESC LIMIT 1) AS last_performance
FROM models m
"""

SQLITE_APPEND_ONLY = """
CREATE TRIGGER ledger_no_{verb} BEFORE {verb} ON ledger
BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END
"""

POSTGRESQL_REFUSE = """
CREATE FUNCTION trimtab_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit ledger is append-only'; END $$
"""

POSTGRESQL_APPEND_ONLY = """
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION trimtab_ledger_refuse()
"""


def upgrade() -> None:
    """Make every table, view and index of the first schema."""
    _create_models()
    _create_decisions()
    _create_monitoring()
    _create_ledger()
    _make_ledger_append_only()
    op.execute(MODEL_SUMMARY)


def _make_ledger_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_APPEND_ONLY.format(verb=verb))
    else:
        op.execute(POSTGRESQL_REFUSE)
        op.execute(POSTGRESQL_APPEND_ONLY)


def _create_models() -> None:
    op.create_table(
        "strategies",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_strategies"),
    )
    op.create_table(
        "models",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("algorithm", sa.String(length=64), nullable=False),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("hyper_parameters", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("dataset_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("manifest_digest", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("code_version", sa.String(length=64), nullable=False),
        sa.Column("changelog", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.CheckConstraint("size_bytes >= 0", name="ck_models_size"),
        sa.ForeignKeyConstraint(["parent_id"], ["models.id"], name="fk_models_parent_id"),
        sa.ForeignKeyConstraint(["strategy"], ["strategies.name"], name="fk_models_strategy"),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("strategy", "manifest_digest", "dataset_fingerprint", name="uq_models_content"),
        sa.UniqueConstraint("strategy", "version", name="uq_models_strategy_version"),
    )
    op.create_index("ix_models_dataset_fingerprint", "models", ["dataset_fingerprint"])
    op.create_index("ix_models_parent_id", "models", ["parent_id"])
    op.create_index("ix_models_state", "models", ["state"])
    op.create_index("ix_models_strategy", "models", ["strategy"])
    op.create_table(
        "model_performance_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("n_samples", sa.Integer(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_model_performance_history_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_model_performance_history"),
        sa.UniqueConstraint(
            "model_id", "metric", "window_start", "window_end", name="uq_model_performance_history_window"
        ),
    )
    op.create_index("ix_model_performance_history_model_id", "model_performance_history", ["model_id"])
    op.create_table(
        "model_features",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("importance", sa.Float(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_model_features_model_id"),
        sa.PrimaryKeyConstraint("model_id", "name", name="pk_model_features"),
    )
    op.create_index("ix_model_features_name", "model_features", ["name"])
    op.create_table(
        "model_lineage",
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(length=32), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["models.id"], name="fk_model_lineage_child_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["models.id"], name="fk_model_lineage_parent_id"),
        sa.PrimaryKeyConstraint("parent_id", "child_id", "relation", name="pk_model_lineage"),
    )
    op.create_table(
        "model_artifacts",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_model_artifacts_model_id"),
        sa.PrimaryKeyConstraint("model_id", "name", name="pk_model_artifacts"),
    )
    op.create_index("ix_model_artifacts_sha256", "model_artifacts", ["sha256"])
    op.create_table(
        "aliases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("alias", sa.String(length=32), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("alias IN ('champion', 'challenger')", name="ck_aliases_alias"),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_aliases_model_id"),
        sa.ForeignKeyConstraint(["strategy"], ["strategies.name"], name="fk_aliases_strategy"),
        sa.PrimaryKeyConstraint("id", name="pk_aliases"),
    )
    op.create_index("ix_aliases_model_id", "aliases", ["model_id"])
    op.create_index("ix_aliases_strategy", "aliases", ["strategy"])
    op.create_index(
        "uq_aliases_one_holder",
        "aliases",
        ["strategy", "alias"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )


def _create_decisions() -> None:
    op.create_table(
        "state_transitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.String(length=32), nullable=True),
        sa.Column("to_state", sa.String(length=32), nullable=False),
        sa.Column("moved", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_state_transitions_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_state_transitions"),
    )
    op.create_index("ix_state_transitions_model_id", "state_transitions", ["model_id"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("decided", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_decisions_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("model_id", "number", name="uq_decisions_model_id_number"),
    )
    op.create_index("ix_decisions_model_id", "decisions", ["model_id"])
    op.create_table(
        "decision_gates",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("limit", sa.Float(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_decision_gates_decision_id"),
        sa.PrimaryKeyConstraint("decision_id", "position", name="pk_decision_gates"),
    )
    op.create_table(
        "trial_ledger",
        sa.Column("study", sa.String(length=255), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("dataset_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('tuning', 'manual')", name="ck_trial_ledger_kind"),
        sa.ForeignKeyConstraint(["strategy"], ["strategies.name"], name="fk_trial_ledger_strategy"),
        sa.PrimaryKeyConstraint("study", "number", name="pk_trial_ledger"),
    )
    op.create_index("ix_trial_ledger_dataset_fingerprint", "trial_ledger", ["dataset_fingerprint"])
    op.create_index("ix_trial_ledger_strategy", "trial_ledger", ["strategy"])


def _create_monitoring() -> None:
    op.create_table(
        "drift_snapshots",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("drifted_share", sa.Float(), nullable=True),
        sa.Column("unseen_share", sa.Float(), nullable=True),
        sa.Column("n_features", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_drift_snapshots_model_id"),
        sa.ForeignKeyConstraint(["strategy"], ["strategies.name"], name="fk_drift_snapshots_strategy"),
        sa.PrimaryKeyConstraint("id", name="pk_drift_snapshots"),
        sa.UniqueConstraint("strategy", "snapshot_id", name="uq_drift_snapshots_strategy_snapshot_id"),
    )
    op.create_index("ix_drift_snapshots_model_id", "drift_snapshots", ["model_id"])
    op.create_index("ix_drift_snapshots_strategy", "drift_snapshots", ["strategy"])
    op.create_table(
        "drift_features",
        sa.Column("drift_snapshot_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("psi", sa.Float(), nullable=True),
        sa.Column("ks", sa.Float(), nullable=True),
        sa.Column("ks_p_value", sa.Float(), nullable=True),
        sa.Column("wasserstein", sa.Float(), nullable=True),
        sa.Column("jensen_shannon", sa.Float(), nullable=True),
        sa.Column("effective_n", sa.Float(), nullable=True),
        sa.Column("missing_reference", sa.Float(), nullable=True),
        sa.Column("missing_current", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["drift_snapshot_id"], ["drift_snapshots.id"], name="fk_drift_features_drift_snapshot_id"
        ),
        sa.PrimaryKeyConstraint("drift_snapshot_id", "name", name="pk_drift_features"),
    )
    op.create_table(
        "retraining_jobs",
        sa.Column("run_key", sa.String(length=255), nullable=False),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("trigger", sa.String(length=32), nullable=False),
        sa.Column("cause", sa.String(length=160), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=128), nullable=True),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("requested", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('requested', 'started', 'succeeded', 'failed', 'skipped')", name="ck_retraining_jobs_status"
        ),
        sa.ForeignKeyConstraint(["strategy"], ["strategies.name"], name="fk_retraining_jobs_strategy"),
        sa.PrimaryKeyConstraint("run_key", name="pk_retraining_jobs"),
        sa.UniqueConstraint("strategy", "cause", "attempt", name="uq_retraining_jobs_strategy_cause_attempt"),
    )
    op.create_index("ix_retraining_jobs_strategy", "retraining_jobs", ["strategy"])
    op.create_index(
        "uq_retraining_jobs_one_in_flight",
        "retraining_jobs",
        ["strategy"],
        unique=True,
        sqlite_where=sa.text("status IN ('requested', 'started')"),
        postgresql_where=sa.text("status IN ('requested', 'started')"),
    )


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_ledger"),
    )
