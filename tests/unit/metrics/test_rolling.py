from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trimtab.errors import ConfigurationError
from trimtab.metrics.ratios import sharpe_ratio
from trimtab.metrics.rolling import rolling_sharpe_ratio

RANDOM = np.random.default_rng(4).normal(0.0005, 0.01, 300)


@pytest.mark.parametrize(("risk_free", "ddof"), [(0.0, 1), (2e-4, 0)])
def test_every_window_has_the_sharpe_ratio_of_its_returns(risk_free: float, ddof: int) -> None:
    found = rolling_sharpe_ratio(RANDOM, 60, 252, risk_free, ddof)
    assert np.isnan(found[:59]).all()
    expected = [sharpe_ratio(RANDOM[end - 60 : end], 252, risk_free, ddof) for end in range(60, 301)]
    np.testing.assert_allclose(found[59:], expected, rtol=1e-9)


def test_the_rolling_ratio_equals_pandas_also_around_unknown_returns() -> None:
    gaps = np.where(np.arange(300) == 100, np.nan, RANDOM)
    window = pd.Series(gaps).rolling(20)
    np.testing.assert_allclose(rolling_sharpe_ratio(gaps, 20, 1), window.mean() / window.std(), rtol=1e-7)


def test_a_window_that_does_not_vary_has_no_ratio() -> None:
    assert np.isnan(rolling_sharpe_ratio([0.1] * 5 + [0.2], 3, 1)).tolist() == [True] * 5 + [False]


def test_a_series_shorter_than_the_window_has_none() -> None:
    assert np.isnan(rolling_sharpe_ratio([0.1, 0.2], 3, 1)).tolist() == [True, True]
    assert len(rolling_sharpe_ratio([], 3, 1)) == 0


def test_a_window_without_a_deviation_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="window is 1"):
        rolling_sharpe_ratio(RANDOM, 1, 252)
