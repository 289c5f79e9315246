"""Model versions: what was trained from what, with everything needed to find and rebuild it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from trimtab.errors import ConflictError, NotFoundError
from trimtab.registry import strategies
from trimtab.registry.ledger import Change
from trimtab.registry.plain import number, plain
from trimtab.registry.schema import model_artifacts, model_features, model_lineage, models, state_transitions
from trimtab.registry.versions import (
    FIRST,
    SemanticVersion,
    change_level,
    changed_keys,
    changelog,
    configuration_of,
)


@dataclass(frozen=True)
class ArtifactFile:
    """One file of a stored model: its name, SHA-256 and size in bytes."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Candidate:
    """A trained model on its way into the registry.

    Attributes
    ----------
    strategy: name of its strategy.
    algorithm: model family.
    configuration: parts of the strategy file that led to it, by part ("universe", "features",
        "label", "model", ...); JSON values. What changed in it decides the next version.
    hyper_parameters: the parameters it was trained with, tuned ones included.
    metrics: what is known about it now; NaN is stored as unknown.
    dataset_fingerprint: of the rows it was trained on.
    manifest_digest: SHA-256 of the artifact manifest.
    size_bytes: of all its files together.
    code_version: of the library that trained it.
    artifacts: its files.
    features: importance by feature name, in the model's column order; None where it reports none.
    """

    strategy: str
    algorithm: str
    configuration: Mapping[str, Any]
    hyper_parameters: Mapping[str, Any]
    dataset_fingerprint: str
    manifest_digest: str
    size_bytes: int
    code_version: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    artifacts: tuple[ArtifactFile, ...] = ()
    features: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelVersion:
    """One registered model version.

    Attributes
    ----------
    id: number of the row; what aliases, decisions and lineage refer to.
    version: semantic version, unique within the strategy.
    parent_id: the version it follows; None for the first.
    state: life-cycle state, see `trimtab.lifecycle.states`.
    changelog: what is different from the parent, in one sentence.
    created, created_by: when and by whom it was registered.
    The other fields are those of the `Candidate`.
    """

    id: int
    strategy: str
    version: str
    parent_id: int | None
    state: str
    algorithm: str
    configuration: dict[str, Any]
    hyper_parameters: dict[str, Any]
    metrics: dict[str, Any]
    dataset_fingerprint: str
    manifest_digest: str
    size_bytes: int
    code_version: str
    changelog: str
    created: datetime
    created_by: str


@dataclass(frozen=True)
class Transition:
    """One move of a model version through its life cycle."""

    model_id: int
    from_state: str | None
    to_state: str
    moved: datetime
    actor: str
    reason: str


def register(change: Change, candidate: Candidate) -> ModelVersion:
    """Store a candidate as the next version, or return the version it already is."""
    existing = _find_same(change.connection, candidate)
    if existing:
        return existing
    strategies.touch(change, candidate.strategy)
    parent = latest(change.connection, candidate.strategy)
    version, log = _next_version(candidate, parent)
    values = {
        **_content(candidate),
        "version": version, "changelog": log, "parent_id": parent.id if parent else None,
        "state": strategies.INITIAL_STATE, "created": change.time, "created_by": change.actor,
    }  # fmt: skip
    model_id = change.connection.execute(insert(models).values(values)).inserted_primary_key[0]  # type: ignore[index]  # an insert of one row has a key
    _store_parts(change, model_id, candidate, parent)
    change.record("model_registered", model_id=model_id, **{**values, "created": plain(change.time)})
    _store_transition(change, model_id, None, strategies.INITIAL_STATE, "registered")
    return get(change.connection, model_id)


def move(change: Change, model_id: int, *, expected: str, to: str, reason: str) -> ModelVersion:
    """Change the state if it is still the expected one, else `ConflictError`."""
    query = update(models).where(models.c.id == model_id, models.c.state == expected).values(state=to)
    if change.connection.execute(query).rowcount != 1:
        raise ConflictError(moved_sentence(get(change.connection, model_id), expected))
    model = get(change.connection, model_id)
    strategies.touch(change, model.strategy)
    _store_transition(change, model_id, expected, to, reason)
    payload = {"model_id": model_id, "strategy": model.strategy, "from_state": expected, "to_state": to}
    change.record("model_moved", **payload, reason=reason)
    return model


def moved_sentence(found: ModelVersion, expected: str) -> str:
    """What to tell somebody whose version is not in the state they read."""
    return (
        f"{found.strategy} {found.version} is in state '{found.state}', not '{expected}' as expected: "
        "somebody moved it first; read it again and decide again"
    )


def update_metrics(change: Change, model_id: int, metrics: Mapping[str, Any]) -> ModelVersion:
    """Add or replace metrics of a version; unchanged metrics change nothing."""
    model = get(change.connection, model_id)
    merged = {**model.metrics, **plain(metrics)}
    if merged != model.metrics:
        change.connection.execute(update(models).where(models.c.id == model_id).values(metrics=merged))
        change.record("metrics_recorded", model_id=model_id, metrics=metrics)
    return get(change.connection, model_id)


