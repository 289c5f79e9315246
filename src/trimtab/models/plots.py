"""The picture of what a model looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trimtab.figures import BLUE, ORANGE, as_png, new_figure


def plot_importance(native: Mapping[str, float], permuted: Mapping[str, float], names: Sequence[str]) -> bytes:
    """PNG: shares of importance of the named features, as the model reports and by permutation."""
    figure, (axis,) = new_figure(height=0.9 + 0.22 * len(names))
    place = np.arange(len(names))[::-1]
    axis.barh(
        place + 0.2, [100 * native.get(name, 0.0) for name in names], 0.38, color=BLUE, label="reported by the model"
    )
    axis.barh(
        place - 0.2, [100 * permuted.get(name, 0.0) for name in names], 0.38, color=ORANGE, label="by permutation"
    )
    axis.set_yticks(place, names, fontsize=7)
    axis.set_xlabel("share of importance, %", fontsize=8)
    axis.grid(True, axis="x", color="#e4e7eb", linewidth=0.6)
    axis.grid(False, axis="y")
    axis.legend(fontsize=7, frameon=False)
    return as_png(figure)
