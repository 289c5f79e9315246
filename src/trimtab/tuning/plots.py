"""The picture of a study: what each trial scored, and the best so far."""

from __future__ import annotations

import numpy as np

from trimtab.figures import BLUE, MUTED, as_png, new_figure
from trimtab.tuning.study import StudyResult


def plot_trials(result: StudyResult) -> bytes:
    """PNG: score of each trial with the spread over its folds; the winning trial is marked."""
    figure, (axis,) = new_figure(height=2.6)
    numbers = [trial.number for trial in result.trials]
    for trial in result.trials:
        axis.plot([trial.number] * len(trial.fold_values[0]), trial.fold_values[0], ".", color=MUTED, markersize=3)
    axis.plot(
        numbers, [trial.values[0] for trial in result.trials], "o", color=BLUE, markersize=4, label="mean of the folds"
    )
    if result.best_number is not None:
        axis.plot(
            result.best_number,
            result.best_value,
            "o",
            markersize=9,
            markerfacecolor="none",
            color="#dc2626",
            label="chosen",
        )
    axis.set_xlabel("trial", fontsize=8)
    axis.set_ylabel(result.objectives[0].replace("_", " "), fontsize=8)
    axis.set_xticks(np.unique(np.linspace(0, max(numbers), 6).astype(int)))
    axis.legend(fontsize=7, frameon=False)
    return as_png(figure)
