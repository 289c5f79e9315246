"""The picture of a family: the distribution of some of its features."""

from __future__ import annotations

import numpy as np

from trimtab.features.engine import FeatureBlock
from trimtab.figures import BLUE, as_png, new_figure


def plot_distributions(block: FeatureBlock, rows: int = 3, columns: int = 4) -> bytes:
    """PNG: histograms of features spread over the family, the outer half per cent on each side folded in."""
    chosen = np.unique(np.linspace(0, len(block.names) - 1, rows * columns).astype(int))
    figure, axes = new_figure(rows, columns, height=1.35 * rows)
    for axis, position in zip(axes, chosen, strict=False):
        values = block.values[:, position]
        known = values[~np.isnan(values)]
        if len(known):
            low, high = np.quantile(known, [0.005, 0.995])
            # A market that stands still leaves no range to cut into bins, only rounding noise.
            is_flat = high - low <= 1e-9 * max(abs(low), abs(high), 1.0)
            ends = (low - 0.5, high + 0.5) if is_flat else (low, high)
            axis.hist(np.clip(known, low, high), bins=30, range=ends, color=BLUE)
        axis.set_title(block.names[position], fontsize=7, loc="left")
        axis.tick_params(labelsize=6)
        axis.set_yticks([])
    for axis in axes[len(chosen) :]:
        axis.set_visible(False)
    return as_png(figure)
