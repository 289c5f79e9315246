"""Many questions at once: with 100 tests at 5 %, five are significant by chance. Adjusted p-values.

`p_values` has shape (k,) and no NaN; what comes back has the same shape and order. A hypothesis is rejected
when its adjusted p-value is at most the level. Which one to take:

| function | keeps in check | valid for tests that are |
|---|---|---|
| `bonferroni` | the chance of any false rejection | dependent in any way |
| `holm` | the same, and never rejects less | dependent in any way |
| `benjamini_hochberg` | the expected share of false ones among the rejected | independent or positively dependent |
| `benjamini_yekutieli` | the same share | dependent in any way |
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import DatasetError


def bonferroni(p_values: ArrayLike) -> np.ndarray:
    """Each p-value times their number.

    >>> bonferroni([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.16, 0.12, 1.0]
    """
    values = _checked(p_values)
    return np.minimum(1.0, values * len(values))


def holm(p_values: ArrayLike) -> np.ndarray:
    """Step-down Bonferroni: the smallest times k, the next times k - 1, and so on, never decreasing.

    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979.

    >>> holm([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.09, 0.09, 0.5]
    """
    values = _checked(p_values)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    return _in_given_order(np.maximum.accumulate(scaled), order)


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """Those at most q are discoveries at false-discovery rate q.

    Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995; valid for independent and
    for positively dependent tests (Benjamini and Yekutieli, Annals of Statistics 29, 2001), which features
    of one market mostly are.

    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(4)
    array([0.04  , 0.0533, 0.0533, 0.5   ])
    """
    values = _checked(p_values)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    return _in_given_order(np.minimum.accumulate(scaled[::-1])[::-1], order)


def benjamini_yekutieli(p_values: ArrayLike) -> np.ndarray:
    """Benjamini-Hochberg times 1 + 1/2 + ... + 1/k, which any dependence allows.

    Benjamini and Yekutieli, Annals of Statistics 29, 2001, theorem 1.3.

    >>> benjamini_yekutieli([0.01, 0.04, 0.03, 0.5]).round(4)
    array([0.0833, 0.1111, 0.1111, 1.    ])
    """
    values = _checked(p_values)
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, len(values) + 1)
    scaled = values[order] * len(values) * (1.0 / ranks).sum() / ranks
    return _in_given_order(np.minimum.accumulate(scaled[::-1])[::-1], order)


def _checked(p_values: ArrayLike) -> np.ndarray:
    values = np.asarray(p_values, dtype=np.float64)
    if values.ndim != 1 or not ((values >= 0.0) & (values <= 1.0)).all():
        raise DatasetError(f"p-values are one row of numbers between 0 and 1, not {values}; leave out unknown ones")
    return values


def _in_given_order(sorted_values: np.ndarray, order: np.ndarray) -> np.ndarray:
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, sorted_values)
    return adjusted
