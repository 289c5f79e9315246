"""How many bars an exponential mean remembers: until the weight of all older bars is below 1e-12.

A feature with infinite memory depends a little on where its history begins. Its `warmup` is the
number of bars after which that dependence is far below 1e-9, computed here from the decay.
"""

from __future__ import annotations

from functools import cache
from math import comb

NEGLIGIBLE = 1e-12


@cache
def bars_remembered(weight: float, passes: int = 1) -> int:
    """Bars after which `passes` exponential means on top of each other have forgotten the rest.

    The weights of k passes are those of a negative binomial distribution, so the weight older than
    m bars is the probability of fewer than k successes in t = m + k - 1 trials:
    sum over j < k of C(t, j) weight**j (1 - weight)**(t - j).

    >>> bars_remembered(2 / (10 + 1))
    138
    >>> (1 - 2 / 11) ** 138 < NEGLIGIBLE < (1 - 2 / 11) ** 137
    True
    """
    low, high = 0, 1
    while _older_weight(high, weight, passes) >= NEGLIGIBLE:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if _older_weight(middle, weight, passes) >= NEGLIGIBLE:
            low = middle
        else:
            high = middle
    return high


def ema_memory(n: int, passes: int = 1) -> int:
    """Bars remembered by an EMA of `n` (newest weight 2 / (n + 1)), on top of its `n` seed bars."""
    return passes * n + bars_remembered(2.0 / (n + 1.0), passes)


def wilder_memory(n: int, passes: int = 1) -> int:
    """Bars remembered by Wilder's smoothing of `n` (newest weight 1 / n), on top of its seed bars."""
    return passes * n + bars_remembered(1.0 / n, passes)


def _older_weight(bars: int, weight: float, passes: int) -> float:
    trials = bars + passes - 1
    return sum(comb(trials, j) * weight**j * (1.0 - weight) ** (trials - j) for j in range(passes))
