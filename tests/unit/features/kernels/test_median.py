from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trimtab.features.kernels.extremes import window_median


@pytest.mark.parametrize("window", [1, 2, 5, 252])
def test_window_median_equals_pandas_with_ties_and_missing_values(window: int) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=900).round(1)  # many ties
    values[rng.integers(0, 300, 6)] = np.nan
    np.testing.assert_array_equal(window_median(values, window), pd.Series(values).rolling(window).median().to_numpy())
