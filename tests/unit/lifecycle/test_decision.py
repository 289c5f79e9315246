"""A candidate is judged once per evidence, in one transaction, with every gate kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.registries import make_candidate, register

from trimtab.config.strategy import Gates
from trimtab.errors import ConflictError
from trimtab.lifecycle.decision import decide
from trimtab.lifecycle.evidence import Evidence
from trimtab.lifecycle.gates import GATES
from trimtab.lifecycle.states import move
from trimtab.registry.models import ModelVersion
from trimtab.registry.repository import Registry

GOOD = Evidence(
    n_samples=900, accuracy=0.71, precision=0.7, recall=0.7, consistency=0.9, max_drawdown=0.1, baseline_p_value=0.001,
    overfitting_gap=0.05, deflated_sharpe_ratio=0.98, worst_regime_accuracy=0.6, n_leaks=0, n_failed_canaries=0,
    drift_share=0.1, artifact_mb=1.5, load_seconds=0.02, n_damaged_files=0,
)  # fmt: skip
BAD = replace(GOOD, accuracy=0.51, baseline_p_value=None)
LIMITS = Gates()


def _fresh(registry: Registry, model: ModelVersion) -> ModelVersion:
    return registry.get_model(model.id)


def test_a_candidate_that_passes_every_gate_waits_for_approval(registry: Registry) -> None:
    (model,) = register(registry, "first")
    decision = decide(model, GOOD, LIMITS, registry, actor="pipeline")
    assert (decision.outcome, decision.state, decision.passed, decision.reasons) == (
        "approval_pending",
        "approval_pending",
        True,
        (),
    )
    assert len(decision.gates) == len(GATES)
    moves = [(t.from_state, t.to_state, t.actor, t.reason) for t in registry.transitions(model.id)[1:]]
    assert moves == [
        ("draft", "validation", "pipeline", "judged by the gates"),
        ("validation", "approval_pending", "pipeline", "passed every gate"),
    ]
    assert registry.latest_decision(strategy="demo") == decision
    assert registry.strategy("demo").state == "approval_pending"
    assert registry.verify_audit() is None


def test_a_candidate_that_fails_is_refused_with_every_reason(registry: Registry) -> None:
    (model,) = register(registry, "first")
    decision = decide(model, BAD, LIMITS, registry, actor="pipeline")
    assert (decision.outcome, decision.state) == ("refused", "rejected")
    assert decision.reasons == (
        "walk-forward accuracy is 0.51, below the minimum of 0.65",
        "insufficient evidence: the p-value against the strongest baseline is not known",
    )
    assert registry.transitions(model.id)[-1].reason == "failed gates: accuracy, baseline_significance"


def test_deciding_again_on_the_same_evidence_gives_the_same_decision_and_no_new_row(registry: Registry) -> None:
    (model,) = register(registry, "first")
    first = decide(model, GOOD, LIMITS, registry, actor="pipeline")
    before = registry.audit_head()
    assert decide(model, GOOD, LIMITS, registry, actor="pipeline") == first
    assert decide(_fresh(registry, model), GOOD, LIMITS, registry, actor="another run") == first
    # A load time is never measured twice the same; only its verdict counts.
    assert decide(_fresh(registry, model), replace(GOOD, load_seconds=0.03), LIMITS, registry, actor="p") == first
    assert registry.audit_head() == before


def test_new_evidence_or_other_limits_judge_a_version_again(registry: Registry) -> None:
    (model,) = register(registry, "first")
    decide(model, BAD, LIMITS, registry, actor="p")
    again = decide(_fresh(registry, model), GOOD, LIMITS, registry, actor="p")
    assert (again.number, again.outcome, again.state) == (2, "approval_pending", "approval_pending")
    strict = decide(_fresh(registry, model), GOOD, Gates(min_accuracy=0.9), registry, actor="p")
    assert (strict.number, strict.outcome, strict.state) == (3, "refused", "rejected")
    slow = decide(_fresh(registry, model), replace(GOOD, load_seconds=9.0), LIMITS, registry, actor="p")
    assert (slow.number, slow.outcome) == (4, "refused")
    assert [decision.number for decision in registry.decisions(model_id=model.id)] == [4, 3, 2, 1]


def test_a_decision_on_a_version_somebody_else_moved_is_refused_and_stores_nothing(registry: Registry) -> None:
    (model,) = register(registry, "first")
    move(registry, model, "archived", actor="ada", reason="withdrawn")
    before = registry.audit_head()
    with pytest.raises(ConflictError, match="in state 'archived', not 'draft'"):
        decide(model, GOOD, LIMITS, registry, actor="pipeline")
    assert registry.audit_head() == before
    assert registry.latest_decision(model_id=model.id) is None


def test_a_stale_reading_of_an_approved_version_is_refused_too(registry: Registry) -> None:
    (model,) = register(registry, "first")
    decide(model, GOOD, LIMITS, registry, actor="p")
    approved = move(registry, _fresh(registry, model), "approved", actor="ada", reason="r")
    move(registry, approved, "archived", actor="ada", reason="withdrawn")
    with pytest.raises(ConflictError, match="in state 'archived', not 'approved'"):
        decide(approved, BAD, LIMITS, registry, actor="p")


def test_refusing_a_challenger_leaves_the_champion_and_the_strategy_as_they_are(registry: Registry) -> None:
    (champion,) = register(registry, "first")
    decide(champion, GOOD, LIMITS, registry, actor="p")
    for state in ("approved", "deployment_pending", "deployed"):
        move(registry, _fresh(registry, champion), state, actor="ada", reason="r")
    registry.set_alias("demo", "champion", champion.id, expected=None, actor="ada", reason="r")
    challenger = registry.register_model(make_candidate("second"), "p")
    assert decide(challenger, BAD, LIMITS, registry, actor="p").state == "rejected"
    record = registry.strategy("demo")
    assert (record.state, record.champion_id) == ("deployed", champion.id)


def test_a_deployed_version_judged_again_keeps_its_state(registry: Registry) -> None:
    (model,) = register(registry, "first")
    decide(model, GOOD, LIMITS, registry, actor="p")
    move(registry, _fresh(registry, model), "approved", actor="ada", reason="r")
    decision = decide(_fresh(registry, model), BAD, LIMITS, registry, actor="p")
    assert (decision.outcome, decision.state, decision.passed) == ("kept", "approved", False)
    assert len(decision.reasons) == 2
