"""Samples without a market: noise, and a direction that leans on two columns of it."""

from __future__ import annotations

import numpy as np

from trimtab.datasets import Dataset


def leaning_samples(n: int, k: int, first: float, second: float) -> Dataset:
    """n daily samples of one instrument and k columns; the next direction leans on the first two of them."""
    rng = np.random.default_rng(7)
    features = np.asfortranarray(rng.standard_normal((n, k)))
    score = first * features[:, 0] - second * features[:, 1] + rng.standard_normal(n)
    day = np.timedelta64(1, "D")
    opened = np.datetime64("1990-01-01", "us") + np.arange(n) * day
    return Dataset(
        features=features,
        feature_names=tuple(f"f{number}" for number in range(k)),
        target=(score > 0).astype(np.float64),
        task="classification",
        horizon=1,
        weight=np.ones(n),
        instrument=np.zeros(n, np.int32),
        instruments=("ONE",),
        event_time=opened,
        decision_time=opened + day,
        label_start=opened + day,
        label_end=opened + 2 * day,
        baseline=np.full(n, 0.5),
    )
