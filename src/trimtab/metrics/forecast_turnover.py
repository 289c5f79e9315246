"""How much a ranking of instruments changes from one time to the next: what following it would cost.

Every row is one instrument at one time: `time`, `instrument_id` and the forecast (or its group) have shape (n,), in
any order. Results have one value per distinct time, in order; a lag counts distinct times. alphalens' definitions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.metrics.arrays import average_ranks
from trimtab.metrics.forecast import information_coefficient


def quantile_turnover(
    quantile: ArrayLike, time: ArrayLike, instrument_id: ArrayLike, *, which: int, lag: int = 1
) -> np.ndarray:
    """Share of the instruments of group `which` that were not in it `lag` times before; NaN where unknown.

    `quantile` is the group of each row, see `quantiles.quantile_of`. Unknown: the first `lag` times, and times at
    which the group was empty, now or then.

    >>> time, name = [1, 1, 2, 2, 3, 3], ["a", "b"] * 3
    >>> quantile_turnover([1, 2, 2, 1, 2, 1], time, name, which=2).tolist()
    [nan, 1.0, 0.0]
    """
    inside = _table(np.asarray(quantile) == which, time, instrument_id, missing=0.0, lag=lag) > 0.0
    out = np.full(len(inside), np.nan)
    now, before = inside[lag:], inside[: max(len(inside) - lag, 0)]
    known = now.any(axis=1) & before.any(axis=1)
    out[lag:][known] = (now & ~before)[known].sum(axis=1) / now[known].sum(axis=1)
    return out


def factor_rank_autocorrelation(
    forecast: ArrayLike, time: ArrayLike, instrument_id: ArrayLike, *, lag: int = 1
) -> np.ndarray:
    """Correlation of the ranks at each time with those `lag` times before, over instruments in both.

    1 is the same order, 0 a new one every time. Ranks are among all instruments of a time, ties averaged. NaN at
    the first `lag` times and where fewer than two instruments are shared or ranks do not vary.

    >>> time, name = [1, 1, 1, 2, 2, 2], ["a", "b", "c"] * 2
    >>> factor_rank_autocorrelation([1, 2, 3, 30, 20, 10], time, name).round(6).tolist()
    [nan, -1.0]
    """
    table = _table(np.asarray(forecast, dtype=np.float64), time, instrument_id, missing=np.nan, lag=lag)
    for row in table:
        row[~np.isnan(row)] = average_ranks(row[~np.isnan(row)])
    pairs = zip(table[lag:], table[: max(len(table) - lag, 0)], strict=True)
    first = np.full(min(lag, len(table)), np.nan)
    return np.concatenate([first, [information_coefficient(now, before) for now, before in pairs]])


def _table(values: np.ndarray, time: ArrayLike, instrument_id: ArrayLike, *, missing: float, lag: int) -> np.ndarray:
    """Rows as a table of times by instruments, float64; refuses an instrument that occurs twice at a time."""
    when, who = np.asarray(time), np.asarray(instrument_id)
    if not values.shape == when.shape == who.shape or values.ndim != 1:
        raise DatasetError(
            f"values, times and instruments need one length, not {values.shape} {when.shape} {who.shape}"
        )
    if lag < 1:
        raise ConfigurationError(f"lag is {lag}; a ranking is compared with one at least 1 time before")
    times, row = np.unique(when, return_inverse=True)
    names, column = np.unique(who, return_inverse=True)
    cell = row * len(names) + column
    if len(np.unique(cell)) < len(cell):
        raise DatasetError("an instrument occurs twice at one time; keep one forecast of each")
    table = np.full(len(times) * len(names), missing)
    table[cell] = values
    return table.reshape(len(times), len(names))