def link(change: Change, *, parent_id: int, child_id: int, relation: str) -> None:
    """Record how two versions are related; recording it again changes nothing."""
    known = {(row.parent_id, row.relation) for row in change.connection.execute(_parents(child_id))}
    if (parent_id, relation) in known:
        return
    values = {"parent_id": parent_id, "child_id": child_id, "relation": relation}
    change.connection.execute(insert(model_lineage).values(**values, recorded=change.time))
    change.record("lineage_recorded", **values)


def get(connection: Connection, model_id: int) -> ModelVersion:
    """One version by id."""
    row = connection.execute(select(models).where(models.c.id == model_id)).first()
    if row is None:
        raise NotFoundError(f"the registry has no model {model_id}; list the versions with `trimtab models list`")
    return _model(row)


def latest(connection: Connection, strategy: str) -> ModelVersion | None:
    """The version registered last, which also has the highest number."""
    return next(iter(fetch(connection, newest_first(strategy).limit(1))), None)


def newest_first(strategy: str | None = None) -> Select[Any]:
    """Query of versions, newest first."""
    query = select(models).order_by(models.c.id.desc())
    return query if strategy is None else query.where(models.c.strategy == strategy)


def fetch(connection: Connection, query: Select[Any]) -> list[ModelVersion]:
    """The versions a query finds."""
    return [_model(row) for row in connection.execute(query)]


def features(connection: Connection, model_id: int) -> dict[str, float | None]:
    """Importance by feature, most important first."""
    query = select(model_features).where(model_features.c.model_id == model_id).order_by(model_features.c.rank)
    return {row.name: row.importance for row in connection.execute(query)}


def artifacts(connection: Connection, model_id: int) -> tuple[ArtifactFile, ...]:
    """The files of a version, by name."""
    query = select(model_artifacts).where(model_artifacts.c.model_id == model_id).order_by(model_artifacts.c.name)
    return tuple(ArtifactFile(row.name, row.sha256, row.size_bytes) for row in connection.execute(query))


def lineage(connection: Connection, model_id: int) -> list[tuple[int, str]]:
    """Model id and relation of everything a version comes from."""
    return [(row.parent_id, row.relation) for row in connection.execute(_parents(model_id))]


def transitions(connection: Connection, model_id: int) -> list[Transition]:
    """The moves of a version, oldest first."""
    table = state_transitions
    rows = connection.execute(select(table).where(table.c.model_id == model_id).order_by(table.c.id))
    return [Transition(**{key: value for key, value in row._mapping.items() if key != "id"}) for row in rows]


def _find_same(connection: Connection, candidate: Candidate) -> ModelVersion | None:
    query = select(models).where(
        models.c.strategy == candidate.strategy,
        models.c.manifest_digest == candidate.manifest_digest,
        models.c.dataset_fingerprint == candidate.dataset_fingerprint,
    )
    row = connection.execute(query).first()
    return _model(row) if row else None


def _next_version(candidate: Candidate, parent: ModelVersion | None) -> tuple[str, str]:
    if parent is None:
        return str(FIRST), changelog(None, "major", (), is_new_data=True)
    changed = changed_keys(
        configuration_of(parent.configuration, parent.algorithm, parent.hyper_parameters),
        configuration_of(candidate.configuration, candidate.algorithm, candidate.hyper_parameters),
    )
    level = change_level(changed)
    is_new_data = parent.dataset_fingerprint != candidate.dataset_fingerprint
    log = changelog(parent.version, level, changed, is_new_data=is_new_data)
    return str(SemanticVersion.parse(parent.version).next(level)), log


def _content(candidate: Candidate) -> dict[str, Any]:
    return {
        "strategy": candidate.strategy,
        "algorithm": candidate.algorithm,
        "configuration": plain(candidate.configuration),
        "hyper_parameters": plain(candidate.hyper_parameters),
        "metrics": plain(candidate.metrics),
        "dataset_fingerprint": candidate.dataset_fingerprint,
        "manifest_digest": candidate.manifest_digest,
        "size_bytes": candidate.size_bytes,
        "code_version": candidate.code_version,
    }


def _store_parts(change: Change, model_id: int, candidate: Candidate, parent: ModelVersion | None) -> None:
    importance = {name: number(value) for name, value in candidate.features.items()}
    ranked = sorted(importance.items(), key=lambda item: -(item[1] or 0.0))  # stable: column order breaks ties
    feature_rows = [
        {"model_id": model_id, "name": name, "importance": value, "rank": rank}
        for rank, (name, value) in enumerate(ranked, start=1)
    ]
    artifact_rows = [{"model_id": model_id, **vars(file)} for file in candidate.artifacts]
    for table, rows in ((model_features, feature_rows), (model_artifacts, artifact_rows)):
        if rows:
            change.connection.execute(insert(table), rows)
    if parent:
        link(change, parent_id=parent.id, child_id=model_id, relation="retrained_from")


def _store_transition(change: Change, model_id: int, from_state: str | None, to: str, reason: str) -> None:
    values = {"model_id": model_id, "from_state": from_state, "to_state": to, "reason": reason}
    change.connection.execute(insert(state_transitions).values(**values, moved=change.time, actor=change.actor))


def _parents(child_id: int) -> Select[Any]:
    table = model_lineage
    return select(table).where(table.c.child_id == child_id).order_by(table.c.parent_id, table.c.relation)


def _model(row: Row[Any]) -> ModelVersion:
    return ModelVersion(**row._mapping)
