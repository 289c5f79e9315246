"""What the model looks at."""

from __future__ import annotations

from trimtab.reports.blocks import card, cards, not_measured, section
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.evidence import ModelEvidence
from trimtab.reports.markup import Markup
from trimtab.reports.wording import is_known, percent

SHOWN = 7


def importance(evidence: ModelEvidence) -> Markup:
    """The few most important features, by the model itself and by shuffling them."""
    title = "What it looks at"
    found = [_ranked(evidence, kind) for kind in ("native", "permutation")]
    if not any(found):
        why = "this model reports no importance, and shuffling its features was not tried"
        return section("importance", title, not_measured("Importance", why))
    names = ("As the model says", "When the feature is shuffled")
    notes = (
        "Share of all importance that the model reports itself.",
        "Share of the loss of skill when a feature is shuffled together with those that move alike; nought means that it is not missed.",
    )
    shown = [
        card(
            name, tracks(rows, Look(percent, 0.0, bars=True, heading="Feature", value_heading="Share"), name), note=note
        )
        for name, note, rows in zip(names, notes, found, strict=True)
        if rows
    ]
    return section("importance", title, cards(*shown))


def _ranked(evidence: ModelEvidence, kind: str) -> list[Track]:
    known = [row for row in evidence.importance if is_known(row.get(kind))]
    ranked = sorted(known, key=lambda row: (-row[kind], str(row.get("feature"))))[:SHOWN]
    return [Track(str(row.get("feature")), row[kind]) for row in ranked]
