from __future__ import annotations

import numpy as np

from trimtab.metrics.positions import exposure, turnover


def test_turnover_counts_what_is_bought_and_what_is_sold() -> None:
    weights = np.array([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]])
    assert turnover(weights) == 0.5


def test_a_short_position_is_exposure_too() -> None:
    assert exposure(np.array([[0.0, 0.0], [0.5, -0.5], [0.0, -1.0]])) == 2 / 3
