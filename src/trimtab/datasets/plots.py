"""The picture of a dataset: how many samples there are over time, and how the label behaves."""

from __future__ import annotations

import numpy as np

from trimtab.datasets.schema import Dataset
from trimtab.figures import BLUE, MUTED, ORANGE, as_png, new_figure


def plot_samples(dataset: Dataset, n_bins: int = 40) -> bytes:
    """PNG: samples per period, and the label's mean per period against its mean over all."""
    figure, (count, label) = new_figure(2, 1, height=3.4)
    times = dataset.decision_time.astype("datetime64[s]").astype(np.int64)
    edges = np.linspace(times[0], times[-1] + 1, n_bins + 1)
    bins = np.clip(np.digitize(times, edges) - 1, 0, n_bins - 1)
    n = np.bincount(bins, minlength=n_bins)
    mean = np.divide(
        np.bincount(bins, weights=dataset.target, minlength=n_bins), n, out=np.full(n_bins, np.nan), where=n > 0
    )
    middle = ((edges[:-1] + edges[1:]) / 2).astype(np.int64).astype("datetime64[s]")
    count.fill_between(middle, n, color=MUTED, step="mid", linewidth=0)
    count.set_ylabel("samples", fontsize=8)
    count.set_title(f"{len(dataset):,} samples, {len(dataset.feature_names)} features", fontsize=9, loc="left")
    label.plot(middle, mean, color=BLUE, linewidth=1.2)
    label.axhline(float(dataset.target.mean()), color=ORANGE, linewidth=0.8, linestyle="--")
    label.set_ylabel("mean label", fontsize=8)
    return as_png(figure)
