"""How good prediction intervals are: how often they hold the outcome, and how wide they are for it.

`low` and `high` are the ends of the intervals, both inside them; all arrays of shape (n,). Coverage alone is
no praise, since the widest interval always covers: read it beside the width, or read the interval score, which
weighs the two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.metrics.arrays import share


def interval_coverage(target: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Share of outcomes inside their interval, ends included.

    >>> interval_coverage([1.0, 2.0, 3.0, 9.0], [0, 0, 0, 0], [1, 5, 5, 5])
    0.75
    """
    truth, below, above = _known(target, low, high)
    return share(float(((below <= truth) & (truth <= above)).sum()), len(truth))


def interval_width(low: ArrayLike, high: ArrayLike) -> float:
    """Mean of high - low, in units of the target.

    >>> interval_width([0.0, 1.0], [1.0, 4.0])
    2.0
    """
    below, above = _known(low, high)
    return share(float((above - below).sum()), len(below))


def interval_score(target: ArrayLike, low: ArrayLike, high: ArrayLike, coverage: float) -> float:
    """Mean Winkler score of intervals meant to hold a share `coverage` of outcomes; lower is better.

    Width, plus 2 / (1 - coverage) times how far an outcome lies outside. It is smallest for the true quantiles, so
    an interval gains neither by being too wide nor by being too narrow (Winkler 1972; Gneiting and Raftery 2007,
    section 6.2).

    >>> round(interval_score([0.0, 3.0], [-1.0, -1.0], [2.0, 2.0], 0.8), 9)
    8.0
    """
    if not 0.0 < coverage < 1.0:
        raise ConfigurationError(f"coverage is {coverage}; it must lie between 0 and 1")
    truth, below, above = _known(target, low, high)
    outside = np.maximum(below - truth, 0.0) + np.maximum(truth - above, 0.0)
    return share(float((above - below + 2.0 / (1.0 - coverage) * outside).sum()), len(truth))


def _known(*given: ArrayLike) -> list[np.ndarray]:
    """The arrays as float64, without the positions where any holds a NaN."""
    arrays = [np.asarray(each, dtype=np.float64) for each in given]
    if any(array.ndim != 1 or array.shape != arrays[0].shape for array in arrays):
        raise DatasetError(f"intervals need arrays of one length, not shapes {[array.shape for array in arrays]}")
    known = ~np.isnan(np.stack(arrays)).any(axis=0)
    return [array[known] for array in arrays]
