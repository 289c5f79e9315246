"""A small picture of a walk-forward."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from trimtab.validation.walk_forward import WalkForwardReport

BLUE, GREY, ORANGE = "#2f6db5", "#b9c0c8", "#d9822b"


def plot_accuracy(report: WalkForwardReport, title: str = "Walk-forward accuracy") -> bytes:
    """Accuracy of each fold beside the naive baseline, with their mean, as PNG bytes of 640 x 300 pixels.

    The same report gives the same bytes.
    """
    figure = Figure(figsize=(6.4, 3.0), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    places = range(len(report.folds))
    model = [fold.metrics["accuracy"] for fold in report.folds]
    naive = [fold.metrics["baseline_accuracy"] for fold in report.folds]
    axes.bar([place - 0.2 for place in places], model, width=0.38, color=BLUE, label="model")
    axes.bar([place + 0.2 for place in places], naive, width=0.38, color=GREY, label="naive baseline")
    axes.axhline(report.accuracy, color=BLUE, linewidth=1.0, linestyle="--", label=f"mean {report.accuracy:.1%}")
    axes.axhline(0.5, color=ORANGE, linewidth=0.8, linestyle=":", label="coin")
    labels = [
        f"{fold.name.replace('_', ' ')}\n{str(fold.test_start)[:7]} – {str(fold.test_end)[:7]}" for fold in report.folds
    ]
    axes.set_xticks(list(places), labels, fontsize=7)
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylabel("said right", fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{title}: {report.verdict.value}", fontsize=10, loc="left")
    axes.legend(fontsize=7, ncols=4, frameon=False, loc="upper right")
    return _png(figure)


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})  # a version in the file would change its bytes
    return picture.getvalue()
