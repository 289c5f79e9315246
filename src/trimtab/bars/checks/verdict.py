"""What the checks say: a verdict per bar, and findings with their reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Severity = Literal["quarantine", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing a check found.

    Attributes
    ----------
    check: name of the check, such as `duplicate_time`.
    event_time: of the bar, or of the first absent bar of a gap; NaT where the bar has no time.
    severity: "quarantine" keeps the bar out of the store, "warning" only says so.
    detail: what was seen, for a person.
    index: position of the bar among the judged bars; -1 where the finding is about absent bars.
    """

    check: str
    event_time: np.datetime64
    severity: Severity
    detail: str
    index: int


@dataclass(frozen=True)
class Verdict:
    """The verdict on some bars.

    Attributes
    ----------
    accepted: bool, one per bar in the order given: nothing asks for its quarantine.
    findings: in order of the bars, those about absent bars by their time.
    """

    accepted: np.ndarray
    findings: tuple[Finding, ...]

    @property
    def flagged(self) -> np.ndarray:
        """Bool, one per bar: accepted with a warning. A gap is about absent bars and flags none."""
        flagged = np.zeros(len(self.accepted), bool)
        flagged[[f.index for f in self.findings if f.severity == "warning" and f.index >= 0]] = True
        return flagged & self.accepted

    def of(self, check: str) -> list[Finding]:
        """The findings of one check."""
        return [finding for finding in self.findings if finding.check == check]


def findings_at(
    check: str, severity: Severity, event_time: np.ndarray, rows: np.ndarray, details: list[str] | str
) -> list[Finding]:
    """One finding per row; `details` is one text for all or one per row."""
    texts = [details] * len(rows) if isinstance(details, str) else details
    return [Finding(check, event_time[row], severity, text, int(row)) for row, text in zip(rows, texts, strict=True)]
