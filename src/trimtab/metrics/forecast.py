"""Skill of a forecast as a ranking of what happens next; alphalens' definitions.

`forecast` is any score (a probability, an expected return), `outcome` what happened (a return, a
class), both of shape (n,). The functions that take `time` group by it first: a cross-section at one
decision time is one observation, however many instruments it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import average_ranks, paired, share

Measure = Callable[[np.ndarray, np.ndarray], float]


def information_coefficient(forecast: ArrayLike, outcome: ArrayLike) -> float:
    """Pearson correlation between forecast and outcome; NaN when either does not vary.

    >>> round(information_coefficient([1.0, 2.0, 3.0], [1.0, 2.0, 4.0]), 4)
    0.982
    """
    said, truth = paired(forecast, outcome)
    if len(said) < 2 or np.ptp(said) == 0.0 or np.ptp(truth) == 0.0:
        return float("nan")
    said, truth = said - said.mean(), truth - truth.mean()
    # Roots are taken one by one: the product of two small sums of squares can underflow.
    return share(float(said @ truth), float(np.sqrt(said @ said) * np.sqrt(truth @ truth)))


def rank_information_coefficient(forecast: ArrayLike, outcome: ArrayLike) -> float:
    """Spearman correlation: Pearson on ranks, ties averaged.

    >>> round(rank_information_coefficient([1.0, 2.0, 3.0], [1.0, 2.0, 400.0]), 6)
    1.0
    """
    said, truth = paired(forecast, outcome)
    return information_coefficient(average_ranks(said), average_ranks(truth)) if len(said) else float("nan")


def by_time(measure: Measure, forecast: ArrayLike, outcome: ArrayLike, time: ArrayLike) -> np.ndarray:
    """A measure within each distinct time, in order of time; NaN where it is not defined.

    >>> by_time(rank_information_coefficient, [1, 2, 3, 4, 4, 3, 2, 1], [1, 2, 3, 4] * 2, [0] * 4 + [1] * 4).round(6)
    array([ 1., -1.])
    """
    said, truth = np.asarray(forecast, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    return np.array([measure(said[rows], truth[rows]) for rows in groups_of_time(np.asarray(time))], dtype=np.float64)


def ic_information_ratio(coefficients: ArrayLike, ddof: int = 1) -> float:
    """Mean of information coefficients over their standard deviation: is the skill steady?

    Not annualised. NaN with fewer than two coefficients or none that varies.

    >>> round(ic_information_ratio([0.1, 0.3]), 6)
    1.414214
    """
    values = np.asarray(coefficients, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) <= ddof or np.ptp(values) == 0.0:
        return float("nan")
    return share(float(values.mean()), float(values.std(ddof=ddof)))


def ic_information_ratio_by_time(
    forecast: ArrayLike, outcome: ArrayLike, time: ArrayLike, *, rank: bool = True, ddof: int = 1
) -> float:
    """`ic_information_ratio` of the (rank) information coefficients within each time: alphalens' "risk-adjusted IC".

    >>> forecast, outcome = [1, 2, 3, 1, 2, 3], [1, 2, 3, 1, 3, 2]
    >>> round(ic_information_ratio_by_time(forecast, outcome, [0, 0, 0, 1, 1, 1]), 4)
    2.1213
    """
    measure = rank_information_coefficient if rank else information_coefficient
    return ic_information_ratio(by_time(measure, forecast, outcome, time), ddof)


def quantile_spread(forecast: ArrayLike, outcome: ArrayLike, n_quantiles: int = 5) -> float:
    """Mean outcome in the highest quantile of the forecast minus that in the lowest, in outcome units.

    Quantiles are those of `pandas.qcut`: linear interpolation, closed on the right. NaN when ties leave
    either end empty.

    >>> round(quantile_spread([1, 2, 1, 2], [0.1, 0.2, 0.1, 0.2], n_quantiles=2), 6)
    0.1
    """
    said, truth = paired(forecast, outcome)
    if not len(said):
        return float("nan")
    lower, upper = np.quantile(said, [1.0 / n_quantiles, 1.0 - 1.0 / n_quantiles])
    lowest, highest = truth[said <= lower], truth[said > upper]
    return share(float(highest.sum()), len(highest)) - share(float(lowest.sum()), len(lowest))


def directional_accuracy(target: ArrayLike, predicted: ArrayLike) -> float:
    """Share of samples whose sign was said right, over samples where the target has a sign.

    A predicted zero says nothing and counts as wrong.

    >>> directional_accuracy([0.1, -0.2, 0.3, 0.0], [0.5, 0.1, 0.2, 1.0])
    0.6666666666666666
    """
    truth, said = paired(target, predicted)
    moved = truth != 0.0
    return share(int((np.sign(truth) == np.sign(said))[moved].sum()), int(moved.sum()))


def groups_of_time(time: np.ndarray) -> Iterator[np.ndarray]:
    """Row numbers of each distinct time, in order of time; the rows of a time in the order given."""
    order = np.argsort(time, kind="stable")
    starts = np.flatnonzero(np.r_[True, time[order][1:] != time[order][:-1]]) if len(time) else np.empty(0, int)
    yield from np.split(order, starts[1:]) if len(time) else ()
