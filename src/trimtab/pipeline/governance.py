"""Stage eight: every gate, one decision, with its reasons."""

from __future__ import annotations

from typing import Any

from trimtab.errors import NotFoundError
from trimtab.figures import GREEN, RED, as_png, new_figure
from trimtab.lifecycle.decision import decide
from trimtab.lifecycle.evidence import Evidence
from trimtab.pipeline.backtest import BACKTEST
from trimtab.pipeline.evidence_chain import EvidenceChain, evidence_chain
from trimtab.pipeline.honesty import HONESTY
from trimtab.pipeline.leak_certificate import certified_leaks
from trimtab.pipeline.model_certificate import certified_model_leaks
from trimtab.pipeline.models import CANDIDATE, candidate_version
from trimtab.pipeline.monitoring import STAGE as DRIFT
from trimtab.pipeline.robustness import ROBUSTNESS
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.decisions import Decision
from trimtab.registry.models import ModelVersion
from trimtab.storage.hashing import fingerprint_json

STAGE = "deployment_decision"
ACTOR = "pipeline"


def decide_deployment(workspace: Workspace, strategy_name: str) -> StageResult:
    """Judge the latest candidate of a strategy by its gates."""
    strategy = workspace.strategy(strategy_name)
    candidate = candidate_version(workspace, strategy_name)
    if candidate is None:
        raise NotFoundError(
            f"strategy '{strategy_name}' has no candidate to decide about; run the stage {CANDIDATE} first"
        )

    def inputs() -> dict[str, Any]:
        evidence = gather_evidence(workspace, strategy_name, candidate)
        limits = strategy.gates.model_dump(mode="json")
        return {"model": candidate.id, "evidence": evidence.to_json(), "limits": limits}

    def compute() -> Produced:
        evidence = gather_evidence(workspace, strategy_name, candidate)
        workspace.registry.record_metrics(candidate.id, _metrics(workspace, strategy_name), ACTOR)
        decision = decide(candidate, evidence, strategy.gates, workspace.registry, actor=ACTOR)
        _assign_challenger(workspace, candidate, decision)
        return _describe(candidate, decision)

    def still_there(_: object) -> bool:
        return workspace.registry.latest_decision(model_id=candidate.id) is not None

    return run_stage(workspace, STAGE, strategy_name, inputs, compute, still_there)


def _assign_challenger(workspace: Workspace, candidate: ModelVersion, decision: Decision) -> None:
    """Who waits for approval is the challenger; who is refused is it no longer. The champion is left alone."""
    registry, name = workspace.registry, candidate.strategy
    champion = registry.alias_holder(name, "champion")
    if champion and champion.id == candidate.id:
        return
    holder = registry.alias_holder(name, "challenger")
    held_by = holder.id if holder else None
    state = registry.get_model(candidate.id).state  # a decision given before may be about an earlier state
    if decision.outcome == "approval_pending" == state and held_by != candidate.id:
        reason = "passed every gate and waits for approval"
        registry.set_alias(name, "challenger", candidate.id, expected=held_by, actor=ACTOR, reason=reason)
    elif decision.outcome == "refused" and held_by == candidate.id:
        registry.set_alias(name, "challenger", None, expected=held_by, actor=ACTOR, reason="refused by the gates")


def gather_evidence(workspace: Workspace, strategy_name: str, candidate: ModelVersion) -> Evidence:
    """What the stages before have measured; what they have not is unknown, and unknown passes no gate."""
    stored = stage_values(workspace, CANDIDATE, strategy_name) or {}
    recipe = stored.get("recipe")
    chain = evidence_chain(workspace, strategy_name, recipe)
    judged, traded, honest, robust = chain.judged, chain.traded, chain.honest, chain.robust
    certified = certified_leaks(workspace, strategy_name, candidate.dataset_fingerprint)
    canaries = certified_model_leaks(workspace, strategy_name, str(recipe))
    drifted = (stage_values(workspace, DRIFT, strategy_name) or {}).get("by_model", {}).get(str(candidate.id), {})
    is_known = drifted.get("status") not in (None, "insufficient_evidence")
    return Evidence(
        n_samples=judged.get("n_forecasts"),
        accuracy=judged.get("accuracy"),
        precision=judged.get("precision"),
        recall=judged.get("recall"),
        consistency=judged.get("consistency"),
        max_drawdown=traded.get("max_drawdown"),
        baseline_p_value=judged.get("baseline_p_value"),
        overfitting_gap=judged.get("overfitting_gap"),
        deflated_sharpe_ratio=honest.get("deflated_sharpe_ratio"),
        worst_regime_accuracy=robust.get("worst_regime_accuracy"),
        worst_regime=robust.get("worst_regime") or "",
        n_failed_canaries=canaries.n_leaks,
        canaries_reason="" if canaries.n_leaks == 0 else canaries.reason,
        n_leaks=certified.n_leaks,
        leaks_reason="" if certified.n_leaks == 0 else certified.reason,
        drift_share=drifted.get("drifted_share") if is_known else None,
        artifact_mb=stored.get("artifact_size_mb"),
        load_seconds=stored.get("load_seconds"),
        n_damaged_files=_n_damaged_files(workspace, candidate),
        why_unknown=_why_unknown(chain),
    )


