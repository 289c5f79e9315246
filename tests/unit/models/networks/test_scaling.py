"""Input scaling against scikit-learn, and what it does with values no network could bear."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import StandardScaler

from trimtab.models.networks import scaling as module
from trimtab.models.networks.scaling import FARTHEST, fit_scaling


def test_known_values_are_scaled_as_by_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    train, other = rng.normal(3.0, 5.0, (300, 4)), rng.normal(3.0, 5.0, (50, 4))
    train[rng.random(train.shape) < 0.1] = np.nan
    theirs = StandardScaler().fit(train).transform(other)
    assert np.abs(fit_scaling(train).transform(other) - theirs).max() < 1e-6


def test_missing_empty_and_constant_columns_are_zero_and_the_rest_is_bounded() -> None:
    train = np.column_stack([np.arange(10.0), np.full(10, np.nan), np.full(10, 7.0)])
    rows = np.array([[np.nan, 5.0, 8.0], [1e300, 1.0, np.inf], [-np.inf, np.nan, -1e300]])
    assert np.array_equal(
        fit_scaling(train).transform(rows), np.float32([[0, 0, 0], [FARTHEST, 0, 0], [-FARTHEST, 0, 0]])
    )


def test_an_infinite_training_value_does_not_drown_the_others() -> None:
    column = np.arange(100.0)[:, None]
    spoilt = np.concatenate([column, [[np.inf], [-np.inf]]])
    assert np.array_equal(fit_scaling(spoilt).factor, fit_scaling(column).factor)


def test_windows_are_scaled_as_their_rows_and_block_by_block(monkeypatch) -> None:
    rows = np.random.default_rng(1).standard_normal((30, 4))
    learned = fit_scaling(rows)
    whole = learned.transform(rows)
    assert np.array_equal(learned.transform(rows.reshape(5, 6, 4)), whole.reshape(5, 6, 4))
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert np.array_equal(learned.transform(rows), whole)
