"""Out-of-sample forecasts as the small tables a report shows: right and wrong, said and happened, by quantile."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.metrics.arrays import paired
from trimtab.metrics.calibration import reliability_table
from trimtab.metrics.classification import confusion_matrix
from trimtab.metrics.plain import plain
from trimtab.validation.scoring import classes

N_QUANTILES = 5


def forecast_tables(task: Task, target: np.ndarray, value: np.ndarray) -> dict[str, Any]:
    """The tables of forecasts `value` of `target`, both of shape (n,), as JSON can hold them.

    `confusion_matrix` is [[true negatives, false positives], [false negatives, true positives]] and `reliability` the
    bins of `metrics.calibration.reliability_table`; both None in regression. `quantiles` is `quantile_table`.
    """
    is_classification = task == "classification"
    bins = reliability_table(target, value) if is_classification else ()
    return {
        "confusion_matrix": confusion_matrix(*classes(task, target, value)).tolist() if is_classification else None,
        "reliability": [plain(asdict(each)) for each in bins] if is_classification else None,
        "quantiles": quantile_table(target, value),
    }


def quantile_table(target: np.ndarray, value: np.ndarray, n_quantiles: int = N_QUANTILES) -> list[dict[str, Any]]:
    """What happened on average in each quantile of the forecast, the lowest first.

    Quantiles are those of `pandas.qcut` over all forecasts: linear interpolation, closed on the right. One that ties
    leave empty is left out. In classification the mean outcome is the share that happened.

    >>> quantile_table(np.array([0.0, 1.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.8, 0.9]), n_quantiles=2)[1]
    {'quantile': 2, 'n': 2, 'mean_outcome': 1.0, 'mean_forecast': 0.85}
    """
    said, truth = paired(value, target)
    if not len(said):
        return []
    edges = np.quantile(said, np.arange(1, n_quantiles) / n_quantiles)
    place = np.searchsorted(edges, said, side="left")
    return [
        {
            "quantile": number + 1,
            "n": int((place == number).sum()),
            "mean_outcome": float(truth[place == number].mean()),
            "mean_forecast": round(float(said[place == number].mean()), 12),
        }
        for number in range(n_quantiles)
        if (place == number).any()
    ]
