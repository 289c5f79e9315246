"""Does it know the future? The certificate of its data, and the one of its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.blocks import card, cards, folded, label_of, not_measured, section, table
from trimtab.reports.evidence import ModelEvidence, rows
from trimtab.reports.markup import Markup, escaped, tag
from trimtab.reports.wording import number, probability, sentence

KINDS = {
    "must_vanish": "skill must vanish",
    "must_appear": "skill must appear",
    "audit": "audit",
}


def leaks(evidence: ModelEvidence) -> Markup:
    """Both certificates."""
    shown = cards(_of_data(evidence), _of_training(evidence))
    return section("leaks", "Does it know the future?", shown, lede=_lede(evidence))


def _lede(evidence: ModelEvidence) -> str:
    known = [evidence.document("dataset_leaks").get("n_leaks"), evidence.document("model_leaks").get("n_failed")]
    if any(known):
        return "Something was found; the reason stands below."
    if None in known:
        return "Not everything could be checked, so it is not ruled out."
    return "No leak was found in its data, and no canary failed in its training."


def _of_data(evidence: ModelEvidence) -> Markup:
    found, title = evidence.document("dataset_leaks"), "Its data"
    if not found:
        return card(title, not_measured("The leak certificate", evidence.why("dataset_leaks")))
    columns = {"what": "What", "checked": "Checked", "unchecked": "Not checked", "leaks": "Leaks"}
    planted = {"leak": "Planted leak", "planted": "Planted", "caught": "Caught"}
    parts: list[Any] = [_verdict(found.get("n_leaks"), str(found.get("reason") or ""))]
    parts += (
        [folded("What was certified", table(_summed(rows(found, "items")), columns, "What was certified"))]
        if rows(found, "items")
        else []
    )
    parts += (
        [folded("Leaks planted to test the test", table(rows(found, "planted"), planted, "Leaks planted"))]
        if rows(found, "planted")
        else []
    )
    return card(title, *parts, wide=True)


def _summed(items: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the certificate over all places, by what was checked."""
    totals: dict[str, dict[str, Any]] = {}
    for row in items:
        total = totals.setdefault(str(row.get("what")), {"checked": 0, "unchecked": 0, "leaks": 0})
        for name in total:
            total[name] += int(row.get(name) or 0)
    return [{"what": label_of(what), **total} for what, total in totals.items()]


def _of_training(evidence: ModelEvidence) -> Markup:
    found, title = evidence.document("model_leaks"), "Its training"
    if not found:
        return card(title, not_measured("The canaries of the training", evidence.why("model_leaks")))
    shown = [
        {
            "verdict": _pill(each.get("passed")), "what": _said(each),
            "kind": KINDS.get(str(each.get("kind")), str(each.get("kind"))), "skill": _skill(each),
            "p": probability(each.get("p_value")),
        }
        for each in rows(found, "canaries")
    ]  # fmt: skip
    columns: dict[str, Any] = {
        "verdict": "Verdict",
        "what": "Canary",
        "kind": "Expected",
        "skill": "Skill found (what luck gives)",
        "p": "p",
    }
    return card(
        title,
        _verdict(found.get("n_failed"), str(found.get("reason") or "")),
        table(shown, columns, "Canaries"),
        wide=True,
    )


def _said(canary: Mapping[str, Any]) -> Markup:
    """The canary, and below it what came of it."""
    said = tag("span", sentence(canary.get("sentence") or canary.get("what") or ""), class_="under")
    return Markup(escaped(label_of(canary.get("name"))) + said)


def _skill(canary: Mapping[str, Any]) -> str:
    low, high = number(canary.get("low"), 3), number(canary.get("high"), 3)
    between = f" ({low} to {high})" if canary.get("low") is not None else ""
    return f"{number(canary.get('skill'), 3)}{between}"


def _pill(passed: Any) -> Markup:
    if passed is None:
        return tag("span", "? unknown", class_="pill")
    return tag("span", "✓ as it should" if passed else "✕ failed", class_=f"pill {'good' if passed else 'bad'}")


def _verdict(n_found: Any, reason: str) -> Markup:
    tone = "open" if n_found is None else "bad" if n_found else "good"
    sign = {"open": "?", "bad": "✕", "good": "✓"}[tone]
    return tag("p", tag("span", sign, aria_hidden=True, class_="sign"), " ", sentence(reason), class_=f"said {tone}")
