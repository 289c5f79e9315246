"""Whether probabilities mean what they say: of the days with 70 % rain announced, did 70 % see rain?

`outcome` holds 0.0 or 1.0, `probability` what was said about outcome 1; both of shape (n,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError
from trimtab.metrics.arrays import paired, share


@dataclass(frozen=True)
class ReliabilityBin:
    """The forecasts between two probabilities.

    Attributes
    ----------
    low, high: the bin holds low < probability <= high; the first bin holds `low` too.
    n: forecasts in it.
    said: their mean probability; NaN without forecasts.
    happened: the share of them with outcome 1; NaN without forecasts.
    """

    low: float
    high: float
    n: int
    said: float
    happened: float


def reliability_table(outcome: ArrayLike, probability: ArrayLike, n_bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """What was said and what happened in bins of equal width between 0 and 1.

    >>> for bin in reliability_table([0, 1, 1, 1], [0.2, 0.4, 0.8, 0.9], n_bins=2):
    ...     print(bin.n, round(bin.said, 2), bin.happened)
    2 0.3 0.5
    2 0.85 1.0
    """
    if n_bins < 1:
        raise ConfigurationError(f"n_bins is {n_bins}; it must be at least 1")
    truth, said = paired(outcome, probability)
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    place = np.searchsorted(edges[1:-1], said, side="left")
    counts, of_said, of_truth = (
        np.bincount(place, weights, minlength=n_bins) for weights in (np.ones(len(said)), said, truth)
    )
    return tuple(
        ReliabilityBin(float(low), float(high), int(n), share(s, n), share(t, n))
        for low, high, n, s, t in zip(edges, edges[1:], counts, of_said, of_truth, strict=False)
    )


def expected_calibration_error(outcome: ArrayLike, probability: ArrayLike, n_bins: int = 10) -> float:
    """Mean distance between what was said and what happened over the bins, weighted by their forecasts.

    0 is perfect; a coin called with certainty has one half. Naeini et al., "Obtaining well calibrated
    probabilities using Bayesian binning", 2015. With few forecasts it is above 0 by chance alone.

    >>> expected_calibration_error([0, 1], [1.0, 1.0])
    0.5
    """
    bins = [each for each in reliability_table(outcome, probability, n_bins) if each.n]
    return share(sum(each.n * abs(each.said - each.happened) for each in bins), sum(each.n for each in bins))
