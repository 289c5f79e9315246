"""Walk-forward accuracy and its steadiness, put in one word."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike


class Verdict(StrEnum):
    """What a walk-forward says about a model, best first."""

    GOOD = "GOOD"
    ACCEPTABLE = "ACCEPTABLE"
    MARGINAL = "MARGINAL"
    POOR = "POOR"


# Both must be exceeded: accuracy, and consistency where there is one.
LIMITS = ((Verdict.GOOD, 0.65, 0.80), (Verdict.ACCEPTABLE, 0.55, 0.70), (Verdict.MARGINAL, 0.50, 0.60))


def consistency(accuracies: ArrayLike) -> float:
    """How little accuracy changes from fold to fold: 1 - std / mean, kept within [0, 1].

    The standard deviation is that of these very folds (ddof = 0). One fold says nothing about
    steadiness: NaN. Mind what it is not: a coin tossed a thousand times per fold is very
    consistent, so consistency means something only together with accuracy and significance.

    >>> round(consistency([0.6, 0.7, 0.8]), 4)
    0.8834
    """
    values = np.asarray(accuracies, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        return float("nan")
    mean = float(values.mean())
    return float(np.clip(1.0 - values.std() / mean, 0.0, 1.0)) if mean > 0.0 else 0.0


def judge(accuracy: float, consistency: float) -> Verdict:
    """GOOD above 65 % and 80 %, ACCEPTABLE above 55 % and 70 %, MARGINAL above 50 % and 60 %, else POOR.

    A single test part has no consistency (NaN): then accuracy alone decides, and the word says nothing
    about steadiness; the gate that asks for consistency refuses such a report. An unknown accuracy
    exceeds nothing.

    >>> judge(accuracy=0.70, consistency=0.75)
    <Verdict.ACCEPTABLE: 'ACCEPTABLE'>
    >>> judge(accuracy=0.53, consistency=float("nan"))
    <Verdict.MARGINAL: 'MARGINAL'>
    """
    for verdict, min_accuracy, min_consistency in LIMITS:
        if accuracy > min_accuracy and (np.isnan(consistency) or consistency > min_consistency):
            return verdict
    return Verdict.POOR
