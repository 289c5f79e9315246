"""How many independent trials are these worth? Trials that bet alike had one chance to be lucky, not many.

Three estimates from the correlations of the trials' returns, of which the largest counts, because too small a number
makes a result look better than it is:

- average correlation r: N = r + (1 - r) n (López de Prado and Lewis 2019, Detection of false investment strategies
  using unsupervised learning methods, and the implementations that follow Bailey and López de Prado 2014, A.3);
- eigenvalues: (sum of their square roots)^2 / their sum (Galwey 2009, A new measure of the effective number of
  tests), which sees groups of trials that an average blurs;
- differences: one more than the second, of the returns less what all trials did together in each period.

The third is trimtab's own, for the deflated Sharpe ratio. That takes the spread of the trials' Sharpe ratios, which
what they have in common makes small already; to count fewer trials for it as well would count it twice. With every
two of 50 trials correlated by 0.9, the best without skill reaches 0.95 in 6 % of the searches by the first two and in
3 to 4 % with the third (docs/calibration.md). Copies of a trial differ from the others alike, so it still counts them
once.

All give n without any correlation and 1 where all trials are the same. Correlations below zero count as zero in the
average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trimtab.errors import DatasetError

FEWEST_COMMON = 30  # periods that two trials must share; a correlation of fewer says nothing


@dataclass(frozen=True)
class IndependentTrials:
    """How many trials there were and how many independent ones they are worth.

    Attributes
    ----------
    n_trials: trials counted, those without returns included.
    n_with_returns: trials of which the returns are known.
    average_correlation, eigenvalues, differences: the estimates, trials without returns added as one each.
    mean_correlation: of the pairs that share enough periods; NaN when no pair does.
    """

    n_trials: int
    n_with_returns: int
    average_correlation: float
    eigenvalues: float
    differences: float
    mean_correlation: float

    @property
    def n_effective(self) -> int:
        """The largest estimate, rounded up, at most the number of trials: what the gate counts."""
        largest = max(self.average_correlation, self.eigenvalues, self.differences)
        return min(math.ceil(largest - 1e-9), self.n_trials)


def independent_trials(*groups: np.ndarray, n_without_returns: int = 0) -> IndependentTrials:
    """The effective number of independent trials in some groups, and of others that cannot be compared.

    Parameters
    ----------
    groups: each of shape (t, k): returns per period, one column per trial, NaN where a trial had none. Trials of
        different groups (judged on different times) count as independent of each other, as do two trials that share
        fewer than 30 periods.
    n_without_returns: trials whose returns are unknown; each counts as independent, whatever it was.

    Trials whose returns never vary, such as those that never held anything, count as one together.

    >>> same = np.random.default_rng(0).normal(size=(500, 1)) @ np.ones((1, 20))
    >>> independent_trials(same).n_effective, independent_trials(same, n_without_returns=3).n_effective
    (1, 4)
    """
    tables = [_checked(group) for group in groups]
    found = [_estimates(table) for table in tables if table.shape[1]]
    correlations = np.concatenate([each.correlations for each in found]) if found else np.zeros(0)
    n_with = sum(table.shape[1] for table in tables)
    return IndependentTrials(
        n_trials=n_with + n_without_returns,
        n_with_returns=n_with,
        average_correlation=sum(each.average_correlation for each in found) + n_without_returns,
        eigenvalues=sum(each.eigenvalues for each in found) + n_without_returns,
        differences=sum(each.differences for each in found) + n_without_returns,
        mean_correlation=float(correlations.mean()) if len(correlations) else math.nan,
    )


def correlations_of(returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of every two columns over the rows that both know, and over how many; both of shape (k, k).

    Unknown correlations, of columns that share fewer than 30 rows or do not vary on them, are 0; a column's own is 1.
    Equal to `pandas.DataFrame.corr` where that is defined.
    """
    known = ~np.isnan(returns)
    seen, values = known.astype(np.float64), np.where(known, returns, 0.0)
    values = np.where(known, values - values.sum(axis=0) / np.maximum(seen.sum(axis=0), 1.0), 0.0)
    common = seen.T @ seen
    size = np.maximum(common, 1.0)
    sums, squares = values.T @ seen, (values**2).T @ seen  # of column i over the rows that column j knows too
    covariance = values.T @ values - sums * sums.T / size
    spread = squares - sums**2 / size
    varies = (spread > 1e-12 * squares) & (spread.T > 1e-12 * squares.T) & (common >= FEWEST_COMMON)
    scale = np.sqrt(np.where(varies, spread * spread.T, 1.0))
    correlation = np.where(varies, np.clip(covariance / scale, -1.0, 1.0), 0.0)
    np.fill_diagonal(correlation, 1.0)
    return correlation, common


def _checked(returns: np.ndarray) -> np.ndarray:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or np.isinf(values).any():
        raise DatasetError(f"returns must be a table of periods by trials without infinity, not shape {values.shape}")
    return values


class _Estimates(NamedTuple):
    """Of one group; `correlations` are those of the pairs that share enough periods."""

    average_correlation: float
    eigenvalues: float
    differences: float
    correlations: np.ndarray


def _estimates(returns: np.ndarray) -> _Estimates:
    varies = _varies(returns)
    still, n = float(not varies.all()), int(varies.sum())
    if n == 0:
        return _Estimates(still, still, still, np.zeros(0))
    correlation, common = correlations_of(returns[:, varies])
    upper = np.triu_indices(n, 1)
    pairs = correlation[upper]
    mean = float(np.clip(pairs.mean(), 0.0, 1.0)) if len(pairs) else 0.0
    return _Estimates(
        mean + (1.0 - mean) * n + still,
        _galwey(correlation) + still,
        _by_differences(returns[:, varies]) + still,
        pairs[common[upper] >= FEWEST_COMMON],
    )


def _by_differences(returns: np.ndarray) -> float:
    """One more than the independent trials among the returns, in their own deviations, less their mean per period."""
    known = ~np.isnan(returns)
    n_known = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, returns - np.where(known, returns, 0.0).sum(axis=0) / n_known, 0.0)
    scaled = centred / np.sqrt((centred**2).sum(axis=0) / n_known)
    together = scaled.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    differ = np.where(known, scaled - together, np.nan)
    varies = np.nanmax(np.abs(differ), axis=0) > 1e-9  # copies differ by rounding only
    return 1.0 + (_galwey(correlations_of(differ[:, varies])[0]) if varies.any() else 0.0)


def _varies(returns: np.ndarray) -> np.ndarray:
    """Whether each column has two known values that differ."""
    low = np.min(returns, axis=0, where=~np.isnan(returns), initial=np.inf)
    high = np.max(returns, axis=0, where=~np.isnan(returns), initial=-np.inf)
    return high > low


def _galwey(correlation: np.ndarray) -> float:
    """(sum of root eigenvalues)^2 / sum; those below zero, which pairwise correlations may have, count as zero."""
    values = np.clip(np.linalg.eigvalsh(correlation), 0.0, None)
    values[values < 1e-9 * values.max()] = 0.0  # the root of rounding is not small
    return float(np.sqrt(values).sum() ** 2 / values.sum())
