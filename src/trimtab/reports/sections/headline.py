"""The head of the page: which model, the verdict and why, and the numbers to remember."""

from __future__ import annotations

from trimtab.reports.blocks import tile
from trimtab.reports.evidence import (
    INSUFFICIENT,
    Document,
    ModelEvidence,
    at,
    best_baseline,
    drifted_share,
    interval_of,
    named_baseline,
    strongest_baseline,
)
from trimtab.reports.markup import Markup, tag
from trimtab.reports.sections.against import against
from trimtab.reports.verdict import Verdict, too_few_judged, verdict_of
from trimtab.reports.wording import DASH, counted, day, is_known, number, percent, probability, words


def headline(evidence: ModelEvidence) -> Markup:
    """Verdict first, then the tiles, then what speaks against it."""
    verdict = verdict_of(evidence)
    name = tag("h1", evidence.strategy, " ", tag("span", evidence.version, class_="version"))
    about = tag("p", evidence.description, class_="about") if evidence.description else ""
    doubts = against(evidence) if verdict.tone != "bad" else ""  # a refused version has its reasons already
    return tag(
        "header", tag("p", "Model report", class_="kind"), name, about, _verdict(verdict, evidence), tiles(evidence), doubts
    )  # fmt: skip


def _verdict(verdict: Verdict, evidence: ModelEvidence) -> Markup:
    sign = tag("span", verdict.sign, class_="sign", aria_hidden=True)
    word = tag("p", sign, verdict.word, class_="word")
    why = [tag("li", reason) for reason in verdict.reasons]
    reasons = [tag("p", "Why:", class_="why"), tag("ul", *why)] if why else []
    decided = (evidence.decision or {}).get("decided")
    state = f"State: {words(evidence.state)}" + (f" · decided {day(decided)}" if decided else "")
    return tag(
        "div", word, tag("div", tag("p", verdict.lead, class_="lead"), *reasons, tag("p", state, class_="state")),
        class_=f"verdict {verdict.tone}",
    )  # fmt: skip


def tiles(evidence: ModelEvidence) -> Markup:
    """The key figures, each with its interval and what it is compared with."""
    made = (_accuracy, _sharpe, _deflated, _drawdown, _p_value, _drift)
    return tag("div", *[make(evidence) for make in made], class_="tiles")


def _accuracy(evidence: ModelEvidence) -> Markup:
    judged, best = evidence.document("walk_forward"), best_baseline(evidence)
    row = interval_of(judged, "accuracy")
    beside = f"{percent(best['baseline_accuracy'])} {named_baseline(best)}" if best else ""
    value = percent(at(judged, "pooled", "accuracy"))
    return tile("Right, on unseen data", value, _between(row, percent), beside, tone=_tone(evidence, "accuracy"))


def _sharpe(evidence: ModelEvidence) -> Markup:
    traded = evidence.document("backtest")
    held = at(traded, "benchmark", "sharpe_ratio")
    beside = f"{number(held)} buy and hold" if is_known(held) else ""
    value = number(at(traded, "metrics", "sharpe_ratio"))
    return tile("Sharpe ratio, after costs", value, _between(interval_of(traded, "sharpe_ratio"), number), beside)


def _deflated(evidence: ModelEvidence) -> Markup:
    honest = evidence.document("honesty")
    convention = at(honest, "conventions", "gate") or "classic"
    value = probability(at(honest, "deflated_sharpe_ratio", convention))
    n_trials = at(honest, "trials", "n_trials")
    beside = f"after {counted(n_trials, 'trial')}" if is_known(n_trials) else ""
    why = "not measured" if not honest else ""
    return tile(
        "Deflated Sharpe ratio", value, beside or why, _limit(evidence, "deflated_sharpe_ratio", "at least", number),
        tone=_tone(evidence, "deflated_sharpe_ratio"),
    )  # fmt: skip


def _drawdown(evidence: ModelEvidence) -> Markup:
    value = at(evidence.document("backtest"), "metrics", "max_drawdown")
    held = at(evidence.document("backtest"), "benchmark", "max_drawdown")
    beside = f"{percent(-abs(held))} buy and hold" if is_known(held) else ""
    shown = percent(-abs(value)) if is_known(value) else DASH
    limit = _limit(evidence, "max_drawdown", "at most", lambda v: percent(v, 0))
    return tile("Largest loss from a peak", shown, limit, beside, tone=_tone(evidence, "max_drawdown"))


def _p_value(evidence: ModelEvidence) -> Markup:
    strongest = strongest_baseline(evidence)
    label = f"p-value, if it were no better than {named_baseline(strongest)}"
    limit = _limit(evidence, "baseline_significance", "at most", number)
    value = probability(strongest.get("p_value"))
    return tile(label, value, limit, tone=_tone(evidence, "baseline_significance"))


def _drift(evidence: ModelEvidence) -> Markup:
    limit = _limit(evidence, "drift_share", "at most", lambda v: percent(v, 0))
    value, said = _drifted(evidence.document("drift"))
    return tile("Features that drifted", value, said, limit, tone=_tone(evidence, "drift_share"))


def _drifted(drift: Document) -> tuple[str, str]:
    """The share that drifted, and of how many features that is said."""
    if drift.get("status") == INSUFFICIENT:
        return "not known", too_few_judged(drift)
    judged = drift.get("judged_share")
    among = f"; {percent(judged, 0)} of the features could be judged" if is_known(judged) and judged < 1 else ""
    return percent(drifted_share(drift)), words(drift.get("status") or "not measured") + among


def _between(row: object, write: object) -> str:
    if not isinstance(row, dict) or not is_known(row.get("low")) or not callable(write):
        return ""
    return f"{write(row['low'])} to {write(row['high'])} ({percent(row.get('confidence', 0.95), 0)} interval)"


def _gate(evidence: ModelEvidence, name: str) -> dict[str, object]:
    return next((dict(gate) for gate in evidence.gates if gate["name"] == name), {})


def _limit(evidence: ModelEvidence, name: str, relation: str, write: object) -> str:
    limit = _gate(evidence, name).get("limit")
    return f"gate: {relation} {write(limit)}" if is_known(limit) and callable(write) else ""


def _tone(evidence: ModelEvidence, name: str) -> str:
    gate = _gate(evidence, name)
    return "" if not gate else "good" if gate["passed"] else "bad"
