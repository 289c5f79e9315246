"""Small synthetic datasets with a known truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task

DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
START = np.datetime64("2015-01-01", "us")


def make_dataset(
    n: int = 600,
    k: int = 6,
    seed: int = 0,
    task: Task = "classification",
    *,
    signal: float = 1.0,
    instruments: Sequence[str] = ("AAA", "BBB"),
    horizon: int = 1,
    missing: float = 0.02,
) -> Dataset:
    """n daily samples of several instruments; the target leans on the first two features.

    score = signal · (x0 − 0.5·x1) + standard normal noise; the target is the score in
    regression and whether it is positive in classification. A share `missing` of all feature
    values is NaN. With `signal=0` nothing can be learnt.
    """
    rng = np.random.default_rng(seed)
    features = np.asfortranarray(rng.standard_normal((n, k)))
    lean = features[:, 0] - (0.5 * features[:, 1] if k > 1 else 0.0)
    score = signal * lean + rng.standard_normal(n)
    features[rng.random((n, k)) < missing] = np.nan
    event_time = START + (np.arange(n) // len(instruments)) * DAY
    decision_time = event_time + DAY
    return Dataset(
        features=features,
        feature_names=tuple(f"feature_{j}" for j in range(k)),
        target=score if task == "regression" else (score > 0).astype(np.float64),
        task=task,
        horizon=horizon,
        weight=np.ones(n),
        instrument=(np.arange(n) % len(instruments)).astype(np.int32),
        instruments=tuple(instruments),
        event_time=event_time,
        decision_time=decision_time,
        label_start=decision_time,
        label_end=decision_time + horizon * DAY,
        baseline=rng.standard_normal(n) if task == "regression" else rng.integers(0, 2, n).astype(np.float64),
    )
