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
    median = np.nanmedian(around, axis=1)
    sigma = _MAD_TO_SIGMA * np.nanmedian(np.abs(around - median[:, None]), axis=1)
    return median, np.maximum(sigma, _LEAST_SIGMA)


def usual_step(returns: np.ndarray, at: np.ndarray, window: int) -> np.ndarray:
    """Mean absolute return around some positions: a scale that is not zero where most bars stand still."""
    mean: np.ndarray = np.nanmean(np.abs(_around(returns, at, window)), axis=1)
    return mean


def _around(returns: np.ndarray, at: np.ndarray, window: int) -> np.ndarray:
    """The returns beside each position, one row per position, NaN beyond the ends."""
    offsets = np.r_[-window - 1 : -1, 2 : window + 2]
    index = at[:, None] + offsets[None, :]
    inside = (index >= 0) & (index < len(returns))
    around: np.ndarray = np.where(inside, returns[np.clip(index, 0, len(returns) - 1)], np.nan)
    # Too short to say what is usual: nothing moves, and the least sigma decides.
    around[~inside.any(axis=1)] = 0.0
    return around
