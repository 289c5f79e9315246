"""The interval of a share that is near 0 or 1: Wilson's, at the number of independent cases it is worth.

With few cases on one side no resample can show what a few more would have done: sixty right of sixty vary not at all,
and a bootstrap calls that certain. Wilson's interval does not. Its number of cases is divided by how much
dependence in time, and between instruments, has inflated the variance of the share; it is never above the number of
decision times, since few cases cannot show that instruments of one time move apart.

- Wilson (1927), Probable inference, the law of succession, and statistical inference.
- Newcombe (1998), Interval estimation for the difference between independent proportions (method 10), of which
  the mean of several shares is the same step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from trimtab.validation.bootstrap import MIN_TIMES


@dataclass(frozen=True)
class Share:
    """Cases of which some are hits.

    Attributes
    ----------
    hits, cases: at each time, in order of time; both of shape (n_times,).
    """

    hits: np.ndarray
    cases: np.ndarray

    @property
    def value(self) -> float:
        """The share of hits; NaN without a case."""
        total = float(self.cases.sum())
        return float(self.hits.sum()) / total if total else float("nan")

    @property
    def support(self) -> int:
        """Times with a hit or times with a miss, whichever are fewer."""
        return int(min((self.hits > 0).sum(), (self.cases > self.hits).sum()))


def is_rare(shares: Sequence[Share]) -> bool:
    """Whether a side of one of them has cases at fewer than 20 times.

    >>> is_rare([Share(np.ones(60), np.ones(60))]), is_rare([Share(np.arange(60.0) % 2, np.ones(60))])
    (True, False)
    """
    return any(share.support < MIN_TIMES for share in shares)


def effective_cases(share: Share, block_length: int) -> float:
    """How many independent cases the share is worth, by the variance of its circular blocks.

    Not above the times at which there is a case; a share of 0 or 1 varies not at all, and is worth as many as that.
    """
    value, total, n_times = share.value, float(share.cases.sum()), float((share.cases > 0).sum())
    left = share.hits - value * share.cases
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([left, left[:block_length]]))])
    blocks = running[block_length:][: len(left)] - running[: len(left)]
    variance = float(blocks @ blocks) / block_length  # of the number of hits
    independent = total * value * (1.0 - value)
    inflation = max(variance / independent, 1.0) if independent > 0.0 else 1.0
    return min(total / inflation, n_times)


def wilson_interval(share: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share of `n` independent cases; `n` need not be whole.

    >>> [round(end, 4) for end in wilson_interval(1.0, 60)]
    [0.9398, 1.0]
    """
    z2 = NormalDist().inv_cdf((1.0 + confidence) / 2.0) ** 2
    middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n)
    half = np.sqrt(z2 * (share * (1.0 - share) / n + z2 / (4.0 * n**2))) / (1.0 + z2 / n)
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def mean_share_interval(shares: Sequence[Share], block_length: int, confidence: float) -> tuple[float, float]:
    """The interval of the mean of one or several shares; NaN where one of them has no case.

    The ends lie as far from the mean as those of independent shares together (Newcombe's step).
    """
    values = np.array([share.value for share in shares])
    if np.isnan(values).any():
        return float("nan"), float("nan")
    ends = np.array(
        [wilson_interval(share.value, effective_cases(share, block_length), confidence) for share in shares]
    )
    below, above = (np.sqrt(((ends[:, side] - values) ** 2).sum()) / len(shares) for side in (0, 1))
    return max(float(values.mean() - below), 0.0), min(float(values.mean() + above), 1.0)
