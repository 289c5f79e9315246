"""Drift snapshots as the registry keeps them: the verdict, and the numbers of every feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from trimtab.registry import strategies
from trimtab.registry.ledger import Change
from trimtab.registry.plain import number
from trimtab.registry.schema import drift_features, drift_snapshots

_NUMBERS = (
    "psi", "ks", "ks_p_value", "wasserstein", "jensen_shannon", "effective_n", "missing_reference", "missing_current",
)  # fmt: skip


@dataclass(frozen=True)
class DriftRecord:
    """One comparison of recent rows with the rows a model was trained on.

    Attributes
    ----------
    snapshot_id: hash of its content; the same comparison has the same id.
    strategy, model_id: whose rows, and the version whose training rows are the reference.
    status: "stable", "drifted" or "insufficient_evidence".
    score: 0 to 1; None when unknown.
    drifted_share: share of the features that drifted, 0 to 1.
    unseen_share: share of the recent rows that are newer than the training rows, 0 to 1.
    as_of: the time the comparison is about.
    features: by feature name, its `status` and the numbers `psi`, `ks`, `ks_p_value`,
        `wasserstein`, `jensen_shannon`, `effective_n`, `missing_reference`, `missing_current`.
    """

    snapshot_id: str
    strategy: str
    model_id: int | None
    status: str
    score: float | None
    drifted_share: float | None
    unseen_share: float | None
    as_of: datetime
    features: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def record(change: Change, snapshot: DriftRecord) -> DriftRecord:
    """Store a snapshot; storing the same one again changes nothing."""
    found = latest(change.connection, snapshot.strategy, snapshot_id=snapshot.snapshot_id)
    if found:
        return found
    strategies.touch(change, snapshot.strategy)
    values = {
        "snapshot_id": snapshot.snapshot_id, "strategy": snapshot.strategy, "model_id": snapshot.model_id,
        "status": snapshot.status, "score": number(snapshot.score), "drifted_share": number(snapshot.drifted_share),
        "unseen_share": number(snapshot.unseen_share), "n_features": len(snapshot.features), "as_of": snapshot.as_of,
    }  # fmt: skip
    stored = change.connection.execute(insert(drift_snapshots).values(**values, recorded=change.time))
    key = stored.inserted_primary_key[0]  # type: ignore[index]  # an insert of one row has a key
    rows = [_feature_row(key, name, measured) for name, measured in snapshot.features.items()]
    if rows:
        change.connection.execute(insert(drift_features), rows)
    change.record("drift_recorded", **values)
    return snapshot


def latest(connection: Connection, strategy: str, *, snapshot_id: str | None = None) -> DriftRecord | None:
    """The latest snapshot of a strategy, or the one with a certain id."""
    table = drift_snapshots
    query = select(table).where(table.c.strategy == strategy).order_by(table.c.as_of.desc(), table.c.id.desc())
    if snapshot_id is not None:
        query = query.where(table.c.snapshot_id == snapshot_id)
    row = connection.execute(query.limit(1)).first()
    return _snapshot(row, _features(connection, row.id)) if row else None


def history(connection: Connection, strategy: str | None = None, limit: int | None = None) -> list[DriftRecord]:
    """Snapshots without their features, newest first: enough to plan and to plot."""
    table = drift_snapshots
    query = select(table).order_by(table.c.as_of.desc(), table.c.id.desc())
    if strategy is not None:
        query = query.where(table.c.strategy == strategy)
    return [_snapshot(row, {}) for row in connection.execute(query.limit(limit) if limit else query)]


def _feature_row(key: int, name: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {column: number(measured.get(column)) for column in _NUMBERS}
    return {"drift_snapshot_id": key, "name": name, "status": measured["status"], **numbers}


def _features(connection: Connection, key: int) -> dict[str, dict[str, Any]]:
    table = drift_features
    rows = connection.execute(select(table).where(table.c.drift_snapshot_id == key).order_by(table.c.name))
    return {row.name: {"status": row.status, **{column: row._mapping[column] for column in _NUMBERS}} for row in rows}


def _snapshot(row: Row[Any], features: dict[str, dict[str, Any]]) -> DriftRecord:
    names = ("snapshot_id", "strategy", "model_id", "status", "score", "drifted_share", "unseen_share", "as_of")
    return DriftRecord(**{name: row._mapping[name] for name in names}, features=features)
