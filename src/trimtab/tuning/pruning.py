"""When a trial stops early: its first folds are worse than the median of the trials before it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# With fewer finished trials the median says little, and a good region may not have been seen yet.
N_STARTUP_TRIALS = 5


def is_hopeless(values: Sequence[float], others: Sequence[Sequence[float]], maximise: bool) -> bool:
    """Whether the mean of the folds so far is worse than the median of the other trials' after as many folds.

    The median stopping rule of Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD
    2017, section 3.2.2, with two differences. Folds are not steps of one curve, so running means are compared.
    And pruned trials stay in the median of the folds they were given: if only those that went to the end
    counted, the median would rise with every trial that is pruned, and soon none would get through.

    Parameters
    ----------
    values: the score on each fold so far, at least one.
    others: the scores of each earlier trial, in the order of the folds; those with fewer folds than `values`
        are left out, and with fewer than `N_STARTUP_TRIALS` no trial is hopeless.

    >>> is_hopeless([0.5], [[0.6, 0.1], [0.6, 0.2], [0.7], [0.4], [0.6, 0.2]], maximise=True)
    True
    """
    n = len(values)
    means = [np.mean(scores[:n]) for scores in others if len(scores) >= n]
    if len(means) < N_STARTUP_TRIALS:
        return False
    so_far, median = float(np.mean(values)), float(np.median(means))
    return so_far < median if maximise else so_far > median
