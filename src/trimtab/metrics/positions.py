"""What the weights of an account say: how much was traded and how often anything was held.

`weights` are shares of the equity, shape (n_periods,) or (n_periods, n_instruments).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import share


def turnover(weights: ArrayLike) -> float:
    """Mean share of the equity bought plus sold per period, over changes of weight.

    The way into the first weights is not counted. Going from all long to all short is 2.0.

    >>> turnover([0.0, 1.0, 1.0, -1.0])
    1.0
    """
    table = np.asarray(weights, dtype=np.float64)
    changes = np.abs(np.diff(table.reshape(len(table), -1), axis=0)).sum(axis=1)
    return share(float(changes.sum()), len(changes))


def exposure(weights: ArrayLike) -> float:
    """Share of the periods in which anything was held.

    >>> exposure([0.0, 1.0, -0.5, 0.0])
    0.5
    """
    table = np.asarray(weights, dtype=np.float64)
    return share(int((table.reshape(len(table), -1) != 0.0).any(axis=1).sum()), len(table))
