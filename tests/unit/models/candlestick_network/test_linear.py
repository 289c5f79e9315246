"""The baseline is scikit-learn's pipeline on the flattened window."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab.models.candlestick_network.linear import train_linear
from trimtab.models.candlestick_network.windows import Windows, normalised


def test_probabilities_are_those_of_a_pipeline_of_scikit_learn(windows: Windows) -> None:
    rows, others = np.arange(600), windows.take(np.arange(900, 1000))
    ours = train_linear(windows, rows, np.ones(600)).probabilities_of(others)
    flat = normalised(windows.cut(rows)).reshape(600, -1).astype(np.float64)
    for number, label in enumerate(windows.labels[rows].T):
        if not label.any():
            assert (ours[:, number] == 0.0).all()  # never seen
            continue
        theirs = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(flat, label)
        asked = normalised(others.cut(np.arange(100))).reshape(100, -1).astype(np.float64)
        assert np.abs(ours[:, number] - theirs.predict_proba(asked)[:, 1]).max() < 0.02
