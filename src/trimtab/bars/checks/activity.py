"""Checks on whether an instrument trades: runs of identical bars, bars without volume."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import PRICES, Bars
from trimtab.config.quality import CheckLimits

# Of instruments whose bars often repeat, at this many false runs per series.
_FALSE_RUNS = 0.01


def check_activity(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """stale_run and zero_volume, warnings, on bars in order of time."""
    return [*_stale_runs(bars, limits.stale_bars), *_zero_volume(bars, limits)]


def _stale_runs(bars: Bars, least: int) -> list[Finding]:
    if len(bars) < least:
        return []
    repeats = np.ones(len(bars) - 1, bool)
    for name in (*PRICES, "volume"):
        array = getattr(bars, name)
        repeats &= array[1:] == array[:-1]
    edges = np.diff(np.r_[False, repeats, False].astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    lengths = ends - starts + 1
    long = lengths >= max(least, _longest_by_chance(repeats))
    details = [f"{length} consecutive bars are identical in prices and volume" for length in lengths[long]]
    return findings_at("stale_run", "warning", bars.event_time, starts[long], details)


def _longest_by_chance(repeats: np.ndarray) -> int:
    """The shortest run that independent repeats of their frequency make less than 0.01 times.

    With a share p of n bars equal to the one before, a run of L bars is expected n · p^(L-1) times.
    """
    share = float(repeats.mean())
    if share in (0.0, 1.0):
        return 2
    return 1 + int(np.ceil(np.log(_FALSE_RUNS / len(repeats)) / np.log(share)))


def _zero_volume(bars: Bars, limits: CheckLimits) -> list[Finding]:
    rows = np.flatnonzero(bars.volume == 0)
    # A lone bar in a short series is news too, so one is always said unless all are like it.
    if len(rows) > max(limits.usual_zero_volume * len(bars), 1) or len(rows) in (0, len(bars)):
        return []
    # Bars without volume are the natural end of thin trading where thin bars are commoner.
    traded = bars.volume[bars.volume > 0]
    if np.count_nonzero(traded < limits.thin_volume * np.median(traded)) > len(rows):
        return []
    return findings_at(
        "zero_volume", "warning", bars.event_time, rows, "no volume, where the instrument usually trades"
    )
