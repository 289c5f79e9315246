"""Every gate: what was asked, what was measured, and the verdict."""

from __future__ import annotations

from typing import Any

from trimtab.reports.blocks import label_of, not_measured, section, table
from trimtab.reports.evidence import ModelEvidence
from trimtab.reports.markup import Markup, tag
from trimtab.reports.wording import number, sentence, spelled

COLUMNS = {"verdict": "Verdict", "gate": "Gate", "value": "Measured", "limit": "Limit", "reason": "In words"}


def gates(evidence: ModelEvidence) -> Markup:
    """The table of gates, in the order of the decision."""
    if not evidence.gates:
        return section("gates", "Gates", not_measured("Gates", "nobody has decided about this version yet"))
    failed = len(evidence.failed)
    lede = f"{number(failed)} of {len(evidence.gates)} gates failed." if failed else "Every gate passed."
    rows = [_row(gate) for gate in evidence.gates]
    columns: dict[str, Any] = dict(COLUMNS)
    return section(
        "gates", "Gates", tag("div", table(rows, columns, "Gates of this decision"), class_="card"), lede=lede
    )


def _row(gate: Any) -> dict[str, Any]:
    verdict, look = ("✓ passed", "good") if gate["passed"] else ("✕ failed", "bad")
    return {
        "verdict": tag("span", verdict, class_=f"pill {look}"),
        "gate": label_of(gate["name"]),
        "value": spelled(gate.get("value")),
        "limit": spelled(gate.get("limit")),
        "reason": sentence(gate.get("reason") or ""),
    }
