"""From a dataset to a forecast: the inputs a model wants, cut batch by batch."""

from __future__ import annotations

import numpy as np

from trimtab.datasets import Dataset
from trimtab.models.protocol import FittedForecaster, Forecast

BATCH = 2048  # windows held at once: 2,048 x 20 bars x 200 features are 65 MB


def forecast(model: FittedForecaster, dataset: Dataset) -> Forecast:
    """What a model says about every sample of a dataset, in order."""
    if model.window == 1:
        return model.predict(dataset.features)
    starts = range(0, max(len(dataset), 1), BATCH)
    return joined(
        [model.predict(inputs_of(model, dataset, np.arange(s, min(s + BATCH, len(dataset))))) for s in starts]
    )


def inputs_of(model: FittedForecaster, dataset: Dataset, rows: np.ndarray | None = None) -> np.ndarray:
    """The inputs of some samples (all by default): (m, k) for a table model, (m, window, k) for a sequence model."""
    if model.window > 1:
        return dataset.windows(model.window, rows)
    return dataset.features if rows is None else dataset.features[rows]


def last_bars(inputs: np.ndarray, window: int) -> np.ndarray:
    """The newest `window` bars of inputs, as a model inside a wrapper wants them.

    >>> last_bars(np.arange(6.0).reshape(1, 3, 2), 1)
    array([[4., 5.]])
    """
    if inputs.ndim == 2:
        return inputs
    return inputs[:, -1, :] if window == 1 else inputs[:, -window:, :]


def joined(parts: list[Forecast]) -> Forecast:
    """Forecasts one after the other as one."""

    def column(name: str) -> np.ndarray | None:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else np.concatenate(found)

    first = parts[0]
    return Forecast(
        np.concatenate([part.value for part in parts]),
        {name: np.concatenate([part.members[name] for part in parts]) for name in first.members},
        column("low"),
        column("high"),
        column("confidence"),
        column("novelty"),
        {horizon: joined([part.horizons[horizon] for part in parts]) for horizon in first.horizons},
        column("uncalibrated"),
    )
