"""Returns as a row of bets: how often won, how much, and how much to stake.

`returns` are of periods or of trades, shape (n,), as shares; unknown ones (NaN) are left out. A zero is no bet: it
neither won nor lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import known, share


def win_rate(returns: ArrayLike) -> float:
    """Share of the periods (or trades) with a gain, over those that moved at all.

    >>> win_rate([0.1, 0.0, -0.1, 0.2])
    0.6666666666666666
    """
    values = known(returns)
    return share(int(np.count_nonzero(values > 0.0)), int(np.count_nonzero(values)))


def profit_factor(returns: ArrayLike) -> float:
    """Sum of gains over the size of the sum of losses; NaN when nothing was lost.

    >>> round(profit_factor([0.1, -0.05, 0.2]), 6)
    6.0
    """
    values = known(returns)
    # A maximum is several times faster than picking the gains out, on a million minutes.
    return share(float(np.maximum(values, 0.0).sum()), abs(float(np.minimum(values, 0.0).sum())))


def payoff_ratio(returns: ArrayLike) -> float:
    """Mean gain over the size of the mean loss; NaN when nothing was won or nothing lost.

    >>> round(payoff_ratio([0.1, -0.05, 0.2]), 6)
    3.0
    """
    values = known(returns)
    gains, losses = values[values > 0.0], values[values < 0.0]
    return share(share(float(gains.sum()), len(gains)), abs(share(float(losses.sum()), len(losses))))


def kelly_criterion(returns: ArrayLike) -> float:
    """Stake that grows fastest if every win and every loss were the mean one: W - (1 - W) / payoff ratio.

    W is the win rate (Kelly 1956, for two outcomes). It is a share of the money for a bet whose loss is all of the
    stake, not a leverage: returns of an account lose far less than the stake. Below 0 the bet is not worth taking. NaN
    when nothing was won or nothing lost.

    >>> round(kelly_criterion([0.1, -0.05, 0.2]), 6)
    0.555556
    """
    wins = win_rate(returns)
    return wins - share(1.0 - wins, payoff_ratio(returns))
