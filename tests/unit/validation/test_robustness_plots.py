"""Pictures of robustness: PNG, and the same numbers give the same bytes."""

from __future__ import annotations

from trimtab.validation.learning_curve import LearningPoint
from trimtab.validation.regimes import RegimePerformance
from trimtab.validation.robustness_plots import plot_learning_curve, plot_noise, plot_regimes
from trimtab.validation.sensitivity import NoisePoint

NAN = float("nan")


def test_pictures_are_reproducible_and_survive_what_is_unknown() -> None:
    curve = [LearningPoint(0.5, 100, 0.8, 0.5, NAN, NAN), LearningPoint(1.0, 200, 0.7, 0.6, 0.5, 0.7)]
    regimes = [RegimePerformance("trend", "up", 9, 3, 0.6, NAN, NAN, NAN, 0.5, 0.5, NAN, NAN, False)]
    noise = [NoisePoint(0.1, 0.6, -0.01, -0.02, 0.01, 0.05), NoisePoint(0.5, 0.5, -0.1, -0.2, -0.01, 0.2)]
    pictures = [plot_learning_curve(curve), plot_regimes(regimes), plot_noise(noise)]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert plot_noise(noise) == pictures[2] != plot_noise(noise[:1])
