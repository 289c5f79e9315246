"""The pictures of a study: what each trial scored, the Pareto front, and where in the space the good trials are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trimtab.figures import BLUE, MUTED, ORANGE, RED, as_png, new_figure
from trimtab.tuning.choice import TrialRecord
from trimtab.tuning.study import StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PARAMETERS = 6  # panels that can still be read side by side; a space names its most telling ones first


def plot_trials(result: StudyResult) -> bytes:
    """PNG: score of each trial with the spread over its folds; pruned trials are hollow, the winning one is marked."""
    figure, (axis,) = new_figure(height=2.6)
    for trial in result.trials:
        axis.plot([trial.number] * len(trial.fold_values[0]), trial.fold_values[0], ".", color=MUTED, markersize=3)
    whole, pruned = _split(result)
    axis.plot(
        [t.number for t in whole],
        [t.values[0] for t in whole],
        "o",
        color=BLUE,
        markersize=4,
        label="mean of the folds",
    )
    if pruned:
        axis.plot(
            [t.number for t in pruned], [t.values[0] for t in pruned], "o", color=BLUE, markersize=4,
            markerfacecolor="none", label="pruned: mean of its first folds",
        )  # fmt: skip
    if result.best_number is not None:
        _ring(axis, result.best_number, result.best_value)
    axis.set_xlabel("trial", fontsize=8)
    axis.set_ylabel(_words(result.objectives[0]), fontsize=8)
    last = max(trial.number for trial in result.trials)
    axis.set_xticks(np.unique(np.linspace(0, last, 6).astype(int)))
    _legend_above(figure)
    return as_png(figure)


def plot_front(result: StudyResult) -> bytes:
    """PNG: the first two objectives of every trial that went through all folds, the Pareto front joined by a line.

    The front may look dented: with more than two objectives a point on it can be beaten in the two shown, and
    sizes that differ by less than the tolerance of `complexity` count as equal.
    """
    figure, (axis,) = new_figure(height=3.0)
    whole, _ = _split(result)
    front = sorted(t.values[:2] for t in whole if t.number in result.front)
    axis.plot([t.values[0] for t in whole], [t.values[1] for t in whole], "o", color=MUTED, markersize=4, label="trial")
    axis.plot(*zip(*front, strict=True), "o-", color=ORANGE, markersize=5, linewidth=1.0, label="Pareto front")
    chosen = next(t for t in whole if t.number == result.best_number)
    _ring(axis, *chosen.values[:2])
    axis.set_xlabel(_words(result.objectives[0]), fontsize=8)
    axis.set_ylabel(_words(result.objectives[1]), fontsize=8)
    _legend_above(figure)
    return as_png(figure)


def plot_parameters(result: StudyResult) -> bytes:
    """PNG: the first objective against each searched parameter, the most telling parameters first."""
    dimensions = result.space.dimensions[:MOST_PARAMETERS]
    columns = min(len(dimensions), 3)
    rows = -(-len(dimensions) // columns)
    figure, axes = new_figure(rows, columns, height=2.2 * rows)
    whole, _ = _split(result)
    for axis, dimension in zip(axes, dimensions, strict=False):
        axis.plot(
            [t.parameters[dimension.name] for t in whole], [t.values[0] for t in whole], "o", color=BLUE, markersize=3
        )
        _ring(axis, result.best_parameters[dimension.name], result.best_value)
        axis.set_xscale("log" if dimension.log else "linear")
        ticks = dimension.points(3)
        axis.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
        axis.minorticks_off()  # on a logarithmic axis they bring labels of their own
        axis.set_xlabel(_words(dimension.name), fontsize=8)
    for empty in axes[len(dimensions) :]:
        empty.set_visible(False)
    axes[0].set_ylabel(_words(result.objectives[0]), fontsize=8)
    return as_png(figure)


def plots_of(result: StudyResult) -> dict[str, bytes]:
    """Every picture that says something about a study, by title."""
    plots = {"Trials": plot_trials(result)} if result.trials else {}
    if result.best_number is not None and len(result.objectives) > 1:
        plots["Pareto front"] = plot_front(result)
    if result.best_number is not None and result.space.dimensions:
        plots["Parameters"] = plot_parameters(result)
    return plots


def _split(result: StudyResult) -> tuple[list[TrialRecord], list[TrialRecord]]:
    return [t for t in result.trials if not t.pruned], [t for t in result.trials if t.pruned]


def _ring(axis: Axes, x: float, y: float) -> None:
    axis.plot(x, y, "o", markersize=9, markerfacecolor="none", color=RED, label="chosen")


def _legend_above(figure: Figure) -> None:
    """Outside the axes: inside there is always a study with points in that corner."""
    figure.legend(loc="outside upper right", ncols=3, fontsize=7, frameon=False)


def _words(name: str) -> str:
    return name.replace("_", " ")
