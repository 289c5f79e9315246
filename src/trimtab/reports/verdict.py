"""The verdict in words a person would use: one word, one sentence, and a sentence for every gate that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.reports.evidence import (
    INSUFFICIENT,
    ModelEvidence,
    at,
    best_baseline,
    named_baseline,
    strongest_baseline,
)
from trimtab.reports.wording import is_known, number, percent, probability, sentence

Gate = Mapping[str, Any]
PASSED_STATES = frozenset({"approved", "staging", "production", "champion", "deployed", "canary", "shadow"})


@dataclass(frozen=True)
class Verdict:
    """The verdict about one version.

    Attributes
    ----------
    word: one word.
    tone: "good", "bad" or "open"; what the colour says. The word and the sign say it too.
    sign: a character that stands for the tone.
    lead: one sentence.
    reasons: a sentence for every gate that failed.
    """

    word: str
    tone: str
    sign: str
    lead: str
    reasons: tuple[str, ...]


def verdict_of(evidence: ModelEvidence) -> Verdict:
    """What was decided and why."""
    reasons = tuple(reason_of(gate, evidence) for gate in evidence.failed)
    outcome = str((evidence.decision or {}).get("outcome") or "")
    if outcome == "refused":
        return Verdict("Refused", "bad", "✕", _lead(evidence), reasons)
    if outcome == "approval_pending":
        return Verdict("Passed", "good", "✓", f"{_lead(evidence)} {_next_step(evidence)}".strip(), reasons)
    if outcome:
        tone, sign = ("bad", "✕") if reasons else ("good", "✓")
        after = f" It was judged again in the state {evidence.state}, which only a person changes."
        return Verdict(outcome.capitalize(), tone, sign, _lead(evidence) + after, reasons)
    return Verdict("Undecided", "open", "?", "Nobody has decided about this version yet. " + _skill(evidence), ())


def _next_step(evidence: ModelEvidence) -> str:
    return "A person must still approve it." if evidence.state == "approval_pending" else ""


def _lead(evidence: ModelEvidence) -> str:
    failed, total = len(evidence.failed), len(evidence.gates)
    ending = f"fails {failed} of {total} gates" if failed else f"passes all {total} gates"
    skill = _skill(evidence).rstrip(".")
    return f"{skill}; it {ending}." if skill else f"It {ending}."


def _skill(evidence: ModelEvidence) -> str:
    """How often it is right, beside the simple rule that is right most often."""
    accuracy, best = at(evidence.document("walk_forward"), "pooled", "accuracy"), best_baseline(evidence)
    if not is_known(accuracy):
        return ""
    right = f"It is right {percent(accuracy)} of the time"
    if not best:
        return f"{right}."
    share, name = percent(best["baseline_accuracy"]), named_baseline(best)
    p_value = best.get("p_value")
    if accuracy <= best["baseline_accuracy"]:
        return f"{right}, which is no better than {name} ({share})."
    if is_known(p_value) and p_value > 0.05:
        return f"{right}, which is not clearly better than {name} ({share})."
    return f"{right}, against {share} for {name}."


def reason_of(gate: Gate, evidence: ModelEvidence) -> str:
    """Why a gate did not pass, for somebody who has never heard of gates.

    A gate without a sentence of its own, and one that nobody could measure, gives the registry's reason.
    """
    say = _REASONS.get(str(gate["name"]))
    drift = evidence.document("drift")
    if gate["name"] == "drift_share" and gate.get("value") is None and drift.get("status") == INSUFFICIENT:
        return f"Whether the market has changed since it was trained is not known: {too_few_judged(drift)}."
    if say is None or not is_known(gate.get("value")) or not is_known(gate.get("limit")):
        return sentence(gate.get("reason") or gate["name"])
    return say(gate, evidence)


def _shares(text: str) -> Callable[[Gate, ModelEvidence], str]:
    """A sentence about a share and its limit."""
    return lambda gate, _: text.format(value=percent(gate["value"]), limit=percent(gate["limit"], 0))


def _luck(gate: Gate, evidence: ModelEvidence) -> str:
    asked, strongest = f"at most {percent(gate['limit'], 0)} is allowed", strongest_baseline(evidence)
    rule, lead = named_baseline(strongest), strongest.get("difference")
    if is_known(lead) and lead <= 0:
        does = "A simple rule does" if not strongest.get("baseline") else f"A simple rule, {rule}, does"
        return f"{does} as well or better, so there is no skill to trust (p = {probability(gate['value'])}; {asked})."
    return f"If it were no better than {rule}, such a lead would still come up with probability {percent(gate['value'])}; {asked}."


def too_few_judged(drift: Mapping[str, Any]) -> str:
    """Why nothing is said about drift."""
    share = drift.get("judged_share")
    if not is_known(share):
        return "too few of its features could be judged"
    return f"only {percent(share, 0)} of its features could be judged, and half are needed"


def _gap(gate: Gate, _: ModelEvidence) -> str:
    return (
        f"It has learnt by heart: on data it was trained on it is right {percent(gate['value'])} more often than on "
        f"new data; at most {percent(gate['limit'], 0)} is allowed."
    )


def _few(gate: Gate, _: ModelEvidence) -> str:
    return f"Only {number(int(gate['value']))} forecasts could be checked; at least {number(int(gate['limit']))} are needed."


def _leaks(gate: Gate, _: ModelEvidence) -> str:
    return f"It may know the future: {sentence(gate.get('reason'))}"


_REASONS: dict[str, Callable[[Gate, ModelEvidence], str]] = {
    "sample_size": _few,
    "accuracy": _shares("Being right {value} of the time is too little; at least {limit} is asked for."),
    "precision": _shares("When it says yes, it is right {value} of the time; at least {limit} is asked for."),
    "recall": _shares("It finds {value} of the cases it should find; at least {limit} is asked for."),
    "consistency": _shares("It is not equally good in every period: consistency {value}; at least {limit} is asked for."),
    "baseline_significance": _luck,
    "overfitting_gap": _gap,
    "deflated_sharpe_ratio": _shares(
        "After counting everything that was tried, its Sharpe ratio is more than luck with probability {value}; "
        "at least {limit} is asked for."
    ),
    "worst_regime": _shares("In the kind of market that suits it least it is right {value} of the time; at least {limit} is asked for."),
    "max_drawdown": _shares("Traded, it would have lost {value} from its highest point; at most {limit} is allowed."),
    "leak_certificate": _leaks,
    "model_certificate": _leaks,
    "drift_share": _shares("The market has changed since it was trained: {value} of its features have drifted; at most {limit} is allowed."),
}  # fmt: skip
