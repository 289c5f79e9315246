"""Stage seven: the newest rows against the rows the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.datasets.build import current_rows
from trimtab.datasets.snapshot import load_snapshot, read_recipe
from trimtab.drift.plots import plot_histograms, plot_psi
from trimtab.drift.snapshot import DriftSnapshot, take_snapshot
from trimtab.errors import NotFoundError
from trimtab.features.store import read_features
from trimtab.pipeline.models import candidate_version
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.stage import CheckOutcome, StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.drift import DriftRecord
from trimtab.registry.models import ModelVersion
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.storage.manifests import Manifest

STAGE = "drift_snapshot"
ACTOR = "pipeline"


def watched_model(workspace: Workspace, strategy_name: str) -> ModelVersion:
    """The champion of a strategy, or its candidate while there is none."""
    registry = workspace.registry
    found = registry.alias_holder(strategy_name, "champion") or candidate_version(workspace, strategy_name)
    found = found or registry.latest_model(strategy_name)
    if found is None:
        raise NotFoundError(
            f"strategy '{strategy_name}' has no model yet, so nothing can drift from it; run the strategy first"
        )
    return found


def snapshot_drift(workspace: Workspace, strategy_name: str) -> StageResult:
    """Compare the last `drift.current` bars of every instrument with the rows the model was trained on.

    The watched model's snapshot goes to the registry, where retraining is planned from it. A
    candidate that is not the champion is measured too, for its own gate.
    """
    strategy = workspace.strategy(strategy_name)
    watched = watched_model(workspace, strategy_name)
    candidate = candidate_version(workspace, strategy_name)
    models = [watched] + ([candidate] if candidate and candidate.id != watched.id else [])

    def inputs() -> dict[str, Any]:
        rows = {str(model.id): _current(workspace, strategy, model) for model in models}
        return {
            "models": {str(model.id): model.dataset_fingerprint for model in models},
            "current": {name: fingerprint_arrays({"v": v, "g": g, "t": t}) for name, (v, g, t) in rows.items()},
            "limits": strategy.drift.model_dump(mode="json"),
        }

    def compute() -> Produced:
        measured = [_compare(workspace, strategy, model) for model in models]
        record = _record(workspace, strategy_name, watched, measured[0])
        by_model = {
            str(model.id): {"status": m.snapshot.status, "drifted_share": m.snapshot.drifted_share}
            for model, m in zip(models, measured, strict=True)
        }
        return _describe(workspace, strategy_name, watched, measured[0], record, by_model)

    def still_there(manifest: Manifest) -> bool:
        wanted = manifest.summary["values"]["snapshot_id"]
        return any(known.snapshot_id == wanted for known in workspace.registry.drift_snapshots(strategy_name))

    return run_stage(workspace, STAGE, strategy_name, inputs, compute, still_there)


@dataclass(frozen=True)
class _Measured:
    """One comparison: the snapshot, both sides of it, and how much of the current side is new to the model."""

    snapshot: DriftSnapshot
    reference: np.ndarray
    current: np.ndarray
    reference_is_older: bool
    unseen_share: float


def _current(
    workspace: Workspace, strategy: Strategy, model: ModelVersion
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The newest rows of the features the model reads: values, instrument codes, times."""
    names = tuple(read_recipe(workspace.lake, model.dataset_fingerprint)["features"])
    blocks = [read_features(workspace.lake, series, names) for series in strategy.universe.series]
    return current_rows(blocks, strategy.drift.current)


def _compare(workspace: Workspace, strategy: Strategy, model: ModelVersion) -> _Measured:
    dataset, _ = load_snapshot(workspace.lake, model.dataset_fingerprint)
    current, groups, times = _current(workspace, strategy, model)
    older = _older_rows(dataset, strategy, groups, times)
    is_enough = len(older) >= len(current)
    reference = dataset.take(older) if is_enough else dataset
    snapshot = take_snapshot(
        reference.features,
        current,
        dataset.feature_names,
        limits=strategy.drift,
        as_of=_utc(times.max()),
        reference_groups=reference.instrument,
        current_groups=groups,
    )
    unseen = float((times > dataset.decision_time.max()).mean())
    return _Measured(snapshot, reference.features, current, is_enough, unseen)


