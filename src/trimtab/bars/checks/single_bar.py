"""Checks that need one bar and nothing else."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import PRICES, Bars
from trimtab.config.quality import CheckLimits

_NUMBERS = (*PRICES, "volume", "factor")


def check_single_bars(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """missing_time, missing_value, non_positive_price, negative_volume, inconsistent_ohlc."""
    return [
        *_missing_time(bars),
        *_missing_value(bars),
        *_non_positive_price(bars),
        *_negative_volume(bars),
        *_inconsistent_ohlc(bars, limits.price_noise),
    ]


def is_complete(bars: Bars) -> np.ndarray:
    """Bool per bar: it has a time and every number is finite."""
    complete = ~np.isnat(bars.event_time)
    for name in _NUMBERS:
        complete &= np.isfinite(getattr(bars, name))
    return complete


def _missing_time(bars: Bars) -> list[Finding]:
    rows = np.flatnonzero(np.isnat(bars.event_time))
    return findings_at("missing_time", "quarantine", bars.event_time, rows, "the bar has no time")


def _missing_value(bars: Bars) -> list[Finding]:
    missing = {name: ~np.isfinite(getattr(bars, name)) for name in _NUMBERS}
    rows = np.flatnonzero(np.logical_or.reduce(list(missing.values())))
    details = [f"no finite number in {', '.join(name for name in _NUMBERS if missing[name][row])}" for row in rows]
    return findings_at("missing_value", "quarantine", bars.event_time, rows, details)


def _non_positive_price(bars: Bars) -> list[Finding]:
    wrong = {name: getattr(bars, name) <= 0 for name in (*PRICES, "factor")}
    rows = np.flatnonzero(np.logical_or.reduce(list(wrong.values())))
    details = [
        ", ".join(f"{name} is {getattr(bars, name)[row]:g}" for name in wrong if wrong[name][row]) for row in rows
    ]
    return findings_at("non_positive_price", "quarantine", bars.event_time, rows, details)


def _negative_volume(bars: Bars) -> list[Finding]:
    rows = np.flatnonzero(bars.volume < 0)
    details = [f"volume is {bars.volume[row]:g}" for row in rows]
    return findings_at("negative_volume", "quarantine", bars.event_time, rows, details)


def _inconsistent_ohlc(bars: Bars, noise: float) -> list[Finding]:
    top, bottom = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    slack = noise * np.abs(top)
    # Comparisons with NaN are false, so a bar with a missing price is left to missing_value.
    too_low, too_high = bars.high < top - slack, bars.low > bottom + slack
    rows = np.flatnonzero(too_low | too_high | (bars.high < bars.low - slack))
    details = [_describe(bars, int(row)) for row in rows]
    return findings_at("inconsistent_ohlc", "quarantine", bars.event_time, rows, details)


def _describe(bars: Bars, row: int) -> str:
    o, h, low, c = (getattr(bars, name)[row] for name in PRICES)
    return f"open {o:.10g}, high {h:.10g}, low {low:.10g}, close {c:.10g}: high must be the highest and low the lowest"
