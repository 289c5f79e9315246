"""What the returns of all trials say about a choice among them: pure calculation on what `trial_returns` gathered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trimtab.errors import NotEnoughDataError
from trimtab.metrics.sharpe import sharpe_sample
from trimtab.pipeline.trial_returns import TrialReturns
from trimtab.validation.backtest_overfitting import BacktestOverfitting, backtest_overfitting
from trimtab.validation.independent_trials import IndependentTrials, independent_trials
from trimtab.validation.superior_ability import SuperiorAbility, superior_ability

MOST_BLOCKS = 16
ROWS_PER_BLOCK = 20  # fewer, and the Sharpe ratio of a block says nothing
FEWEST_BLOCKS = 4


@dataclass(frozen=True)
class TrialEvidence:
    """What many trials say together.

    Attributes
    ----------
    independent: how many there were and how many independent ones they are worth.
    sharpe_ratios: per period, of every trial whose returns are known; NaN for an account that never varied.
    sharpe_std: per period: spread of those among trials judged on the same time; NaN below two such trials.
    overfitting: of the trials that were judged on the whole tuning time; None with `no_overfitting` saying why.
    superior: the same trials against buying and holding; None where there is nothing to compare.
    """

    independent: IndependentTrials
    sharpe_ratios: np.ndarray = field(repr=False)
    sharpe_std: float
    overfitting: BacktestOverfitting | None
    no_overfitting: str
    superior: SuperiorAbility | None


def weigh_trials(groups: Sequence[TrialReturns], n_without_returns: int, seed: int) -> TrialEvidence:
    """Everything the trials' returns say; `n_without_returns` trials are counted and otherwise unknown."""
    ratios = [np.array([sharpe_sample(column).ratio for column in group.returns.T]) for group in groups]
    tuning = next((group for group in groups if group.period == "tuning"), None)
    overfitting, why_not = _overfitting(tuning, seed)
    return TrialEvidence(
        independent=independent_trials(*(group.returns for group in groups), n_without_returns=n_without_returns),
        sharpe_ratios=np.concatenate(ratios) if ratios else np.zeros(0),
        sharpe_std=spread_within(ratios),
        overfitting=overfitting,
        no_overfitting=why_not,
        superior=_superior(tuning, seed),
    )


def spread_within(groups: Sequence[np.ndarray]) -> float:
    """Standard deviation about the mean of each value's own group, pooled; NaN when no group has two values.

    What markets did in one stretch of time and not in another is no difference between trials.

    >>> spread_within([np.array([1.0, 2.0, 3.0]), np.array([11.0, 12.0, 13.0]), np.array([5.0])])
    1.0
    """
    known = [group[~np.isnan(group)] for group in groups]
    freedom = sum(max(len(group) - 1, 0) for group in known)
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in known if len(group))
    return math.sqrt(squares / freedom) if freedom else math.nan


def blocks_for(n_rows: int) -> int:
    """How many blocks so many rows are cut into: even, at most 16, of 20 rows or more; 0 where that is under 4.

    >>> [blocks_for(n) for n in (1000, 130, 70)]
    [16, 6, 0]
    """
    n_blocks = min(n_rows // ROWS_PER_BLOCK // 2 * 2, MOST_BLOCKS)
    return n_blocks if n_blocks >= FEWEST_BLOCKS else 0


def comparable(group: TrialReturns) -> tuple[np.ndarray, np.ndarray]:
    """The bars that can be compared and the different trials that know them all: masks of shape (t,) and (k,).

    A trial that knows less than half of the bars, such as one that was pruned, is left out, as are all but the
    first of those with the same returns. Of the rest only the bars count that every one of them knows.
    """
    known = ~np.isnan(group.returns)
    wide = known.mean(axis=0) >= 0.5
    rows = known[:, wide].all(axis=1) if wide.any() else np.zeros(len(known), dtype=bool)
    return rows, _first_of_equals(group.returns[rows], wide)


def _first_of_equals(returns: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Which of the columns marked differ from every earlier marked one."""
    positions = np.flatnonzero(among)
    if not len(positions) or not len(returns):
        return among
    _, first = np.unique(returns[:, positions], axis=1, return_index=True)
    mask = np.zeros(len(among), dtype=bool)
    mask[positions[first]] = True
    return mask


def _overfitting(group: TrialReturns | None, seed: int) -> tuple[BacktestOverfitting | None, str]:
    if group is None:
        return None, "no study kept the forecasts of its trials"
    rows, columns = comparable(group)
    n_blocks = blocks_for(int(rows.sum()))
    if columns.sum() < 2:
        return None, "fewer than two trials traded differently on the tuning time"
    if not n_blocks:
        return None, f"{rows.sum()} bars are known to all trials; {FEWEST_BLOCKS * ROWS_PER_BLOCK} are needed"
    try:
        return backtest_overfitting(group.returns[np.ix_(rows, columns)], n_blocks=n_blocks, seed=seed), ""
    except NotEnoughDataError as error:
        return None, str(error)


def _superior(group: TrialReturns | None, seed: int) -> SuperiorAbility | None:
    """All comparable trials against buying and holding; losses are returns with the sign changed."""
    if group is None:
        return None
    rows, columns = comparable(group)
    rows &= ~np.isnan(group.buy_and_hold)
    if not columns.any() or not rows.any():
        return None
    return superior_ability(-group.buy_and_hold[rows], -group.returns[np.ix_(rows, columns)], seed=seed)
