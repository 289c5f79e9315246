"""Checks on whether an instrument trades: runs of identical bars, bars without volume."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import PRICES, Bars
from trimtab.config.quality import CheckLimits


def check_activity(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """stale_run and zero_volume, warnings, on bars in order of time."""
    return [*_stale_runs(bars, limits.stale_bars), *_zero_volume(bars, limits.usual_zero_volume)]


def _stale_runs(bars: Bars, least: int) -> list[Finding]:
    if len(bars) < least:
        return []
    repeats = np.ones(len(bars) - 1, bool)
    for name in (*PRICES, "volume"):
        array = getattr(bars, name)
        repeats &= array[1:] == array[:-1]
    edges = np.diff(np.r_[False, repeats, False].astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = ends - starts + 1 >= least
    lengths = (ends - starts + 1)[long]
    details = [f"{length} consecutive bars are identical in prices and volume" for length in lengths]
    return findings_at("stale_run", "warning", bars.event_time, starts[long], details)


def _zero_volume(bars: Bars, usual_share: float) -> list[Finding]:
    rows = np.flatnonzero(bars.volume == 0)
    # A lone bar in a short series is news too, so one is always said unless all are like it.
    if len(rows) > max(usual_share * len(bars), 1) or len(rows) == len(bars):
        return []
    return findings_at(
        "zero_volume", "warning", bars.event_time, rows, "no volume, where the instrument usually trades"
    )
