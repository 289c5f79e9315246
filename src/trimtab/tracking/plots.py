"""Pictures of a run: how a training went, step by step, and which classes were confused."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trimtab.figures import BLUE, GREEN, INK, ORANGE, RED, as_png, new_figure

COLOURS = (BLUE, ORANGE, GREEN, RED, INK)
MARKED_STEPS = 20  # up to so many, each step is a dot of its own


def plot_learning_curve(series: Mapping[str, Mapping[int, float]]) -> bytes:
    """PNG: every metric by step; those of one quantity (loss, accuracy, ...) share a panel."""
    panels: dict[str, list[str]] = {}
    for name in series:
        panels.setdefault(name.rsplit("_", 1)[-1], []).append(name)
    figure, axes = new_figure(len(panels), 1, height=0.6 + 2.2 * len(panels))
    for axis, (quantity, names) in zip(axes, panels.items(), strict=True):
        for position, name in enumerate(names):
            steps = sorted(series[name])
            values = [series[name][step] for step in steps]
            dots = "o" if len(steps) <= MARKED_STEPS else ""
            colour = COLOURS[position % len(COLOURS)]
            axis.plot(steps, values, marker=dots, markersize=3, linewidth=1.2, color=colour, label=_words(name))
        axis.set_ylabel(_words(quantity if len(names) > 1 else names[0]), fontsize=8)
        axis.legend(fontsize=7, frameon=False)
        axis.locator_params(axis="x", integer=True)  # there is no epoch 2.5
    axes[-1].set_xlabel("step", fontsize=8)
    return as_png(figure)


def plot_confusion(truth: np.ndarray, said: np.ndarray, names: tuple[str, str] = ("0", "1")) -> bytes:
    """PNG: how often each class that was true was said to be which; counts, and shares of the row.

    `truth` and `said` are 0.0 or 1.0, shape (n,); rows where either is NaN are left out.
    """
    counts = confusion(truth, said)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, (axis,) = new_figure(width=3.6, height=3.2)
    axis.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    axis.grid(False)
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        colour = "white" if share > 0.5 else INK
        axis.text(column, row, f"{count:,}\n{share:.0%}", ha="center", va="center", color=colour, fontsize=9)
    axis.set_xticks([0, 1], names, fontsize=8)
    axis.set_yticks([0, 1], names, fontsize=8)
    axis.set_xlabel("said", fontsize=8)
    axis.set_ylabel("true", fontsize=8)
    return as_png(figure)


def confusion(truth: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Counts by true class (rows) and said class (columns), int64, shape (2, 2).

    >>> confusion(np.array([0.0, 1.0, 1.0, np.nan]), np.array([0.0, 1.0, 0.0, 1.0])).tolist()
    [[1, 0], [1, 1]]
    """
    known = ~(np.isnan(truth) | np.isnan(said))
    places = 2 * truth[known].astype(np.int64) + said[known].astype(np.int64)
    return np.bincount(places, minlength=4).reshape(2, 2)


def _words(name: str) -> str:
    return name.replace("_", " ")
