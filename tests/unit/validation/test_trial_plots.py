from __future__ import annotations

import math

from trimtab.validation.trial_plots import plot_trial_sharpe_ratios

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_same_trials_give_the_same_picture_and_others_another() -> None:
    trials = [0.1, 0.4, 0.5, math.nan, 0.9]
    first = plot_trial_sharpe_ratios(trials, 1.1, 0.6)
    assert first.startswith(PNG)
    assert first == plot_trial_sharpe_ratios(trials, 1.1, 0.6)
    assert first != plot_trial_sharpe_ratios(trials, 1.1, 0.7)
    assert first != plot_trial_sharpe_ratios(trials, 1.0, 0.6)


def test_nothing_known_is_drawn_all_the_same() -> None:
    assert plot_trial_sharpe_ratios([], math.nan, math.nan).startswith(PNG)
