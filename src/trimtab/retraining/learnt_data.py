"""`LearntData`: what has become of the data that a strategy's latest model version learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LearntData:
    """The bars behind a model version, then and now.

    Attributes
    ----------
    model_id, version: the version registered last.
    n_samples: how many it learnt from.
    restated_share: share of them, 0 to 1, that read a bar which says something else today.
    restated: when the newest of these differences was known; None where there is none.
    n_new_bars: bars newer than the newest it learnt from, of the instrument that has most of them.
    waits_for: why a retrain could not use today's bars yet, in one sentence; None when it could.
    """

    model_id: int
    version: str
    n_samples: int
    restated_share: float = 0.0
    restated: datetime | None = None
    n_new_bars: int = 0
    waits_for: str | None = None
