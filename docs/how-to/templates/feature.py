"""Example: a family of features of your own, to copy to `src/trimtab/features/<family>.py`.

Say here in one or two sentences what the family is about. One file, one theme.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import window_extremes
from trimtab.features.kernels.ratios import ratio

example = partial(feature, "example")  # the family's name, as in `catalogue.FAMILY_MODULES`


@example(
    "median_distance_{n}", "Close against the middle of its range of {n} bars.",
    formula="close / ((max(high, {n}) + min(low, {n})) / 2) - 1", inputs=("high", "low", "close"), n=(20, 60),
    lookback=lambda n: n - 1, bounds=(-1.0, None),
)  # fmt: skip
def median_distance(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(window_extremes, "high", "low", n)
    middle = (top + bottom) / 2.0
    return ratio(c.close - middle, middle, np.nan)
