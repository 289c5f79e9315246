"""Does a higher forecast mean a higher outcome? Samples are sorted into groups by forecast and compared.

`forecast`, `outcome` and `time` have shape (n,). With `time`, groups are made within each time, so that a
forecast is compared with those it competed with and not with those of another year (alphalens).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError, DatasetError, UnknownNameError
from trimtab.metrics.arrays import as_series
from trimtab.metrics.forecast import groups_of_time

Binning = Literal["quantiles", "equal_width"]


def quantile_of(
    forecast: ArrayLike, time: ArrayLike | None = None, n_quantiles: int = 5, binning: Binning = "quantiles"
) -> np.ndarray:
    """The group of each sample, 1 (lowest) to `n_quantiles`, int64 of shape (n,); 0 where the forecast is NaN.

    "quantiles" makes groups of equal size, with the edges of `pandas.qcut`: linear interpolation, closed on the
    right. Equal forecasts stay together in the lower group, so with many ties a group can be empty, where pandas
    refuses. "equal_width" makes groups of equal width between the lowest and the highest (`pandas.cut`).

    >>> quantile_of([0.3, 0.1, 0.4, 0.2], n_quantiles=2).tolist()
    [2, 1, 2, 1]
    >>> quantile_of([1, 1, 2, 2, 2, 2], n_quantiles=2, binning="equal_width").tolist()
    [1, 1, 2, 2, 2, 2]
    """
    if n_quantiles < 1:
        raise ConfigurationError(f"n_quantiles is {n_quantiles}; it must be at least 1")
    if binning not in ("quantiles", "equal_width"):
        raise UnknownNameError("binning", binning, ("quantiles", "equal_width"))
    said = as_series(forecast)
    label = np.zeros(len(said), dtype=np.int64)
    for rows in groups_of_time(_times(time, len(said))):
        present = rows[~np.isnan(said[rows])]
        if len(present):
            edges = _inner_edges(said[present], n_quantiles, binning)
            label[present] = 1 + np.searchsorted(edges, said[present], side="left")
    return label


def quantile_returns(
    forecast: ArrayLike,
    outcome: ArrayLike,
    time: ArrayLike | None = None,
    *,
    n_quantiles: int = 5,
    binning: Binning = "quantiles",
    demeaned: bool = False,
) -> np.ndarray:
    """Mean outcome of each group of forecasts, lowest first; float64 of shape (n_quantiles,), NaN where empty.

    With `time`, the mean within each time first and then over the times in which the group occurs, so every time
    counts the same (alphalens). `demeaned` takes the mean outcome of its time from every outcome: what a
    long-short account sees (the default of alphalens). Samples with NaN on either side are left out before.

    >>> quantile_returns([1, 2, 1, 2], [0.1, 0.2, 0.1, 0.2], n_quantiles=2).round(6).tolist()
    [0.1, 0.2]
    """
    said, truth = as_series(forecast), as_series(outcome)
    when = _times(time, len(said))
    if len(truth) != len(said):
        raise DatasetError(f"{len(said)} forecasts cannot be compared with {len(truth)} outcomes")
    both = ~(np.isnan(said) | np.isnan(truth))
    said, truth, when = said[both], truth[both], when[both]
    label = quantile_of(said, when, n_quantiles, binning)
    means = [_means(label[rows], truth[rows], n_quantiles, demeaned) for rows in groups_of_time(when)]
    return _mean_of_known(np.array(means).reshape(-1, n_quantiles))


def _means(label: np.ndarray, outcome: np.ndarray, n_quantiles: int, demeaned: bool) -> np.ndarray:
    outcome = outcome - outcome.mean() if demeaned else outcome
    counts = np.bincount(label - 1, minlength=n_quantiles)
    sums = np.bincount(label - 1, outcome, minlength=n_quantiles)
    return np.divide(sums, counts, out=np.full(n_quantiles, np.nan), where=counts > 0)


def _mean_of_known(table: np.ndarray) -> np.ndarray:
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    sums = np.where(known, table, 0.0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(table.shape[1], np.nan), where=counts > 0)


def _inner_edges(values: np.ndarray, n_quantiles: int, binning: Binning) -> np.ndarray:
    if binning == "quantiles":
        return np.quantile(values, np.linspace(0.0, 1.0, n_quantiles + 1)[1:-1])
    return np.linspace(values.min(), values.max(), n_quantiles + 1)[1:-1]


def _times(time: ArrayLike | None, n: int) -> np.ndarray:
    times = np.zeros(n, dtype=np.int8) if time is None else np.asarray(time)
    if times.shape != (n,):
        raise DatasetError(f"{n} forecasts need one time each, not times of shape {times.shape}")
    return times
