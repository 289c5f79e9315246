"""Stage seven: the newest rows against the rows the model was trained on."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from trimtab.datasets.build import current_rows
from trimtab.datasets.snapshot import load_snapshot
from trimtab.drift.plots import plot_histograms, plot_psi
from trimtab.drift.snapshot import DriftSnapshot, take_snapshot
from trimtab.errors import NotFoundError
from trimtab.pipeline.datasets import feature_block
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.stage import CheckOutcome, StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.drift import DriftRecord
from trimtab.registry.models import ModelVersion
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json

STAGE = "drift_snapshot"
CODE_VERSION = "1"
ACTOR = "pipeline"


def watched_model(workspace: Workspace, strategy_name: str) -> ModelVersion:
    """The champion of a strategy, or its latest version while there is none."""
    found = workspace.registry.alias_holder(strategy_name, "champion") or workspace.registry.latest_model(strategy_name)
    if found is None:
        raise NotFoundError(
            f"strategy '{strategy_name}' has no model yet, so nothing can drift from it; run the strategy first"
        )
    return found


def snapshot_drift(workspace: Workspace, strategy_name: str) -> StageResult:
    """Compare the last `drift.current` bars of every instrument with the model's training rows."""
    strategy = workspace.strategy(strategy_name)
    model = watched_model(workspace, strategy_name)
    blocks = [feature_block(workspace, strategy, series) for series in strategy.universe.series]
    current, groups, times = current_rows(blocks, strategy.drift.current)
    inputs = {
        "code": CODE_VERSION,
        "model": model.id,
        "reference": model.dataset_fingerprint,
        "current": fingerprint_arrays({"values": current, "groups": groups, "times": times}),
        "limits": strategy.drift.model_dump(mode="json"),
    }

    def compute() -> Produced:
        dataset, _ = load_snapshot(workspace.lake, model.dataset_fingerprint)
        # Rows that are themselves recent are not a reference for what recent rows should look like.
        older = dataset.decision_time < times.min()
        reference = dataset.take(np.flatnonzero(older)) if older.sum() >= strategy.drift.current else dataset
        columns = [blocks[0].names.index(name) for name in dataset.feature_names]
        snapshot = take_snapshot(
            reference.features,
            np.asfortranarray(current[:, columns]),
            dataset.feature_names,
            limits=strategy.drift,
            as_of=_utc(times.max()),
            reference_groups=reference.instrument,
            current_groups=groups,
        )
        unseen = float((times > dataset.decision_time.max()).mean())
        record = _record(workspace, strategy_name, model, snapshot, unseen)
        return _describe(workspace, strategy_name, model, snapshot, record, (reference.features, current[:, columns]))

    return run_stage(workspace, STAGE, strategy_name, inputs, compute)


def _record(
    workspace: Workspace, strategy_name: str, model: ModelVersion, snapshot: DriftSnapshot, unseen: float
) -> DriftRecord:
    numbers = (
        "psi",
        "ks",
        "ks_p_value",
        "wasserstein",
        "jensen_shannon",
        "effective_n",
        "missing_reference",
        "missing_current",
    )
    record = DriftRecord(
        snapshot_id=fingerprint_json({"content": snapshot.snapshot_id, "model": model.id, "as_of": snapshot.as_of}),
        strategy=strategy_name,
        model_id=model.id,
        status=snapshot.status,
        score=snapshot.score,
        drifted_share=snapshot.drifted_share,
        unseen_share=unseen,
        as_of=snapshot.as_of,
        features={f.name: {"status": f.status} | {n: getattr(f, n) for n in numbers} for f in snapshot.features},
    )
    return workspace.registry.record_drift_snapshot(record, ACTOR)


def _describe(
    workspace: Workspace,
    strategy_name: str,
    model: ModelVersion,
    snapshot: DriftSnapshot,
    record: DriftRecord,
    rows: tuple[np.ndarray, np.ndarray],
) -> Produced:
    folder = workspace.report_folder(STAGE, strategy_name)
    write_text(folder / "snapshot.json", snapshot.to_json())
    shown = ("status", "psi", "ks", "adjusted_p_value", "wasserstein", "jensen_shannon", "effective_n")
    worst: Table = [{"feature": f.name, **{name: getattr(f, name) for name in shown}} for f in snapshot.worst(20)]
    n_drifted = sum(f.status == "drifted" for f in snapshot.features)
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
            "reference_rows": snapshot.n_reference,
            "current_rows": snapshot.n_current,
        },
        tables={"worst features": worst},
        plots={
            "Population stability": plot_psi(snapshot),
            "Worst features": plot_histograms(snapshot, *rows, [feature.name for feature in snapshot.features]),
        },
        links={"snapshot": folder / "snapshot.json"},
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
            "model_id": model.id,
            "snapshot_id": record.snapshot_id,
        },
    )


def _utc(time: np.datetime64) -> datetime:
    return time.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)
