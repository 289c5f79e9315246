"""The picture of a series: its price, and where bars were refused or flagged."""

from __future__ import annotations

import numpy as np

from trimtab.bars.schema import Bars
from trimtab.figures import BLUE, MUTED, ORANGE, RED, as_png, new_figure


def plot_bars(bars: Bars, quarantined: np.ndarray, flagged: np.ndarray) -> bytes:
    """PNG: adjusted close on a log axis and volume; times of quarantined and flagged bars marked."""
    figure, (price, volume) = new_figure(2, 1, height=3.6)
    adjusted = bars.adjusted()
    price.plot(bars.event_time, adjusted.close, color=BLUE, linewidth=0.9)
    price.set_yscale("log")
    price.set_ylabel("adjusted close (log)", fontsize=8)
    price.set_title(
        f"{bars.series.instrument_id} {bars.series.timeframe.value}: {len(bars):,} bars", fontsize=9, loc="left"
    )
    for times, color, label in ((quarantined, RED, "quarantined"), (flagged, ORANGE, "flagged")):
        known = times[~np.isnat(times)]
        for number, time in enumerate(known[:200]):
            price.axvline(time, color=color, linewidth=0.7, alpha=0.6, label=label if number == 0 else None)
    if len(quarantined) or len(flagged):
        price.legend(fontsize=7, frameon=False)
    volume.fill_between(bars.event_time, adjusted.volume, color=MUTED, linewidth=0, step="mid")
    volume.set_ylabel("volume", fontsize=8)
    return as_png(figure)
