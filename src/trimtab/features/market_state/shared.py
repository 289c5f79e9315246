"""Arrays that features of several themes read; ask for them with `c.of`, so that each is computed once."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio
from trimtab.features.kernels.windows import window_mean_variance, window_sum

YEAR = 252  # bars a regime is judged against; a trading year of daily bars
SURPRISE = 20  # bars whose volatility says how large a return is


def volatility(c: Context, n: int) -> np.ndarray:
    """Standard deviation of the last `n` log returns."""
    return np.sqrt(c.of(window_mean_variance, "log_return", n)[1])


def sum_of_squares(c: Context, n: int) -> np.ndarray:
    """Sum of the last `n` squared log returns."""
    return window_sum(c.of(np.square, "log_return"), n)


def root_mean_square(c: Context, n: int) -> np.ndarray:
    """Root of the mean of the last `n` squared log returns."""
    return np.sqrt(c.of(sum_of_squares, c, n) / n)


def bulk_classified(c: Context) -> np.ndarray:
    """Bought less sold volume of each bar, the sides inferred from its return in standard deviations.

    Source: bulk volume classification, Easley, Lopez de Prado & O'Hara (2012), with the normal
    distribution. Half of the volume is on either side where the price did not move.
    """
    surprise = ratio(c.log_return, volatility(c, SURPRISE), 0.0)
    return c.volume * (2.0 * ndtr(surprise) - 1.0)


def correlation(covariance: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation from a covariance and two variances, 0 where one of them is 0."""
    return np.clip(ratio(covariance, np.sqrt(one) * np.sqrt(other), 0.0), -1.0, 1.0)
