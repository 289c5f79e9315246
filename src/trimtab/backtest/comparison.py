"""An account beside another that did less: was the difference more than luck?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trimtab.metrics.plain import plain
from trimtab.metrics.relative import alpha, beta, down_capture, information_ratio, tracking_error, up_capture
from trimtab.validation.bootstrap import block_bootstrap_mean

MAX_CELLS = 10_000  # a resample costs a draw per block, so a million bars are added up first


@dataclass(frozen=True)
class AgainstBenchmark:
    """Returns of an account compared with those of a benchmark over the same bars.

    Attributes
    ----------
    alpha, beta: of the regression of returns on the benchmark's; alpha compounded over a year. No risk-free rate
        is taken off.
    information_ratio, tracking_error: of the differences in return, per year.
    up_capture, down_capture: annual return over the bars in which the benchmark rose (fell), as a share of its own.
    excess_return_sum: mean difference in return, times bars per year: that of a constant stake, as the suffix says.
        `metrics.relative.excess_return` without compounding, not the difference of two annual returns.
    excess_return_sum_low, excess_return_sum_high: its 95 % interval, from the studentised block bootstrap of the paired
        differences (`trimtab.validation.bootstrap`); above 10,000 bars, of sums of neighbours.
    p_value: one-sided, of "the account earns no more than the benchmark"; unknown below 20 bars.
    block_length: of that bootstrap, in bars.
    n_bars: bars in which both returns are known; what has lost all its money is compared until then.
    """

    alpha: float
    beta: float
    information_ratio: float
    tracking_error: float
    up_capture: float
    down_capture: float
    excess_return_sum: float
    excess_return_sum_low: float
    excess_return_sum_high: float
    p_value: float
    block_length: float
    n_bars: int

    def to_json(self) -> dict[str, Any]:
        """By name; unknown is None."""
        return plain(asdict(self))


def against_benchmark(
    returns: np.ndarray, benchmark: np.ndarray, *, periods_per_year: float, seed: int
) -> AgainstBenchmark:
    """Compare simple returns per bar, both of shape (t,); a bar in which either is unknown (NaN) is left out.

    >>> market = np.random.default_rng(0).normal(0.0005, 0.01, 1000)
    >>> found = against_benchmark(0.5 * market + 0.001, market, periods_per_year=252, seed=1)
    >>> round(found.beta, 9), found.p_value < 0.05
    (0.5, True)
    """
    known = ~(np.isnan(returns) | np.isnan(benchmark))
    own, other = returns[known], benchmark[known]
    cells = _cells(own - other)
    test, per_year = block_bootstrap_mean(cells, seed=seed), periods_per_year * len(cells) / max(len(own), 1)
    return AgainstBenchmark(
        alpha=alpha(own, other, periods_per_year),
        beta=beta(own, other),
        information_ratio=information_ratio(own, other, periods_per_year),
        tracking_error=tracking_error(own, other, periods_per_year),
        up_capture=up_capture(own, other, periods_per_year),
        down_capture=down_capture(own, other, periods_per_year),
        excess_return_sum=test.mean * per_year,
        excess_return_sum_low=test.ci_low * per_year,
        excess_return_sum_high=test.ci_high * per_year,
        p_value=test.p_value,
        block_length=test.block_length * len(own) / max(len(cells), 1),
        n_bars=len(own),
    )


def _cells(difference: np.ndarray) -> np.ndarray:
    """Sums of neighbours, at most `MAX_CELLS` of them; a series that is short enough is left as it is."""
    size = -(-len(difference) // MAX_CELLS)
    return difference if size <= 1 else np.add.reduceat(difference, np.arange(0, len(difference), size))
