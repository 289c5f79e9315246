"""How much a result owes to the seed: the same walk-forward, trained with other seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.validation.walk_forward import WalkForwardReport

MEASURES = ("accuracy", "precision", "recall", "f1", "information_coefficient")


@dataclass(frozen=True)
class SeedSpread:
    """One measure over several seeds.

    Attributes
    ----------
    measure: its name in the pooled measures of a report.
    n_seeds: how many trainings there were.
    mean, low, high: over the seeds.
    std: standard deviation over the seeds (ddof 1); NaN with a single seed.
    """

    measure: str
    n_seeds: int
    mean: float
    std: float
    low: float
    high: float


def seed_spread(reports: Sequence[WalkForwardReport], measures: Sequence[str] = MEASURES) -> tuple[SeedSpread, ...]:
    """The spread of each measure, over all out-of-sample forecasts of each report.

    Two models whose difference is within the spread of one of them have not been told apart.
    """
    spreads = []
    for measure in measures:
        values = np.array([report.pooled[measure] for report in reports])
        std = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        spreads.append(
            SeedSpread(measure, len(values), float(values.mean()), std, float(values.min()), float(values.max()))
        )
    return tuple(spreads)
