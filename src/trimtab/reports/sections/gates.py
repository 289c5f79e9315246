"""Every gate: what was asked, what was measured, and the verdict."""

from __future__ import annotations

from typing import Any

from trimtab.reports.blocks import folded, label_of, not_measured, section, table
from trimtab.reports.evidence import ModelEvidence
from trimtab.reports.markup import Markup, escaped, tag
from trimtab.reports.wording import counted, number, sentence, spelled

COLUMNS = {"verdict": "Verdict", "gate": "Gate", "value": "Measured", "limit": "Limit"}


def gates(evidence: ModelEvidence) -> Markup:
    """Those that failed first, each with its sentence; those that passed folded, but for a version that failed some."""
    if not evidence.gates:
        return section("gates", "Gates", not_measured("Gates", "nobody has decided about this version yet"))
    failed = len(evidence.failed)
    lede = f"{number(failed)} of {len(evidence.gates)} gates failed." if failed else "Every gate passed."
    columns: dict[str, Any] = dict(COLUMNS)
    passed = [_row(gate) for gate in evidence.gates if gate["passed"]]
    shown = table([_row(gate) for gate in evidence.failed], columns, "Gates that failed") if failed else ""
    listed = table(passed, columns, "Gates that passed") if passed else ""
    rest = folded(f"{counted(len(passed), 'gate')} passed", listed, is_open=bool(failed))
    return section("gates", "Gates", tag("div", shown, rest, class_="card"), lede=lede)


def _row(gate: Any) -> dict[str, Any]:
    verdict, look = ("✓ passed", "good") if gate["passed"] else ("✕ failed", "bad")
    return {
        "verdict": tag("span", verdict, class_=f"pill {look}"),
        "gate": _named(gate),
        "value": spelled(gate.get("value")),
        "limit": spelled(gate.get("limit")),
    }


def _named(gate: Any) -> Any:
    """The gate, and where it failed the registry's sentence below it."""
    if gate["passed"] or not gate.get("reason"):
        return label_of(gate["name"])
    return Markup(escaped(label_of(gate["name"])) + tag("span", sentence(gate["reason"]), class_="under"))
