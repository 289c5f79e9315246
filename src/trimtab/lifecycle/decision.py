"""The decision about a candidate: all gates, one outcome, one transaction."""

from __future__ import annotations

from trimtab.config.strategy import Gates
from trimtab.lifecycle.evidence import Evidence
from trimtab.lifecycle.gates import evaluate_gates
from trimtab.lifecycle.states import check_move
from trimtab.registry.decisions import Decision, GateResult, Verdict
from trimtab.registry.models import ModelVersion
from trimtab.registry.repository import Registry

# In these states a version is still being judged; later only people and monitoring move it.
JUDGED_STATES = ("draft", "validation", "approval_pending", "rejected")


def decide(candidate: ModelVersion, evidence: Evidence, limits: Gates, registry: Registry, *, actor: str) -> Decision:
    """Judge a candidate and move it to "approval_pending" or "rejected".

    The outcome is "approval_pending" when every gate passes, else "refused". Moves, gates and
    decision are stored in one transaction. The same evidence and limits as in the last decision
    about this version give that decision back and store nothing. A version that is approved or
    deployed already is judged and the decision stored, but its state is "kept": only a person,
    a rollback or monitoring changes it. Refusing a challenger therefore leaves the champion alone.

    Raises `ConflictError` when somebody moved the version since `candidate` was read.
    """
    gates = evaluate_gates(evidence, limits)
    verdict = Verdict(
        outcome=_outcome(candidate, gates),
        gates=gates,
        evidence=evidence.to_json(),
        limits=limits.model_dump(mode="json"),
        moves=_moves(candidate, gates),
        volatile=("load_seconds",),
    )
    return registry.record_decision(candidate.id, verdict, expected_state=candidate.state, actor=actor)


def _outcome(candidate: ModelVersion, gates: tuple[GateResult, ...]) -> str:
    if candidate.state not in JUDGED_STATES:
        return "kept"
    return "approval_pending" if all(gate.passed for gate in gates) else "refused"


def _moves(candidate: ModelVersion, gates: tuple[GateResult, ...]) -> list[tuple[str, str]]:
    if candidate.state not in JUDGED_STATES:
        return []
    failed = [gate.name for gate in gates if not gate.passed]
    to, reason = (
        ("rejected", f"failed gates: {', '.join(failed)}") if failed else ("approval_pending", "passed every gate")
    )
    path = [(to, reason)] if candidate.state == "validation" else [("validation", "judged by the gates"), (to, reason)]
    state = candidate.state
    for step, _ in path:
        check_move(state, step)
        state = step
    return path
