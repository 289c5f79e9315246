"""The picture of a choice among trials: how they did, what luck alone would show, and where the candidate stands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from trimtab.figures import BLUE, INK, MUTED, ORANGE, as_png, new_figure


def plot_trial_sharpe_ratios(trials: Sequence[float], candidate: float, expected_maximum: float) -> bytes:
    """PNG: histogram of the trials' annual Sharpe ratios, the candidate's, and the best that luck would show.

    NaN stands for unknown and is left out; without any known trial only the lines are drawn.
    """
    from matplotlib.ticker import MaxNLocator

    figure, (axis,) = new_figure(height=2.6)
    known = np.array([value for value in trials if math.isfinite(value)])
    if len(known):
        axis.hist(known, bins=min(max(len(known) // 2, 5), 40), color=BLUE, alpha=0.7, label=f"{len(known)} trials")
    if math.isfinite(candidate):
        axis.axvline(candidate, color=INK, linewidth=1.6, label="candidate")
    if math.isfinite(expected_maximum):
        axis.axvline(
            expected_maximum, color=ORANGE, linewidth=1.6, linestyle="--", label="best of as many without skill"
        )
    axis.axvline(0.0, color=MUTED, linewidth=0.6)
    axis.set_xlabel("Sharpe ratio per year, after costs", fontsize=8)
    axis.set_ylabel("trials", fontsize=8)
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    if axis.get_legend_handles_labels()[1]:
        figure.legend(fontsize=7, ncols=3, frameon=False, loc="outside upper right")
    return as_png(figure)
