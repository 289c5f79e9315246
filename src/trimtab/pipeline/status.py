"""Where every strategy stands: the document behind `trimtab status`."""

from __future__ import annotations

from typing import Any

from trimtab.pipeline.backtest import BACKTEST
from trimtab.pipeline.datasets import STAGE as DATASET
from trimtab.pipeline.honesty import HONESTY
from trimtab.pipeline.model_report import MODEL_REPORT, judged_share
from trimtab.pipeline.models import CANDIDATE, candidate_version
from trimtab.pipeline.monitoring import STAGE as DRIFT
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.decisions import Decision
from trimtab.registry.models import ModelVersion
from trimtab.reports.evidence import drifted_share


def strategy_status(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    """State, champion, candidate with its metrics, decision with every gate, drift; JSON values.

    What does not exist yet is None.
    """
    registry = workspace.registry
    champion = registry.alias_holder(strategy_name, "champion")
    candidate = candidate_version(workspace, strategy_name) or registry.latest_model(strategy_name)
    shown = champion or candidate
    return {
        "name": strategy_name,
        "state": shown.state if shown else "draft",
        "champion": champion.version if champion else None,
        "candidate": _candidate(workspace, candidate),
        "decision": _decision(registry.latest_decision(strategy=strategy_name)),
        "drift": _drift(workspace, strategy_name),
        "retraining": _retraining(workspace, strategy_name),
    }


def _candidate(workspace: Workspace, model: ModelVersion | None) -> dict[str, Any] | None:
    if model is None:
        return None
    metrics = {name: value for name, value in model.metrics.items() if name != "verdict"}
    return {
        "version": model.version,
        "state": model.state,
        "fingerprint": model.dataset_fingerprint,
        "artifact": model.manifest_digest,
        "algorithm": model.algorithm,
        "metrics": metrics,
        "verdict": model.metrics.get("verdict"),
        "changelog": model.changelog,
        "created": model.created,
    }


def _decision(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    gates = [
        {"name": gate.name, "value": gate.value, "limit": gate.limit, "passed": gate.passed, "reason": gate.reason}
        for gate in decision.gates
    ]
    return {
        "outcome": decision.outcome,
        "version": decision.version,
        "decided": decision.decided,
        "actor": decision.actor,
        "gates": gates,
    }


def _drift(workspace: Workspace, strategy_name: str) -> dict[str, Any] | None:
    snapshot = workspace.registry.latest_drift_snapshot(strategy_name)
    if snapshot is None:
        return None
    return {
        "snapshot_id": snapshot.snapshot_id,
        "status": snapshot.status,
        "score": snapshot.score,
        "drifted_share": drifted_share({"status": snapshot.status, "drifted_share": snapshot.drifted_share}),
        "unseen_share": snapshot.unseen_share,
        "as_of": snapshot.as_of,
    }


def _retraining(workspace: Workspace, strategy_name: str) -> list[dict[str, Any]]:
    return [
        {
            "run_key": job.run_key,
            "trigger": job.trigger,
            "status": job.status,
            "reason": job.reason,
            "outcome": job.outcome,
        }
        | {"requested": job.requested, "finished": job.finished}
        for job in workspace.retraining.jobs(strategy_name)[-10:]
    ]


def summary_row(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    """One line of the table at the end of a run."""
    judged = stage_values(workspace, WALK_FORWARD, strategy_name) or {}
    traded = stage_values(workspace, BACKTEST, strategy_name) or {}
    drifted = stage_values(workspace, DRIFT, strategy_name) or {}
    stored = stage_values(workspace, CANDIDATE, strategy_name) or {}
    dataset = stage_values(workspace, DATASET, strategy_name) or {}
    honest = stage_values(workspace, HONESTY, strategy_name) or {}
    decision = workspace.registry.latest_decision(strategy=strategy_name)
    return {
        "strategy": strategy_name,
        "dataset": dataset.get("data_version", "")[:12] or None,
        "model": stored.get("version"),
        "accuracy": judged.get("accuracy"),
        "accuracy_seed_std": judged.get("accuracy_seed_std"),
        "baseline": judged.get("baseline_accuracy"),
        "p_value": judged.get("baseline_p_value"),
        "strongest_baseline": judged.get("strongest_baseline"),
        "consistency": judged.get("consistency"),
        "verdict": judged.get("verdict"),
        "sharpe": traded.get("sharpe_ratio"),
        "deflated_sharpe": honest.get("deflated_sharpe_ratio"),
        "n_trials": honest.get("n_trials"),
        "drift": drifted.get("status"),
        "drifted_share": drifted_share(drifted),
        "judged_share": judged_share(workspace, strategy_name, stored.get("model_id")),
        "decision": decision.outcome if decision else None,
        "failed_gates": [gate.name for gate in decision.gates if not gate.passed] if decision else [],
        "report": report_file(workspace, strategy_name),
    }


def report_file(workspace: Workspace, strategy_name: str) -> str | None:
    """The page with all evidence about the latest version; None before there is one."""
    path = workspace.report_folder(MODEL_REPORT, strategy_name) / "report.html"
    return str(path) if path.is_file() else None
