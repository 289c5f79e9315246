from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from trimtab.errors import DatasetError
from trimtab.metrics import classification as ours

RNG = np.random.default_rng(7)
TARGET = (RNG.random(500) < 0.3).astype(float)
PROBABILITY = np.clip(0.3 * TARGET + RNG.random(500) * 0.7, 0, 1).round(2)  # rounded: ties occur
PREDICTED = (PROBABILITY > 0.5).astype(float)


@pytest.mark.parametrize(
    ("name", "theirs", "said"),
    [
        ("accuracy", sk.accuracy_score, PREDICTED),
        ("balanced_accuracy", sk.balanced_accuracy_score, PREDICTED),
        ("precision", sk.precision_score, PREDICTED),
        ("recall", sk.recall_score, PREDICTED),
        ("f1", sk.f1_score, PREDICTED),
        ("roc_auc", sk.roc_auc_score, PROBABILITY),
        ("matthews_corrcoef", sk.matthews_corrcoef, PREDICTED),
        ("average_precision", sk.average_precision_score, PROBABILITY),
        ("log_loss", sk.log_loss, PROBABILITY),
        ("brier_score", sk.brier_score_loss, PROBABILITY),
        ("confusion_matrix", sk.confusion_matrix, PREDICTED),
    ],
)
def test_measures_equal_scikit_learn(name: str, theirs: Callable[..., float], said: np.ndarray) -> None:
    np.testing.assert_allclose(getattr(ours, name)(TARGET, said), theirs(TARGET, said), rtol=1e-12)


def test_log_loss_of_a_certain_mistake_is_finite_as_in_scikit_learn() -> None:
    target, said = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert ours.log_loss(target, said) == pytest.approx(sk.log_loss(target, said))


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("precision", [0, 1], [0, 0]),
        ("recall", [0, 0], [0, 1]),
        ("f1", [0, 0], [0, 0]),
        ("matthews_corrcoef", [0, 1], [0, 0]),
        ("matthews_corrcoef", [1, 1], [0, 1]),
        ("average_precision", [0, 0], [0.2, 0.3]),
        ("average_precision", [], []),
        ("roc_auc", [1, 1], [0.2, 0.3]),
        ("accuracy", [], []),
        ("log_loss", [], []),
        ("balanced_accuracy", [], []),
    ],
)
def test_what_is_not_defined_is_nan_without_a_warning(name: str, target: list, said: list) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(getattr(ours, name)(target, said))


def test_a_pair_with_nan_is_left_out() -> None:
    assert ours.accuracy([1.0, np.nan, 0.0, 1.0], [1.0, 1.0, 0.0, np.nan]) == 1.0


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(DatasetError, match="one length"):
        ours.accuracy([1.0, 0.0], [1.0])
