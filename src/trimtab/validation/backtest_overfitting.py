"""Does the trial that looks best stay good? Probability of backtest overfitting by symmetric cross-validation.

The rows are cut into S blocks of neighbours. Every half of the blocks in turn is where the best trial is chosen, the
other half where it is ranked among all trials. The probability of backtest overfitting is the share of the
C(S, S/2) cuts in which the chosen one ends in the lower half (Bailey, Borwein, López de Prado and Zhu 2017, The
probability of backtest overfitting). Trials without skill give about one half, not one: choosing among them does no
harm beyond the time it takes.

One number from one history is rough: on noise of 20 trials and 1,000 rows its standard deviation is 0.2. So it comes
with an interval: within each block the rows are drawn anew in runs of neighbours, which keeps every row on its side
of every cut, and the calculation repeated. Drawn rows vary more than those that were drawn from, so the interval
leans towards one half; it always holds the number itself. How often it holds the mean over many histories is
measured in docs/calibration.md. How rough, a real case shows: on the 49 trials of the reference data and 8 blocks,
leaving out the first two of 2,770 days instead of the last two makes 0.76 of 0.69.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, get_args

import numpy as np

from trimtab.errors import ConfigurationError, DatasetError, NotEnoughDataError, UnknownNameError

Statistic = Literal["sharpe_ratio", "mean_return"]
MOST_BLOCKS = 20  # 184,756 cuts; 22 would be 705,432
MOST_CUTS_DRAWN_ANEW = 500  # an interval needs no more of the cuts than this
_AT_ONCE = 2_000_000  # numbers in one table of cuts by trials


@dataclass(frozen=True)
class BacktestOverfitting:
    """What the cuts say together.

    Attributes
    ----------
    pbo: share of the cuts whose chosen trial is not above the median outside.
    low, high, confidence: an interval for it; NaN with no resamples.
    n_blocks, n_combinations: S and C(S, S/2).
    n_trials, n_rows: columns and rows that were used; rows after the last whole block are left out.
    probability_of_loss: share of the cuts whose chosen trial has a statistic below zero outside.
    slope, r_squared: of the line through (statistic where chosen, statistic outside), one point per cut;
        a slope below zero says that the better a trial looked, the worse it did.
    logits: ln(w / (1 - w)) of each cut, w being the rank outside over (n_trials + 1); shape (n_combinations,).
    """

    pbo: float
    low: float
    high: float
    confidence: float
    n_blocks: int
    n_combinations: int
    n_trials: int
    n_rows: int
    probability_of_loss: float
    slope: float
    r_squared: float
    logits: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True)
class _Blocks:
    """Sums over each block, of which the sum over any union of blocks is one product; shapes (S, k) and a size.

    Sums are of returns less their mean over all rows, so that squares lose no digits; `mean` is that mean.
    """

    total: np.ndarray
    squares: np.ndarray
    mean: np.ndarray
    rows_each: int

    def statistic(self, cuts: np.ndarray, statistic: Statistic) -> np.ndarray:
        """The statistic of every trial on the union of blocks that each row of `cuts` marks; shape (cuts, k).

        A trial that does not vary there has neither gained nor lost anything it could be praised for: 0.
        """
        n = self.rows_each * cuts.sum(axis=1, keepdims=True)
        total = cuts @ self.total
        mean = total / n + self.mean
        if statistic == "mean_return":
            return mean
        squares = cuts @ self.squares
        variance = (squares - total**2 / n) / (n - 1.0)
        # What is left of squares that cancel is rounding, not variance.
        varies = variance > 1e-12 * (squares / n + self.mean**2)
        return np.divide(mean, np.sqrt(np.where(varies, variance, 1.0)), out=np.zeros_like(mean), where=varies)


def backtest_overfitting(
    returns: np.ndarray,
    *,
    n_blocks: int = 16,
    statistic: Statistic = "sharpe_ratio",
    seed: int = 0,
    n_resamples: int = 200,
    confidence: float = 0.90,
) -> BacktestOverfitting:
    """Probability of backtest overfitting of the trials whose returns are the columns.

    Parameters
    ----------
    returns: shape (t, k), one row per period in order of time, one column per trial, no NaN; 2 trials or more that
        differ. Columns that are equal are ranked alike, so leave one of each in.
    n_blocks: S, even, from 4 to 20. Each block should be long beside the dependence of the returns.
    statistic: by which the best is chosen and ranked.
    n_resamples: for the interval; 0 makes none.

    Raises `NotEnoughDataError` for fewer than two rows per block or two trials that differ.

    >>> random = np.random.default_rng(0)
    >>> noise = random.normal(size=(400, 8))
    >>> skilled = noise + np.eye(8)[3] * 0.3
    >>> backtest_overfitting(skilled, n_blocks=8).pbo < 0.1
    True
    """
    values = _checked(returns, n_blocks, statistic)
    rows_each = len(values) // n_blocks
    by_block = values[: n_blocks * rows_each].reshape(n_blocks, rows_each, -1)
    cuts = _cuts(n_blocks)
    chosen_in, chosen_out, logits = _judge(_summed(by_block), cuts, statistic)
    low, high = _interval(by_block, cuts, statistic, seed, n_resamples, confidence)
    pbo = float((logits <= 0.0).mean())
    slope, r_squared = _line(chosen_in, chosen_out)
    return BacktestOverfitting(
        pbo=pbo,
        low=min(low, pbo),
        high=max(high, pbo),
        confidence=confidence,
        n_blocks=n_blocks,
        n_combinations=len(cuts),
        n_trials=values.shape[1],
        n_rows=n_blocks * rows_each,
        probability_of_loss=float((chosen_out < 0.0).mean()),
        slope=slope,
        r_squared=r_squared,
        logits=logits,
    )


def _checked(returns: np.ndarray, n_blocks: int, statistic: str) -> np.ndarray:
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise DatasetError(
            f"returns must be a table of periods by trials without NaN or infinity, not shape {values.shape}; "
            "leave out the periods that some trial does not know"
        )
    if n_blocks % 2 or not 4 <= n_blocks <= MOST_BLOCKS:
        raise ConfigurationError(f"n_blocks is {n_blocks}; it must be an even number from 4 to {MOST_BLOCKS}")
    if statistic not in get_args(Statistic):
        raise UnknownNameError("statistic", str(statistic), get_args(Statistic))
    if len(values) < 2 * n_blocks:
        raise NotEnoughDataError(
            f"{len(values)} periods cannot be cut into {n_blocks} blocks of 2 or more; give more periods or fewer blocks"
        )
    if values.shape[1] < 2 or (values == values[:, :1]).all():
        raise NotEnoughDataError("overfitting needs at least two trials whose returns differ; nothing was chosen here")
    return values


def _cuts(n_blocks: int) -> np.ndarray:
    """One row per half of the blocks, 1.0 where a block belongs to it; shape (C(S, S/2), S)."""
    chosen = np.array(list(combinations(range(n_blocks), n_blocks // 2)))
    cuts = np.zeros((len(chosen), n_blocks))
    np.put_along_axis(cuts, chosen, 1.0, axis=1)
    return cuts


def _summed(by_block: np.ndarray) -> _Blocks:
    """Sums of a table of shape (S, rows, k)."""
    mean = by_block.mean(axis=(0, 1))
    centred = by_block - mean
    return _Blocks(centred.sum(axis=1), np.einsum("srk,srk->sk", centred, centred), mean, by_block.shape[1])


def _judge(blocks: _Blocks, cuts: np.ndarray, statistic: Statistic) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each cut the statistic of the chosen trial inside and outside, and the logit of its rank outside."""
    parts = [_judge_some(blocks, some, statistic) for some in _in_turn(cuts, blocks.total.shape[1])]
    inside, outside, logits = (np.concatenate(each) for each in zip(*parts, strict=True))
    return inside, outside, logits