def _older_rows(dataset: Dataset, strategy: Strategy, groups: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Training rows older than the current rows of their own instrument.

    Rows that are themselves recent are no reference for what recent rows should look like.
    """
    first = {series.instrument_id: times[groups == code].min() for code, series in enumerate(strategy.universe.series)}
    never = np.datetime64("9999-12-31", "us")
    cut = np.array([first.get(name, never) for name in dataset.instruments], dtype=never.dtype)
    return np.flatnonzero(dataset.decision_time < cut[dataset.instrument])


def _record(workspace: Workspace, strategy_name: str, model: ModelVersion, measured: _Measured) -> DriftRecord:
    numbers = (
        "psi", "ks", "ks_p_value", "wasserstein", "jensen_shannon", "effective_n", "missing_reference", "missing_current",
    )  # fmt: skip
    snapshot = measured.snapshot
    record = DriftRecord(
        snapshot_id=fingerprint_json({"content": snapshot.snapshot_id, "model": model.id, "as_of": snapshot.as_of}),
        strategy=strategy_name,
        model_id=model.id,
        status=snapshot.status,
        score=snapshot.score,
        drifted_share=snapshot.drifted_share,
        unseen_share=measured.unseen_share,
        as_of=snapshot.as_of,
        features={f.name: {"status": f.status} | {n: getattr(f, n) for n in numbers} for f in snapshot.features},
    )
    return workspace.registry.record_drift_snapshot(record, ACTOR)


def _describe(
    workspace: Workspace,
    strategy_name: str,
    model: ModelVersion,
    measured: _Measured,
    record: DriftRecord,
    by_model: dict[str, Any],
) -> Produced:
    snapshot = measured.snapshot
    path = workspace.report_folder(STAGE, strategy_name) / "snapshot.json"
    write_text(path, snapshot.to_json())
    shown = ("status", "psi", "ks", "adjusted_p_value", "wasserstein", "jensen_shannon", "effective_n")
    worst: Table = [{"feature": f.name, **{name: getattr(f, name) for name in shown}} for f in snapshot.worst(20)]
    n_drifted = sum(f.status == "drifted" for f in snapshot.features)
    names = [feature.name for feature in snapshot.features]
    return Produced(
        data_version=record.snapshot_id,
        metrics={
            "status": snapshot.status,
            "drifted_share": snapshot.drifted_share,
            "judged_share": snapshot.judged_share,
            "score": snapshot.score,
            "unseen_share": record.unseen_share,
            "drifted_features": n_drifted,
            "features": len(snapshot.features),
            "model_version": model.version,
            "reference": "older training rows" if measured.reference_is_older else "all training rows",
            "reference_rows": snapshot.n_reference,
            "current_rows": snapshot.n_current,
        },
        tables={"worst features": worst},
        plots={
            "Population stability": plot_psi(snapshot),
            "Worst features": plot_histograms(snapshot, measured.reference, measured.current, names),
        },
        links={"snapshot": path},
        checks=(
            CheckOutcome(
                "no_drift",
                snapshot.status != "drifted",
                False,
                f"{n_drifted} of {len(snapshot.features)} features drifted from the training rows of version "
                f"{model.version}; the snapshot is {snapshot.status.replace('_', ' ')}",
                {"drifted_share": snapshot.drifted_share, "limit": snapshot.min_drifted_share},
            ),
        ),
        summary={
            "status": snapshot.status,
            "drifted_share": snapshot.drifted_share,
            "score": snapshot.score,
            "unseen_share": record.unseen_share,
            "snapshot_id": record.snapshot_id,
            "by_model": by_model,
        },
    )


def _utc(time: np.datetime64) -> datetime:
    return time.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)
