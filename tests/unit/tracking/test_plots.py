from __future__ import annotations

import numpy as np
from sklearn.metrics import confusion_matrix

from trimtab.tracking.plots import confusion, plot_confusion, plot_learning_curve


def test_confusions_are_counted_as_scikit_learn_counts_them() -> None:
    random = np.random.default_rng(7)
    truth, said = (random.integers(0, 2, 500).astype(np.float64) for _ in range(2))
    assert confusion(truth, said).tolist() == confusion_matrix(truth, said).tolist()
    assert confusion(np.array([1.0, np.nan]), np.array([1.0, 1.0])).tolist() == [[0, 0], [0, 1]]
    assert confusion(np.empty(0), np.empty(0)).tolist() == [[0, 0], [0, 0]]


def test_the_same_numbers_give_the_same_picture_and_others_another() -> None:
    series = {"train_loss": {1: 0.7, 2: 0.6}, "validation_loss": {2: 0.65}, "learning_rate": {1: 0.1, 2: 0.05}}
    assert plot_learning_curve(series) == plot_learning_curve(series)
    assert plot_learning_curve(series) != plot_learning_curve({**series, "train_loss": {1: 0.7, 2: 0.5}})
    one, nothing = np.array([1.0]), np.empty(0)
    assert plot_confusion(one, one) != plot_confusion(one, 1 - one)
    assert plot_confusion(nothing, nothing).startswith(b"\x89PNG")
