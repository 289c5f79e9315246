"""Small pictures of how robust a model is: learning curve, regimes, noise."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.figures import BLUE, GREEN, MUTED, ORANGE, as_png, new_figure
from trimtab.validation.learning_curve import LearningPoint
from trimtab.validation.regimes import RegimePerformance
from trimtab.validation.sensitivity import NoisePoint


def plot_learning_curve(points: Sequence[LearningPoint]) -> bytes:
    """Training and test accuracy by training rows, PNG; the band is the 95 % interval of the test accuracy."""
    figure, (axis,) = new_figure(height=2.8)
    rows = [point.n_train for point in points]
    axis.plot(rows, [point.train_accuracy for point in points], color=MUTED, marker="o", label="training rows")
    axis.plot(rows, [point.test_accuracy for point in points], color=BLUE, marker="o", label="test rows")
    axis.fill_between(
        rows, [point.low for point in points], [point.high for point in points], color=BLUE, alpha=0.15, linewidth=0
    )
    axis.set_xlabel("training rows, the newest kept", fontsize=8)
    axis.set_ylabel("said right", fontsize=8)
    axis.legend(fontsize=8, frameon=False)
    return as_png(figure)


def plot_regimes(found: Sequence[RegimePerformance]) -> bytes:
    """Accuracy in each regime with its interval, and that of the naive forecast, PNG."""
    figure, (axis,) = new_figure(height=2.8)
    places = list(range(len(found)))
    error = [
        [max(each.accuracy - each.low, 0.0) for each in found],
        [max(each.high - each.accuracy, 0.0) for each in found],
    ]
    axis.errorbar(
        places, [each.accuracy for each in found], yerr=error, fmt="o", color=BLUE, capsize=3, label="model, 95 %"
    )
    axis.scatter(places, [each.baseline_accuracy for each in found], color=ORANGE, marker="_", s=160, label="naive")
    axis.axhline(0.5, color=MUTED, linewidth=0.8, linestyle=":")
    axis.set_xticks(places, [f"{each.kind}\n{each.regime}\nn={each.n}" for each in found], fontsize=7)
    axis.set_ylabel("said right", fontsize=8)
    axis.legend(fontsize=8, frameon=False)
    return as_png(figure)


def plot_noise(points: Sequence[NoisePoint]) -> bytes:
    """Change in accuracy with its interval, and share of forecasts that turn, by size of the noise, PNG."""
    figure, (left, right) = new_figure(columns=2, height=2.6)
    sizes = [point.noise_sd for point in points]
    left.plot(sizes, [point.change for point in points], color=BLUE, marker="o")
    left.fill_between(
        sizes, [point.low for point in points], [point.high for point in points], color=BLUE, alpha=0.15, linewidth=0
    )
    left.axhline(0.0, color=MUTED, linewidth=0.8)
    left.set_ylabel("change in accuracy", fontsize=8)
    right.plot(sizes, [point.changed_share for point in points], color=GREEN, marker="o")
    right.set_ylabel("forecasts that turn", fontsize=8)
    for axis in (left, right):
        axis.set_xlabel("noise, in standard deviations", fontsize=8)
    return as_png(figure)
