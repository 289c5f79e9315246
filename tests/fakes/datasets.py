"""Small synthetic datasets with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.history import History
from trimtab.datasets.schema import HorizonLabels, Task

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
    history: bool = False,
    further: Sequence[int] = (),
) -> Dataset:
    """n daily samples of several instruments; the target leans on the first two features.

    score = signal · (x0 − 0.5·x1) + standard normal noise; the target is the score in
    regression and whether it is positive in classification. A share `missing` of all feature
    values is NaN. With `signal=0` nothing can be learnt. `history` adds what windows are cut from
    (every bar is a sample here), `further` more horizons, whose targets lean on the same features.
    """
    rng = np.random.default_rng(seed)
    features = np.asfortranarray(rng.standard_normal((n, k)))
    lean = features[:, 0] - (0.5 * features[:, 1] if k > 1 else 0.0)
    score = signal * lean + rng.standard_normal(n)
    features[rng.random((n, k)) < missing] = np.nan
    event_time = START + (np.arange(n) // len(instruments)) * DAY
    decision_time = event_time + DAY
    dataset = Dataset(
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
    if further:
        dataset = with_horizons(dataset, further, rng)
    return with_history(dataset) if history else dataset


def with_history(dataset: Dataset) -> Dataset:
    """The same samples, with their own rows as the history that windows are cut from."""
    order = np.lexsort((dataset.event_time, dataset.instrument))
    codes = dataset.instrument[order]
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    first = np.searchsorted(codes, codes, "left").astype(np.int64)
    return replace(dataset, history=History(np.ascontiguousarray(dataset.features[order]), first), position=position)


def with_horizons(dataset: Dataset, further: Sequence[int], rng: np.random.Generator) -> Dataset:
    """The same samples with further horizons: the newest of each have no label yet."""
    own = [
        HorizonLabels(
            dataset.horizon, dataset.target, dataset.weight, dataset.label_start, dataset.label_end, dataset.baseline
        )
    ]
    for horizon in further:
        end = dataset.decision_time + horizon * DAY
        unknown = end > dataset.decision_time[-1]
        flipped = rng.random(len(dataset)) < 0.1
        target = np.where(flipped, 1.0 - dataset.target, dataset.target)
        target = dataset.target * 1.5 if dataset.task == "regression" else target
        labels = HorizonLabels(
            horizon,
            np.where(unknown, np.nan, target),
            np.where(unknown, 0.0, 1.0),
            np.where(unknown, np.datetime64("NaT"), dataset.decision_time),
            np.where(unknown, np.datetime64("NaT"), end),
            dataset.baseline,
        )
        own.append(labels)
    ends = np.stack([labels.label_end for labels in own])
    return replace(dataset, by_horizon=tuple(own), label_end=np.fmax.reduce(ends))
