"""How far apart two samples of one number are: PSI, Kolmogorov-Smirnov, Wasserstein, Jensen-Shannon.

Every function takes a reference of shape (n,) and a current sample of shape (m,), float64, in any
order. What is not finite counts as missing. Order in time does not matter here; whether a distance
could be chance does depend on it, see `trimtab.drift.effective_size`. Unlike other measures, an empty
sample is refused: a distance to nothing would read as "no drift".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from trimtab.errors import NotEnoughDataError

N_BINS = 10


@dataclass(frozen=True)
class Sample:
    """A sample prepared for comparison.

    Attributes
    ----------
    present: the finite values, ascending, float64.
    size: number of all values, missing ones included.
    """

    present: np.ndarray
    size: int

    @property
    def missing_share(self) -> float:
        """Share of values that are missing, 0 to 1."""
        return 1.0 - len(self.present) / self.size

    @classmethod
    def of(cls, values: np.ndarray) -> Sample:
        """Sort the finite values; an empty sample raises `NotEnoughDataError`."""
        if len(values) == 0:
            raise NotEnoughDataError(
                "a drift measure was given a sample without rows; compare at least one row with one"
            )
        ordered = np.sort(np.asarray(values, dtype=np.float64))
        if not (np.isfinite(ordered[0]) and np.isfinite(ordered[-1])):
            ordered = ordered[np.isfinite(ordered)]
        return cls(ordered, len(values))


def population_stability_index(reference: np.ndarray, current: np.ndarray, n_bins: int = N_BINS) -> float:
    """Population stability index on the quantiles of the reference; 0 is equal, 0.25 is the usual alarm.

    The outer bins reach to ±infinity, a value repeated so often that it fills a decile has a bin of its own,
    and missing values are one more bin where there are any. See `psi_of_shares` for the formula.
    An empty bin counts as half a row, so its weight falls as samples grow.

    >>> population_stability_index(np.arange(1000.0), np.arange(1000.0))
    0.0
    >>> round(population_stability_index(np.arange(1000.0), np.arange(1000.0) + 100), 3)
    0.596
    """
    return psi(*bin_shares(Sample.of(reference), Sample.of(current), n_bins))


def kolmogorov_smirnov(reference: np.ndarray, current: np.ndarray) -> float:
    """Largest distance of the two empirical distribution functions, 0 to 1, right under ties.

    Missing values count as one value above all others; without any, this is the statistic of
    `scipy.stats.ks_2samp`.

    >>> round(kolmogorov_smirnov(np.arange(1.0, 11.0), np.arange(3.0, 13.0)), 10)
    0.2
    """
    return ks_and_area(Sample.of(reference), Sample.of(current))[0]


def wasserstein(reference: np.ndarray, current: np.ndarray) -> float:
    """First Wasserstein distance of the present values, in units of the reference's interquartile range.

    The range makes features of different units comparable and one outlier cannot stretch it. Where it is 0
    (a feature that is mostly one value) the unit is the reference's standard deviation; NaN where that is
    0 too and the samples differ, or where one of them has no present value.

    >>> round(wasserstein(np.arange(1.0, 11.0), np.arange(3.0, 13.0)), 6)
    0.444444
    """
    first, second = Sample.of(reference), Sample.of(current)
    return scaled_distance(first, ks_and_area(first, second)[1])


def jensen_shannon(reference: np.ndarray, current: np.ndarray, n_bins: int = N_BINS) -> float:
    """Jensen-Shannon distance (square root of the divergence, base 2) on the bins of the PSI, 0 to 1.

    >>> jensen_shannon(np.arange(100.0), np.arange(100.0) + 1000)
    0.8707908228691...
    """
    first, second = Sample.of(reference), Sample.of(current)
    return js_of_counts(*bin_counts(first, second, n_bins))


def psi_of_shares(expected: np.ndarray, actual: np.ndarray) -> float:
    """Σ (actual - expected) ln(actual / expected) over bins, all shares above 0.

    Lewis, An Introduction to Credit Scoring, 1994: the symmetrised Kullback-Leibler divergence.

    >>> round(psi_of_shares(np.full(4, 0.25), np.array([0.1, 0.2, 0.3, 0.4])), 10)
    0.2282174096
    """
    return float(np.sum((actual - expected) * np.log(actual / expected)))


def psi(expected: np.ndarray, actual: np.ndarray) -> float:
    """`psi_of_shares`, free of a negative zero."""
    return max(0.0, psi_of_shares(expected, actual))


def js_of_counts(reference: np.ndarray, current: np.ndarray) -> float:
    """Jensen-Shannon distance, base 2, of two histograms on the same bins."""
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2)))


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    full = p > 0
    return float(np.sum(p[full] * np.log2(p[full] / q[full])))


def bin_edges(reference: Sample, n_bins: int = N_BINS) -> np.ndarray:
    """Inner edges between bins (lower, upper], ascending; the quantiles of the reference.

    Quantiles that coincide mark a value that fills a bin: it gets an edge just below too, so that neither
    a binary feature nor a saturated one hides what happens beside its heavy value.

    >>> bin_edges(Sample.of(np.arange(101.0)), 4)
    array([25., 50., 75.])
    >>> len(bin_edges(Sample.of(np.array([0.0] * 19 + [1.0]))))
    2
    """
    if not len(reference.present):
        return np.empty(0)
    quantiles = quantile_of_sorted(reference.present, np.arange(1, n_bins) / n_bins)
    heavy = quantiles[1:][quantiles[1:] == quantiles[:-1]]
    return np.unique(np.concatenate([quantiles, np.nextafter(heavy, -np.inf)]))


def bin_counts(reference: Sample, current: Sample, n_bins: int = N_BINS) -> tuple[np.ndarray, np.ndarray]:
    """Rows per bin of both samples on the reference's bins, the missing bin last where anything is missing."""
    edges = bin_edges(reference, n_bins)
    first, second = (_counts(sample, edges) for sample in (reference, current))
    if first[-1] + second[-1] == 0:
        return first[:-1], second[:-1]
    return first, second


def _counts(sample: Sample, edges: np.ndarray) -> np.ndarray:
    below = np.searchsorted(sample.present, edges, side="right")
    return np.diff(np.concatenate([[0], below, [len(sample.present), sample.size]])).astype(np.float64)


def bin_shares(reference: Sample, current: Sample, n_bins: int = N_BINS) -> tuple[np.ndarray, np.ndarray]:
    """Share of rows per bin of both samples; a bin that is empty in one of them counts as half a row there."""
    first, second = bin_counts(reference, current, n_bins)
    used = (first > 0) | (second > 0)
    return np.maximum(first[used], 0.5) / reference.size, np.maximum(second[used], 0.5) / current.size


def quantile_of_sorted(ordered: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Quantiles of ascending values by linear interpolation, as `numpy.quantile` gives."""
    position = shares * (len(ordered) - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def ks_and_area(reference: Sample, current: Sample) -> tuple[float, float]:
    """The Kolmogorov-Smirnov statistic and the unscaled Wasserstein distance, in one pass."""
    distance, area = _merge(reference.present, current.present, reference.size, current.size)
    return distance, area if len(reference.present) and len(current.present) else float("nan")


def scaled_distance(reference: Sample, area: float) -> float:
    """An unscaled Wasserstein distance in units of the reference, as `wasserstein` says."""
    if area == 0.0 or np.isnan(area):
        return area
    quarter, three_quarters = quantile_of_sorted(reference.present, np.array([0.25, 0.75]))
    scale = three_quarters - quarter or float(np.std(reference.present))
    return float(area / scale) if scale > 0 else float("nan")


@njit(cache=True, nogil=True)
def _merge(first: np.ndarray, second: np.ndarray, first_size: int, second_size: int) -> tuple[float, float]:
    # Walk both ascending arrays; after all copies of a value are consumed, the two distribution
    # functions are known up to the next value. The statistic is over all rows, missing ones last;
    # the area is over present rows, so it has shares of its own.
    i, j = 0, 0
    distance, area = 0.0, 0.0
    n, m = len(first), len(second)
    previous = 0.0
    started = False
    while i < n or j < m:
        value = first[i] if j >= m or (i < n and first[i] <= second[j]) else second[j]
        if started and n > 0 and m > 0:
            area += abs(i / n - j / m) * (value - previous)
        while i < n and first[i] == value:
            i += 1
        while j < m and second[j] == value:
            j += 1
        distance = max(distance, abs(i / first_size - j / second_size))
        previous, started = value, True
    return distance, area