def _n_damaged_files(workspace: Workspace, candidate: ModelVersion) -> int:
    """How many registered files are missing or changed as they lie there now, the manifest among them."""
    digests = {candidate.manifest_digest, *(file.sha256 for file in workspace.registry.artifacts(candidate.id))}
    return sum(not workspace.lake.artifacts.is_intact(digest) for digest in digests)


def _why_unknown(chain: EvidenceChain) -> dict[str, str]:
    """By gate, why its measurement is not known and which stage to run again."""
    whys = {stage: chain.traded["withheld"] for stage in (BACKTEST, HONESTY) if chain.traded.get("withheld")}
    whys |= chain.missing
    return {gate: whys[stage] for stage, gates in _READS.items() if stage in whys for gate in gates}


_READS = {
    WALK_FORWARD: (
        "sample_size", "accuracy", "precision", "recall", "consistency", "baseline_significance", "overfitting_gap",
    ),
    BACKTEST: ("max_drawdown",),
    HONESTY: ("deflated_sharpe_ratio",),
    ROBUSTNESS: ("worst_regime",),
}  # fmt: skip
"""The gates that read each stage of the chain."""


def _metrics(workspace: Workspace, strategy_name: str) -> dict[str, float | str | None]:
    stored = stage_values(workspace, CANDIDATE, strategy_name) or {}
    chain = evidence_chain(workspace, strategy_name, stored.get("recipe"))
    judged, traded, honest = chain.judged, chain.traded, chain.honest
    names = ("accuracy", "precision", "recall", "f1", "information_coefficient", "consistency", "overfitting_gap")
    metrics = {
        name: judged.get(name)
        for name in (
            *names,
            "accuracy_seed_std",
            "accuracy_by_time",
            "baseline",
            "baseline_accuracy",
            "strongest_baseline",
            "baseline_p_value",
            "verdict",
        )
    }
    metrics |= {name: traded.get(name) for name in ("sharpe_ratio", "total_return", "max_drawdown")}
    metrics |= {name: honest.get(name) for name in ("deflated_sharpe_ratio", "n_trials", "n_effective_trials", "pbo")}
    return metrics | {"recipe": stored.get("recipe"), "cuts": judged.get("cuts")}


def _describe(candidate: ModelVersion, decision: Decision) -> Produced:
    gates: Table = [
        {"gate": g.name, "value": g.value, "limit": g.limit, "passed": g.passed, "reason": g.reason}
        for g in decision.gates
    ]
    failed = [gate.name for gate in decision.gates if not gate.passed]
    return Produced(
        data_version=fingerprint_json({"model": candidate.id, "outcome": decision.outcome, "gates": gates}),
        metrics={
            "outcome": decision.outcome,
            "version": candidate.version,
            "failed_gates": len(failed),
            "failed": ", ".join(failed) or "none",
        },
        tables={"gate by gate": gates},
        plots={"Gates": _plot(decision)},
        summary={"outcome": decision.outcome, "failed": failed, "model_id": candidate.id},
    )


def _plot(decision: Decision) -> bytes:
    """PNG: how far each gate's value is from its limit, as a share of the limit; the bar's colour is the answer."""
    figure, (axis,) = new_figure(height=0.8 + 0.24 * len(decision.gates))
    for place, gate in enumerate(reversed(decision.gates)):
        if gate.value is None or gate.limit is None:
            margin = 0.0
        else:
            margin = (gate.value - gate.limit) / abs(gate.limit) if gate.limit else gate.value
            margin = abs(margin) if gate.passed else -abs(margin)
        axis.barh(place, max(min(margin, 1.0), -1.0) or 0.01, color=GREEN if gate.passed else RED)
    axis.set_yticks(range(len(decision.gates)), [gate.name for gate in reversed(decision.gates)], fontsize=8)
    axis.axvline(0.0, color="#1f2933", linewidth=0.8)
    axis.set_xlim(-1.05, 1.05)
    axis.set_xlabel("distance from the limit, as a share of it (left of the line: not passed)", fontsize=8)
    axis.set_title(decision.outcome.replace("_", " "), fontsize=9, loc="left")
    return as_png(figure)
