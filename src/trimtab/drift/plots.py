"""Pictures of a drift snapshot, as PNG bytes; the same numbers give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.drift.snapshot import DriftSnapshot
from trimtab.figures import BLUE, INK, MUTED, ORANGE, RED, as_png, new_figure
from trimtab.metrics.distributions import Sample, quantile_of_sorted

_COLORS = {"drifted": RED, "stable": BLUE, "insufficient_evidence": MUTED}
_HISTOGRAM_BINS = 40


def plot_psi(snapshot: DriftSnapshot, n_features: int = 15) -> bytes:
    """PNG: the features with the largest PSI as bars coloured by status, and the threshold as a line."""
    worst = snapshot.worst(n_features)[::-1]
    figure, (axis,) = new_figure(height=0.9 + 0.2 * len(worst))
    axis.barh(
        [feature.name for feature in worst],
        [feature.psi for feature in worst],
        color=[_COLORS[f.status] for f in worst],
    )
    axis.axvline(snapshot.max_psi, color=INK, linewidth=1.0, linestyle="--", label=f"threshold {snapshot.max_psi:g}")
    for status, color in _COLORS.items():
        count = sum(feature.status == status for feature in snapshot.features)
        axis.bar(0, 0, color=color, label=f"{status.replace('_', ' ')} ({count})")
    axis.grid(False)
    axis.set_xlim(left=0.0)
    axis.set_xlabel("population stability index", fontsize=8)
    axis.set_title(
        f"{snapshot.drifted_share:.0%} of {len(snapshot.features)} features drifted by {snapshot.as_of:%Y-%m-%d}",
        fontsize=9,
        loc="left",
    )
    axis.legend(fontsize=7, frameon=False, loc="lower right")
    return as_png(figure)


def plot_histograms(
    snapshot: DriftSnapshot, reference: np.ndarray, current: np.ndarray, names: Sequence[str], n_features: int = 3
) -> bytes:
    """PNG: reference and current histograms, one over the other, of the features with the largest PSI.

    `reference`, `current` and `names` are those the snapshot was taken of.
    """
    worst = snapshot.worst(n_features)
    figure, axes = new_figure(1, len(worst), height=2.4)
    for axis, feature in zip(axes, worst, strict=True):
        column = list(names).index(feature.name)
        samples = [Sample.of(block[:, column]).present for block in (reference, current)]
        edges = _edges(samples)
        for sample, color, label in zip(samples, (MUTED, ORANGE), ("reference", "current"), strict=True):
            counts = np.histogram(np.clip(sample, edges[0], edges[-1]), edges)[0]
            axis.stairs(counts / max(1, len(sample)), edges, color=color, fill=True, alpha=0.55, label=label)
        axis.set_title(
            f"{feature.name}\nPSI {feature.psi:.2f}, {feature.status.replace('_', ' ')}", fontsize=8, loc="left"
        )
    axes[0].set_ylabel("share of rows", fontsize=8)
    axes[0].legend(fontsize=7, frameon=False)
    return as_png(figure)


def _edges(samples: list[np.ndarray]) -> np.ndarray:
    """Even bins over the central 99 % of both samples; what lies outside is drawn in the outer bins."""
    ends = [quantile_of_sorted(sample, np.array([0.005, 0.995])) for sample in samples if len(sample)]
    low, high = (np.min(ends), np.max(ends)) if ends else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1.0, _HISTOGRAM_BINS + 1)
