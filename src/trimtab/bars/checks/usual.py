"""What is usual around a bar: a median and a robust sigma of the returns on both sides of it.

A crash that belongs to a turbulent time is usual there, so no check that asks here objects to it.
"""

from __future__ import annotations

import numpy as np

_MAD_TO_SIGMA = 1.4826  # for a normal distribution
_LEAST_SIGMA = 1e-4  # where prices stand still the MAD is zero and everything would be far away


def usual_returns(returns: np.ndarray, at: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Median and robust sigma (1.4826 · MAD) of the returns around some positions.

    `window` returns on either side, the position and its neighbours left out, so that a jump
    and its reversal do not hide themselves. Shape of both: one number per position.
    """
    around = _around(returns, at, window)
    median = median_of_rows(around)
    sigma = _MAD_TO_SIGMA * median_of_rows(np.abs(around - median[:, None]))
    return median, np.maximum(sigma, _LEAST_SIGMA)


def usual_step(returns: np.ndarray, at: np.ndarray, window: int) -> np.ndarray:
    """Mean absolute return around some positions: a scale that is not zero where most bars stand still."""
    mean: np.ndarray = np.nanmean(np.abs(_around(returns, at, window)), axis=1)
    return mean


def rows_at(values: np.ndarray, at: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The values at some offsets from each position, one row per position, NaN beyond the ends."""
    index = at[:, None] + offsets[None, :]
    inside = (index >= 0) & (index < len(values))
    rows: np.ndarray = np.where(inside, values[np.clip(index, 0, len(values) - 1)], np.nan)
    return rows


def median_of_rows(rows: np.ndarray) -> np.ndarray:
    """The median of each row without its NaN, of which it must not consist; several times as fast as `np.nanmedian`.

    >>> median_of_rows(np.array([[3.0, 1.0, np.nan], [4.0, 2.0, 6.0]])).tolist()
    [2.0, 4.0]
    """
    ordered = np.sort(rows, axis=1)  # NaN come last
    n = np.count_nonzero(~np.isnan(rows), axis=1)
    each = np.arange(len(rows))
    median: np.ndarray = (ordered[each, (n - 1) // 2] + ordered[each, n // 2]) / 2
    return median


def _around(returns: np.ndarray, at: np.ndarray, window: int) -> np.ndarray:
    """The returns beside each position, one row per position, NaN beyond the ends."""
    around = rows_at(returns, at, np.r_[-window - 1 : -1, 2 : window + 2])
    # Too short to say what is usual: nothing moves, and the least sigma decides.
    around[np.isnan(around).all(axis=1)] = 0.0
    return around
