from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trimtab.errors import ConfigurationError, DatasetError, UnknownNameError
from trimtab.metrics.quantiles import quantile_of, quantile_returns

RNG = np.random.default_rng(3)
NAN = np.nan


@pytest.mark.parametrize("n_quantiles", [1, 2, 5, 10])
def test_groups_of_equal_size_are_those_of_pandas(n_quantiles: int) -> None:
    said = RNG.normal(size=301)
    expected = 1 + np.asarray(pd.qcut(said, n_quantiles, labels=False))
    assert quantile_of(said, n_quantiles=n_quantiles).tolist() == expected.tolist()


@pytest.mark.parametrize("n_quantiles", [1, 2, 5, 10])
def test_groups_of_equal_width_are_those_of_pandas(n_quantiles: int) -> None:
    said = RNG.normal(size=301)
    expected = 1 + np.asarray(pd.cut(said, n_quantiles, labels=False))
    assert quantile_of(said, n_quantiles=n_quantiles, binning="equal_width").tolist() == expected.tolist()


def alphalens_rows(factor: list[list[float]], growth: list[float]) -> tuple[np.ndarray, ...]:
    """A factor by day and instrument, and what each instrument grows by every day."""
    table = np.array(factor, dtype=float)
    outcome = np.tile(np.array(growth) - 1.0, len(table))
    return table.ravel(), outcome, np.repeat(np.arange(len(table)), table.shape[1])


def test_the_published_alphalens_examples_are_met() -> None:
    rows = alphalens_rows([[1, 2, 1, 2, 1, 2]] * 3, [1.1, 1.2] * 3)
    assert quantile_returns(*rows, n_quantiles=2) == pytest.approx([0.1, 0.2])
    factor = [[1, 1, 2, 2, 2, 2], [2, 2, 1, 2, 2, 2], [2, 2, 1, 2, 2, 2]]
    rows = alphalens_rows(factor, [1.5, 1.5, 1.2, 1.0, 1.0, 1.0])
    assert quantile_returns(*rows, n_quantiles=2, binning="equal_width") == pytest.approx([0.3, 0.15])


def test_every_time_counts_the_same_however_many_instruments_it_holds() -> None:
    forecast, outcome, time = [1, 2, 1, 1, 1, 2, 2, 2], [0.0, 1.0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1, 1]
    assert quantile_returns(forecast, outcome, time, n_quantiles=2).tolist() == [0.0, 0.5]
    assert quantile_returns(forecast, outcome, n_quantiles=2).tolist() == [0.0, 0.25]


def test_demeaned_returns_of_groups_of_one_size_add_up_to_nothing() -> None:
    time = np.repeat(np.arange(30), 10)
    means = quantile_returns(RNG.normal(size=300), RNG.normal(size=300), time, n_quantiles=5, demeaned=True)
    assert means.sum() == pytest.approx(0.0, abs=1e-12)
    assert np.abs(means).max() > 0.01


def test_unknown_samples_are_left_out_before_groups_are_made() -> None:
    forecast, outcome = [1.0, 2.0, 3.0, NAN, 100.0], [0.1, 0.2, 0.3, 9.0, NAN]
    assert quantile_returns(forecast, outcome, n_quantiles=3) == pytest.approx([0.1, 0.2, 0.3])
    assert quantile_of(forecast, n_quantiles=2).tolist() == [1, 1, 2, 0, 2]


def test_a_forecast_that_does_not_vary_leaves_groups_empty() -> None:
    assert np.isnan(quantile_returns([1.0, 1.0], [0.1, 0.3], n_quantiles=2)).tolist() == [False, True]
    assert np.isnan(quantile_returns([], [], n_quantiles=2)).all()


def test_what_cannot_be_grouped_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        quantile_of([1.0], n_quantiles=0)
    with pytest.raises(UnknownNameError, match="did you mean 'quantiles'"):
        quantile_of([1.0], binning="quantile")  # type: ignore[arg-type]
    with pytest.raises(DatasetError, match="one time each"):
        quantile_of([1.0, 2.0], [1])
    with pytest.raises(DatasetError, match="2 forecasts cannot be compared with 1 outcomes"):
        quantile_returns([1.0, 2.0], [1.0])
