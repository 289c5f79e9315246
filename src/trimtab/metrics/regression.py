"""How far predicted values are from what happened; scikit-learn's definitions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import paired, share


def mse(target: ArrayLike, predicted: ArrayLike) -> float:
    """Mean squared error, in squared units of the target.

    >>> mse([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    truth, said = paired(target, predicted)
    return share(float(((truth - said) ** 2).sum()), len(truth))


def rmse(target: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean squared error, in units of the target.

    >>> rmse([0.0, 0.0], [3.0, 3.0])
    3.0
    """
    return float(np.sqrt(mse(target, predicted)))


def mae(target: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error, in units of the target.

    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    truth, said = paired(target, predicted)
    return share(float(np.abs(truth - said).sum()), len(truth))


def mape(target: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error as a share of the target (0.1 is 10 %), over targets that are not zero.

    scikit-learn divides by a tiny number where the target is zero, which drowns every other
    sample; an error relative to zero is not defined, so those samples are left out here.

    >>> mape([2.0, 0.0, 4.0], [1.0, 9.0, 4.0])
    0.25
    """
    truth, said = paired(target, predicted)
    kept = truth != 0.0
    return share(float((np.abs(truth - said)[kept] / np.abs(truth[kept])).sum()), int(kept.sum()))


def r2(target: ArrayLike, predicted: ArrayLike) -> float:
    """Share of the target's variance explained: 1 is perfect, 0 is as good as its mean, below is worse.

    NaN when the target does not vary.

    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """
    truth, said = paired(target, predicted)
    if not len(truth) or np.ptp(truth) == 0.0:
        return float("nan")
    return 1.0 - share(float(((truth - said) ** 2).sum()), float(((truth - truth.mean()) ** 2).sum()))