def _in_turn(cuts: np.ndarray, n_trials: int) -> Iterator[np.ndarray]:
    step = max(_AT_ONCE // n_trials, 1)
    return (cuts[start : start + step] for start in range(0, len(cuts), step))


def _judge_some(blocks: _Blocks, cuts: np.ndarray, statistic: Statistic) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    inside, outside = blocks.statistic(cuts, statistic), blocks.statistic(1.0 - cuts, statistic)
    each, best = np.arange(len(cuts)), inside.argmax(axis=1)
    its = outside[each, best]
    below, equal = (outside < its[:, None]).sum(axis=1), (outside == its[:, None]).sum(axis=1)
    share = (below + (equal + 1) / 2.0) / (outside.shape[1] + 1)  # equal ones share the average of their ranks
    return inside[each, best], its, np.log(share / (1.0 - share))


def _interval(
    by_block: np.ndarray, cuts: np.ndarray, statistic: Statistic, seed: int, n_resamples: int, confidence: float
) -> tuple[float, float]:
    """Quantiles of the probability over rows drawn anew within each block."""
    if not n_resamples:
        return math.nan, math.nan
    random = np.random.default_rng(seed)
    if len(cuts) > MOST_CUTS_DRAWN_ANEW:
        cuts = cuts[np.sort(random.choice(len(cuts), MOST_CUTS_DRAWN_ANEW, replace=False))]
    drawn = (np.take_along_axis(by_block, rows[:, :, None], axis=1) for rows in _rows(by_block, n_resamples, random))
    found = [(_judge(_summed(table), cuts, statistic)[2] <= 0.0).mean() for table in drawn]
    low, high = np.quantile(found, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return float(low), float(high)


def _rows(by_block: np.ndarray, n_resamples: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Positions within each block, in runs of neighbours on a circle as long as the cube root of the block."""
    n_blocks, rows_each, _ = by_block.shape
    run = max(round(rows_each ** (1.0 / 3.0)), 1)
    for _ in range(n_resamples):
        starts = random.integers(0, rows_each, size=(n_blocks, -(-rows_each // run)))
        yield ((starts[:, :, None] + np.arange(run)) % rows_each).reshape(n_blocks, -1)[:, :rows_each]


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and coefficient of determination of the least-squares line; NaN where x or y does not vary."""
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return math.nan, math.nan
    covariance = np.cov(x, y)
    return float(covariance[0, 1] / covariance[0, 0]), float(np.corrcoef(x, y)[0, 1] ** 2)
