"""Many features at once: with 100 tests at 5 %, five are significant by chance."""

from __future__ import annotations

import numpy as np


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjusted p-values, shape (k,): those at most q are discoveries at false-discovery rate q.

    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995; valid for independent and
    for positively dependent tests (Benjamini and Yekutieli, Annals of Statistics 29, 2001), which features
    of one market mostly are.

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(4)
    array([0.04  , 0.0533, 0.0533, 0.5   ])
    """
    k = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=np.float64)[order] * k / np.arange(1, k + 1)
    adjusted = np.empty(k)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted
