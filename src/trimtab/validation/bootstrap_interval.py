"""An interval for any measure that is made of sums over time: blocks of decision times are resampled.

Most measures of forecasts and of returns are a function of a few sums: accuracy of the counts of a confusion
matrix, a correlation of the sums of x, y, x², y² and xy, a Sharpe ratio of those of r and r². So a resample
needs no more than the sums of its blocks, and a thousand of them cost as much as a few passes over the series.

The interval is studentised (Götze & Künsch 1996; Davison & Hinkley 1997, section 2.4): each resample is judged
in units of its own standard error, by the delta method. Blocks are as long as those of `bootstrap` for the
series that the measure linearises to. How often such an interval holds the truth is measured in
docs/calibration.md. Where the measure is a share, such as accuracy, and one side of it has cases at fewer than
20 times, resamples cannot say what a few more cases would have done: it gets Wilson's interval instead
(`share_interval`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.bootstrap import MIN_TIMES, default_block_length
from trimtab.validation.share_interval import Share, is_rare, mean_share_interval

OfTotals = Callable[[np.ndarray], np.ndarray]
Shares = Callable[[np.ndarray], Sequence[Share]]


def _as_it_is(share: float) -> float:
    return share


MAX_CELLS = 10_000  # more times than that are first added up in cells of neighbours


@dataclass(frozen=True)
class Interval:
    """A measure and how far chance alone might have moved it.

    Attributes
    ----------
    value: the measure of all rows.
    low, high: two-sided interval at `confidence`; NaN with fewer than 20 times, or where the measure
        is not defined on a tenth of the resamples.
    confidence: such as 0.95.
    block_length: length of the resampled blocks, in times; NaN without an interval.
    n_times: distinct times.
    """

    value: float
    low: float
    high: float
    confidence: float
    block_length: float
    n_times: int


@dataclass(frozen=True)
class Statistic:
    """A measure as a function of sums.

    Attributes
    ----------
    of_totals: from totals of shape (..., k) to values of shape (...); NaN where not defined.
    lowest, highest: what the measure cannot pass; an interval is cut there.
    shares: where the measure is made of shares: from sums by time of shape (n_times, k) to those whose mean it is.
    of_share: from that mean to the measure, where it is not the mean itself; increasing.
    """

    of_totals: OfTotals
    lowest: float = -np.inf
    highest: float = np.inf
    shares: Shares | None = None
    of_share: Callable[[float], float] = _as_it_is


def bootstrap_interval(
    rows_by_time: np.ndarray,
    statistic: Statistic | OfTotals,
    *,
    seed: int,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    block_length: float | None = None,
) -> Interval:
    """The interval of a statistic of totals; `rows_by_time` holds what each time adds to them, shape (n_times, k).

    Times are in order, all rows (instruments) of a time are added up before. `block_length` is in times; None
    chooses. Beyond 10,000 times neighbours are added up first, so that blocks begin at fewer places. The same
    seed gives the same interval.

    >>> right = np.random.default_rng(0).random(500) < 0.6
    >>> share_right = lambda totals: totals[..., 0] / totals[..., 1]
    >>> found = bootstrap_interval(np.column_stack([right, np.ones(500)]), share_right, seed=1)
    >>> round(found.value, 3), bool(found.low < 0.6 < found.high)
    (0.566, True)
    """
    return bootstrap_test(
        rows_by_time,
        statistic,
        seed=seed,
        n_resamples=n_resamples,
        confidence=confidence,
        block_length=block_length,
    )[0]


def bootstrap_test(
    rows_by_time: np.ndarray,
    statistic: Statistic | OfTotals,
    *,
    seed: int,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    block_length: float | None = None,
) -> tuple[Interval, float]:
    """`bootstrap_interval`, and the two-sided p-value of "the statistic is zero" from the same resamples.

    The p-value is never below 1 / (n_resamples + 1); NaN where there is no interval, and of a rare share.

    >>> gains = np.random.default_rng(0).normal(0.2, 1.0, 400)
    >>> mean = lambda totals: totals[..., 0] / totals[..., 1]
    >>> bootstrap_test(np.column_stack([gains, np.ones(400)]), mean, seed=1)[1] < 0.01
    True
    """
    measure = statistic if isinstance(statistic, Statistic) else Statistic(statistic)
    rows = np.asarray(rows_by_time, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise DatasetError(f"an interval needs a finite number for every time and sum, not shape {rows.shape}")
    if not 0.0 < confidence < 1.0:
        raise ConfigurationError(f"confidence is {confidence}; it must lie between 0 and 1, such as 0.95")
    n, nan = len(rows), float("nan")
    value = float(_values(measure, rows.sum(axis=0))) if n else nan
    if n < MIN_TIMES or np.isnan(value):
        return Interval(value, nan, nan, confidence, nan, n), nan
    width = -(-n // MAX_CELLS)
    cells = _in_cells(rows, width)
    slope = _slope(measure, cells.mean(axis=0)[None], cells)[0]
    length = _length(cells @ slope, block_length, width, n)
    shares = measure.shares(rows) if measure.shares else ()
    if is_rare(shares):
        low, high = (measure.of_share(end) for end in mean_share_interval(shares, length * width, confidence))
        return Interval(value, low, high, confidence, float(length * width), n), nan
    error, ratios = _studentised(cells, measure, slope, length, n_resamples, np.random.default_rng(seed))
    known = ratios[np.isfinite(ratios)]
    if len(known) < 0.9 * n_resamples:
        return Interval(value, nan, nan, confidence, float(length * width), n), nan
    upper, lower = np.quantile(known, [(1.0 + confidence) / 2.0, (1.0 - confidence) / 2.0])
    low, high = np.clip([value - error * upper, value - error * lower], measure.lowest, measure.highest)
    as_large = int((np.abs(known) * error >= abs(value) - 1e-12 * max(abs(value), 1.0)).sum())
    interval = Interval(value, float(low), float(high), confidence, float(length * width), n)
    return interval, (1 + as_large) / (1 + len(known))


def sums_by_time(columns: np.ndarray, time: np.ndarray) -> np.ndarray:
    """What each distinct time adds to every sum, in order of time; from (n, k) to (n_times, k).

    >>> sums_by_time(np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1, 1, 2])).tolist()
    [[1.0, 2.0], [1.0, 1.0]]
    """
    _, group = np.unique(time, return_inverse=True)
    n_times = int(group.max()) + 1 if len(group) else 0
    return np.stack([np.bincount(group, column, minlength=n_times) for column in columns.T], axis=1)


def _values(measure: Statistic, totals: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(measure.of_totals(totals), dtype=np.float64)


def _in_cells(rows: np.ndarray, width: int) -> np.ndarray:
    """Sums of `width` neighbours; the last cell may hold fewer."""
    return rows if width == 1 else np.add.reduceat(rows, np.arange(0, len(rows), width), axis=0)


def _length(influence: np.ndarray, given: float | None, width: int, n: int) -> int:
    """Block length in cells."""
    if given is None:
        return int(default_block_length(influence - influence.mean()))
    if not 1.0 <= given <= n:
        raise ConfigurationError(f"block_length is {given:g}; it must lie between 1 and the {n} times")
    return min(max(round(given / width), 1), len(influence))


def _slope(measure: Statistic, mean: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Derivative of the measure by each sum, at means of shape (r, k), by central differences; (r, k)."""
    step = 1e-5 * (np.abs(cells.mean(axis=0)) + cells.std(axis=0)) + 1e-300
    n, slopes = len(cells), np.zeros_like(mean)
    for column in range(mean.shape[1]):
        moved = np.zeros(mean.shape[1])
        moved[column] = step[column]
        gained = _values(measure, (mean + moved) * n) - _values(measure, (mean - moved) * n)
        slopes[:, column] = gained / (2.0 * step[column])
    return slopes


def _studentised(
    cells: np.ndarray, measure: Statistic, slope: np.ndarray, length: int, n_resamples: int, random: np.random.Generator
) -> tuple[float, np.ndarray]:
    """Standard error of the measure, and the resampled measures less it in units of their own error."""
    n, n_sums = cells.shape
    mean = cells.mean(axis=0)
    running = np.concatenate([np.zeros((1, n_sums)), np.cumsum(np.concatenate([cells, cells[:length]]) - mean, axis=0)])
    sums = running[length:][:n] - running[:n]  # of every block on the circle, less what its length explains
    influence = sums @ slope
    error = float(np.sqrt(influence @ influence / n / length / n))
    totals, squares = _drawn_blocks(sums, random.integers(0, n, (n_resamples, n // length)))
    drawn = n // length * length
    shift = totals / drawn
    means = cells.mean(axis=0) + shift
    # What should be nothing, such as the sum of a rare event that was not drawn, is not left to rounding.
    means[np.abs(means) < 1e-12 * np.abs(cells).mean(axis=0)] = 0.0
    slopes = _slope(measure, means, cells)
    spread = squares - length * drawn * shift[:, :, None] * shift[:, None, :]
    variance = np.einsum("ri,rij,rj->r", slopes, spread, slopes)
    errors = np.sqrt(np.maximum(variance, 0.0)) / drawn
    errors = np.where(errors > 1e-6 * error, errors, error)
    gained = _values(measure, means * n) - _values(measure, mean * n)
    return error, np.divide(gained, errors, out=np.where(np.isfinite(gained), 0.0, np.nan), where=errors > 0.0)


@njit(cache=True)
def _drawn_blocks(sums: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the drawn blocks, and sums of their products; (r, k) and (r, k, k) from (n, k) and (r, n_blocks)."""
    n_resamples, n_blocks = drawn.shape
    k = sums.shape[1]
    totals, squares = np.zeros((n_resamples, k)), np.zeros((n_resamples, k, k))
    for r in range(n_resamples):
        for b in range(n_blocks):
            block = drawn[r, b]
            for i in range(k):
                totals[r, i] += sums[block, i]
                for j in range(i + 1):
                    squares[r, i, j] += sums[block, i] * sums[block, j]
        for i in range(k):
            for j in range(i):
                squares[r, j, i] = squares[r, i, j]
    return totals, squares
