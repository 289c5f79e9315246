"""The tables of the registry, the same on SQLite and PostgreSQL.

The life-cycle state belongs to a model version (`models.state`); the state shown for a strategy
is derived from its champion or latest version, so it is stored nowhere twice. Alias rows are
never overwritten: a holder's row is closed (`until`) and the next one opened, so who was champion
when stays known.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from trimtab.registry.columns import UtcTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _strategy() -> Column[str]:
    return Column("strategy", String(64), ForeignKey("strategies.name"), nullable=False, index=True)


def _model(name: str = "model_id", *, nullable: bool = False, primary_key: bool = False) -> Column[Any]:
    reference = ForeignKey("models.id")
    if primary_key:
        return Column(name, Integer, reference, primary_key=True)
    return Column(name, Integer, reference, nullable=nullable, index=True)


def _time(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, UtcTime, nullable=nullable)


strategies = Table(
    "strategies",
    metadata,
    Column("name", String(64), primary_key=True),
    # Counts the changes of versions and aliases: a reader can tell whether anything moved since.
    Column("version", Integer, nullable=False),
    _time("created"),
    _time("updated"),
)

models = Table(
    "models",
    metadata,
    _id(),
    _strategy(),
    Column("version", String(32), nullable=False),
    _model("parent_id", nullable=True),
    Column("state", String(32), nullable=False, index=True),
    Column("algorithm", String(64), nullable=False),
    Column("configuration", JSON, nullable=False),
    Column("hyper_parameters", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("dataset_fingerprint", String(64), nullable=False, index=True),
    Column("manifest_digest", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("code_version", String(64), nullable=False),
    Column("changelog", Text, nullable=False),
    _time("created"),
    Column("created_by", String(128), nullable=False),
    UniqueConstraint("strategy", "version"),
    UniqueConstraint("strategy", "manifest_digest", "dataset_fingerprint", name="uq_models_content"),
    CheckConstraint("size_bytes >= 0", name="size"),
)

model_performance_history = Table(
    "model_performance_history",
    metadata,
    _id(),
    _model(),
    Column("metric", String(64), nullable=False),
    Column("value", Float, nullable=True),
    Column("expected", Float, nullable=True),
    Column("n_samples", Integer, nullable=False),
    _time("window_start"),
    _time("window_end"),
    _time("recorded"),
    UniqueConstraint("model_id", "metric", "window_start", "window_end", name="uq_model_performance_history_window"),
)

model_features = Table(
    "model_features",
    metadata,
    _model(primary_key=True),
    Column("name", String(128), primary_key=True, index=True),
    Column("importance", Float, nullable=True),
    Column("rank", Integer, nullable=False),
)

model_lineage = Table(
    "model_lineage",
    metadata,
    _model("parent_id", primary_key=True),
    _model("child_id", primary_key=True),
    Column("relation", String(32), primary_key=True),
    _time("recorded"),
)

model_artifacts = Table(
    "model_artifacts",
    metadata,
    _model(primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
)

aliases = Table(
    "aliases",
    metadata,
    _id(),
    _strategy(),
    Column("alias", String(32), nullable=False),
    _model(),
    _time("since"),
    _time("until", nullable=True),
    Column("actor", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("alias IN ('champion', 'challenger')", name="alias"),
)
# Two champions at once are impossible, whatever a program does.
Index(
    "uq_aliases_one_holder",
    aliases.c.strategy,
    aliases.c.alias,
    unique=True,
    sqlite_where=text("until IS NULL"),
    postgresql_where=text("until IS NULL"),
)

decisions = Table(
    "decisions",
    metadata,
    _id(),
    _model(),
    Column("number", Integer, nullable=False),  # counts the decisions about one model version
    Column("outcome", String(32), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of evidence and limits
    _time("decided"),
    Column("actor", String(128), nullable=False),
    UniqueConstraint("model_id", "number"),
)

decision_gates = Table(
    "decision_gates",
    metadata,
    Column("decision_id", Integer, ForeignKey("decisions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("value", Float, nullable=True),
    Column("limit", Float, nullable=True),
    Column("passed", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
)

state_transitions = Table(
    "state_transitions",
    metadata,
    _id(),
    _model(),
    Column("from_state", String(32), nullable=True),
    Column("to_state", String(32), nullable=False),
    _time("moved"),
    Column("actor", String(128), nullable=False),
    Column("reason", Text, nullable=False),
)

# Optuna owns a table called `trials` in the same database.
trial_ledger = Table(
    "trial_ledger",
    metadata,
    Column("study", String(255), primary_key=True),
    Column("number", Integer, primary_key=True),
    _strategy(),
    Column("dataset_fingerprint", String(64), nullable=False, index=True),
    Column("label", String(64), nullable=False),
    Column("family", String(64), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("value", Float, nullable=True),
    Column("kind", String(16), nullable=False),
    _time("recorded"),
    Column("objectives", JSON(none_as_null=True), nullable=True),
    Column("pruned", Boolean, nullable=True),
    CheckConstraint("kind IN ('tuning', 'manual')", name="kind"),
)

drift_snapshots = Table(
    "drift_snapshots",
    metadata,
    _id(),
    Column("snapshot_id", String(64), nullable=False),
    _strategy(),
    _model(nullable=True),
    Column("status", String(32), nullable=False),
    Column("score", Float, nullable=True),
    Column("drifted_share", Float, nullable=True),
    Column("unseen_share", Float, nullable=True),
    Column("n_features", Integer, nullable=False),
    _time("as_of"),
    _time("recorded"),
    UniqueConstraint("strategy", "snapshot_id"),
)

drift_features = Table(
    "drift_features",
    metadata,
    Column("drift_snapshot_id", Integer, ForeignKey("drift_snapshots.id"), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("status", String(32), nullable=False),
    Column("psi", Float, nullable=True),
    Column("ks", Float, nullable=True),
    Column("ks_p_value", Float, nullable=True),
    Column("wasserstein", Float, nullable=True),
    Column("jensen_shannon", Float, nullable=True),
    Column("effective_n", Float, nullable=True),
    Column("missing_reference", Float, nullable=True),
    Column("missing_current", Float, nullable=True),
)

retraining_jobs = Table(
    "retraining_jobs",
    metadata,
    Column("run_key", String(255), primary_key=True),
    _strategy(),
    Column("trigger", String(32), nullable=False),
    Column("cause", String(160), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("snapshot_id", String(64), nullable=True),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("run_id", String(128), nullable=True),
    Column("metrics", JSON, nullable=False),
    Column("outcome", Text, nullable=True),
    _time("requested"),
    _time("started", nullable=True),
    _time("finished", nullable=True),
    UniqueConstraint("strategy", "cause", "attempt"),
    CheckConstraint("status IN ('requested', 'started', 'succeeded', 'failed', 'skipped')", name="status"),
)
# Two retrains of one strategy in flight are impossible, even when two sensors race.
Index(
    "uq_retraining_jobs_one_in_flight",
    retraining_jobs.c.strategy,
    unique=True,
    sqlite_where=text("status IN ('requested', 'started')"),
    postgresql_where=text("status IN ('requested', 'started')"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("prev", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("actor", String(128), nullable=False),
    _time("time"),
    Column("event", String(64), nullable=False),
    Column("payload", Text, nullable=False),  # canonical JSON, as hashed
)

SUMMARY_COLUMNS = (
    "model_id", "strategy", "version", "state", "algorithm", "alias", "created", "size_bytes",
    "n_features", "n_artifacts", "n_decisions", "last_outcome", "last_performance",
)  # fmt: skip
"""Columns of the view `model_summary`, one row per model version (made by the migration)."""
