"""A small picture of a walk-forward."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from trimtab.validation.walk_forward import WalkForwardReport

BLUE, GREY, ORANGE = "#2f6db5", "#b9c0c8", "#d9822b"
# The measure of a fold by the name of the baseline, as `significance.BaselineComparison` has them.
BASELINES = {"naive": "baseline_accuracy", "majority": "majority_accuracy"}


def plot_accuracy(
    report: WalkForwardReport, title: str = "Walk-forward accuracy", baseline: str | None = None
) -> bytes:
    """Accuracy of each fold beside a baseline, and the means over the folds, as PNG bytes of 640 x 300 pixels.

    Parameters
    ----------
    baseline: "naive" or "majority"; absent, the one that is right more often over the folds.

    The same report gives the same bytes.
    """
    chosen = baseline or stronger_baseline(report)
    figure = Figure(figsize=(6.4, 3.0), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _pairs(axes, _with_mean(report, "accuracy"), -0.2, BLUE, "model")
    _pairs(axes, _with_mean(report, BASELINES[chosen]), 0.2, GREY, f"{chosen} baseline")
    axes.axhline(0.5, color=ORANGE, linewidth=0.8, linestyle=":", label="coin")
    axes.axvline(len(report.folds) - 0.5, color=GREY, linewidth=0.8)
    axes.set_xticks(range(len(report.folds) + 1), [*_fold_labels(report), "mean"], fontsize=7)
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("said right", fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{title}: {report.verdict.value}", fontsize=10, loc="left")
    figure.legend(fontsize=7, ncols=3, frameon=False, loc="outside lower right")
    return _png(figure)


def stronger_baseline(report: WalkForwardReport) -> str:
    """Name of the baseline with the higher mean accuracy over the folds; the naive one on a tie."""
    means = {name: np.nan_to_num(_mean(report, measure), nan=-1.0) for name, measure in BASELINES.items()}
    return max(means, key=lambda name: means[name])


def _pairs(axes: Axes, values: list[float], offset: float, colour: str, label: str) -> None:
    """One bar of each pair; the last pair is the mean and has its value written above it."""
    axes.bar([place + offset for place in range(len(values))], values, width=0.38, color=colour, label=label)
    if not np.isnan(values[-1]):
        place = (len(values) - 1 + offset, values[-1])
        axes.annotate(f"{values[-1]:.1%}", place, (0, 2), textcoords="offset points", ha="center", fontsize=7)


def _with_mean(report: WalkForwardReport, measure: str) -> list[float]:
    return [*(fold.metrics[measure] for fold in report.folds), _mean(report, measure)]


def _mean(report: WalkForwardReport, measure: str) -> float:
    values = np.array([fold.metrics[measure] for fold in report.folds])
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def _fold_labels(report: WalkForwardReport) -> list[str]:
    return [
        f"{fold.name.replace('_', ' ')}\n{str(fold.test_start)[:7]} – {str(fold.test_end)[:7]}" for fold in report.folds
    ]


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})  # a version in the file would change its bytes
    return picture.getvalue()
