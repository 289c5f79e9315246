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


@dataclass(frozen=True)
class CheckLimits:
    """Where a check begins to object. Defaults were chosen on real equity and crypto bars.

    Attributes
    ----------
    price_noise: relative violation of high and low that is rounding, not an error: exports that
        multiply prices with a factor are off by up to 1e-7.
    duplicate_range: relative difference of high and low up to which two rows of one time, with the
        same open and close, are the same bar told twice; beyond, they contradict each other.
    stale_bars: consecutive bars equal in all prices and volume that make a stale run.
    window: returns on either side of a bar whose median and MAD say what is usual there.
    spike_sigmas, spike_return: a spike leaves by this many robust sigmas and by this log return ...
    spike_reversal: ... and comes back so far that at most this share of it remains.
    split_sigmas: a jump must be this many robust sigmas to be a suspected split.
    split_tolerance: log distance to a usual split ratio, plus one robust sigma.
    unit_tolerance: log distance of a jump to 100 or 1/100.
    unit_bars: longest stretch in another unit; a longer one is a new level and only flagged.
    usual_zero_volume: share of bars without volume above which such bars are usual.
    """

    price_noise: float = 1e-6
    duplicate_range: float = 0.01
    stale_bars: int = 5
    window: int = 30
    spike_sigmas: float = 12.0
    spike_return: float = 0.10
    spike_reversal: float = 0.25
    split_sigmas: float = 10.0
    split_tolerance: float = 0.06
    unit_tolerance: float = 0.35
    unit_bars: int = 60
    usual_zero_volume: float = 0.01


def findings_at(
    check: str, severity: Severity, event_time: np.ndarray, rows: np.ndarray, details: list[str] | str
) -> list[Finding]:
    """One finding per row; `details` is one text for all or one per row."""
    texts = [details] * len(rows) if isinstance(details, str) else details
    return [Finding(check, event_time[row], severity, text, int(row)) for row, text in zip(rows, texts, strict=True)]
