"""What the features of Alpha158 share: how they are described, their windows and Qlib's two constants."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.kernels.nested import WINDOWS

alpha158 = partial(feature, "alpha158")
rolling = partial(alpha158, n=WINDOWS)

TINY = 1e-12  # Qlib adds it to a divisor that may be zero
STILL = 2e-5  # a standard deviation up to this, in the units of the array, is none to Qlib (np.isclose, atol=2e-5)
STANDS_STILL = "the standard deviation in the window is 0.00002 or less, in units of price"

_PLACE = {window: k for k, window in enumerate(WINDOWS)}


def of_window(table: np.ndarray, n: int) -> np.ndarray:
    """The row of the window of n bars in what a kernel of nested windows returns."""
    row: np.ndarray = table[_PLACE[n]]
    return row


def last(n: int) -> int:
    """Bars before a row that a window of n bars reads."""
    return n - 1


def last_changes(n: int) -> int:
    """Bars before a row that a window of n changes reads: one more, for the first change."""
    return n
