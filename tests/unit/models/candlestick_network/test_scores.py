"""Scores against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from trimtab.models.candlestick_network.scores import Ranking, precision_recall_f1


@pytest.mark.parametrize("digits", [6, 1])  # 1: most probabilities are equal
def test_average_precision_is_that_of_scikit_learn_with_ties_and_weights(digits: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        label = rng.random(200) < 0.2
        said = np.round(rng.random(200) * 0.7 + 0.3 * label, digits)
        weight = rng.integers(0, 4, 200).astype(float)
        ranking = Ranking.of(label, said)
        assert ranking.average_precision() == pytest.approx(average_precision_score(label, said), abs=1e-12)
        expected = average_precision_score(label, said, sample_weight=weight)
        assert ranking.average_precision(weight) == pytest.approx(expected, abs=1e-12)


def test_precision_recall_and_f1_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    label, said = rng.random(300) < 0.3, rng.random(300) < 0.4
    ours = precision_recall_f1(float((label & said).sum()), float(said.sum()), float(label.sum()))
    theirs = (precision_score(label, said), recall_score(label, said), f1_score(label, said))
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_what_cannot_be_divided_is_unknown() -> None:
    assert np.isnan(precision_recall_f1(0, 0, 5)[0])
    assert np.isnan(Ranking.of(np.zeros(4, bool), np.arange(4.0)).average_precision())
    assert np.isnan(Ranking.of(np.zeros(0, bool), np.zeros(0)).average_precision())


def test_the_best_threshold_is_that_of_trying_all_of_them() -> None:
    rng = np.random.default_rng(3)
    label = rng.random(150) < 0.25
    said = np.round(rng.random(150) * 0.8 + 0.3 * label, 2)
    best = Ranking.of(label, said).best_threshold(said)
    every = {value: f1_score(label, said >= value) for value in np.unique(said).tolist()}
    assert f1_score(label, said >= best) == max(every.values())
    assert best == max(value for value, score in every.items() if score == max(every.values()))
