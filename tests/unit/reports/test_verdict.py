from __future__ import annotations

import pytest
from fakes import evidence_documents as made

from trimtab.config.strategy import Gates
from trimtab.lifecycle.evidence import Evidence
from trimtab.lifecycle.gates import GATES, evaluate_gates
from trimtab.reports.verdict import reason_of, verdict_of
from trimtab.reports.wording import NARROW


def said(text: str) -> str:
    return text.replace(NARROW, " ")


def test_the_refused_version_says_why_in_words_and_a_sentence_for_every_failed_gate() -> None:
    verdict = verdict_of(made.evidence())
    assert (verdict.word, verdict.tone) == ("Refused", "bad")
    assert said(verdict.lead) == (
        "It is right 50.8 % of the time, which is no better than always saying the commoner class (51.1 %); "
        "it fails 4 of 6 gates."
    )
    assert [said(reason) for reason in verdict.reasons] == [
        "Being right 50.8 % of the time is too little; at least 65 % is asked for.",
        "When it says yes, it is right 51.9 % of the time; at least 60 % is asked for.",
        "A simple rule, always saying the commoner class, does as well or better, so there is no skill to trust (p = 0.594; at most 5 % is allowed).",
        "Insufficient evidence: the share of drifted features is not known.",
    ]


def test_a_version_that_passed_still_needs_a_person() -> None:
    verdict = verdict_of(made.approved())
    assert (verdict.word, verdict.tone, verdict.reasons) == ("Passed", "good", ())
    assert verdict.lead.endswith("it passes all 6 gates. A person must still approve it.")


def test_a_version_that_is_approved_already_does_not_ask_for_approval() -> None:
    verdict = verdict_of(made.evidence(decision=made.approved_decision(), state="approved"))
    assert "must still approve" not in verdict.lead


def test_a_version_that_was_kept_says_that_only_a_person_moves_it() -> None:
    kept = made.refused_decision() | {"outcome": "kept"}
    verdict = verdict_of(made.evidence(decision=kept, state="production"))
    assert (verdict.word, verdict.tone) == ("Kept", "bad")
    assert "only a person changes" in verdict.lead


def test_a_lead_that_luck_may_explain_is_not_called_better() -> None:
    judged = made.walk_forward()
    for name in ("majority", "strongest"):
        judged["baselines"][name] = judged["baselines"][name] | {"baseline_accuracy": 0.506, "p_value": 0.3}
    assert "is not clearly better than" in verdict_of(made.evidence(documents={"walk_forward": judged})).lead


def test_nothing_decided_and_nothing_measured_is_undecided() -> None:
    verdict = verdict_of(made.nothing_measured())
    assert (verdict.word, verdict.tone, verdict.reasons) == ("Undecided", "open", ())


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_every_gate_there_is_gives_a_whole_sentence_when_it_fails(gate: object) -> None:
    bad = Evidence(
        n_samples=5, accuracy=0.1, precision=0.1, recall=0.1, consistency=0.1, baseline_p_value=0.9, overfitting_gap=0.9,
        max_drawdown=0.9, n_leaks=3, leaks_reason="rsi_7 leaks", drift_share=0.9, artifact_mb=1e4, load_seconds=1e4,
        n_damaged_files=2, deflated_sharpe_ratio=0.1, worst_regime_accuracy=0.1, worst_regime="high volatility",
        n_failed_canaries=1, canaries_reason="permuted labels were learnt",
    )  # fmt: skip
    found = next(g for g in evaluate_gates(bad, Gates()) if g.name == gate.__name__)  # type: ignore[attr-defined]
    assert not found.passed
    reason = reason_of(vars(found), made.nothing_measured())
    assert reason[0].isupper()
    assert reason.endswith(".")
    assert "{" not in reason
    assert "_" not in reason.replace("rsi_7", "")
