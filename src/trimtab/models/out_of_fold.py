"""Purged out-of-fold forecasts: what a family says about every training row without having learnt from it.

The rows are cut into parts of time; each part is forecast by a model trained on the others, without the rows
whose labels touch its own (`trimtab.datasets.purging.purged_parts`). What is learnt from such forecasts, a
stacking model or a calibration, sees them as wrong as they will be on new rows. Forecasts of rows a model has
learnt from are too good: whoever learns from those prefers the member that overfits most.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import purged_parts
from trimtab.errors import NotEnoughDataError
from trimtab.models.forecasting import forecast
from trimtab.models.nesting import inner_context
from trimtab.models.parallel import side_by_side
from trimtab.models.protocol import FitContext, Forecaster


def out_of_fold(
    forecaster: Forecaster, dataset: Dataset, n_parts: int, context: FitContext, embargo: timedelta = timedelta(0)
) -> np.ndarray:
    """The forecast value of every sample, from a model that was trained on the other parts; float64, shape (n,).

    Part i (from 1) is trained with the seed of the context + i, side by side on its threads. Rows of weight zero
    are forecast like all others and train nothing. Raises `NotEnoughDataError` naming the part where one would be
    empty, or where the rows left to train for it have one class only or no weight.
    """
    parts = purged_parts(dataset, n_parts, embargo)
    _check_training(dataset, parts)
    alone = inner_context(context, "out_of_fold", n_threads=1, is_watched=False)

    def say(number: int) -> np.ndarray:
        train, test = parts[number - 1]
        own = inner_context(alone, f"part_{number}", seed=context.seed + number)
        return forecast(forecaster.fit(dataset.take(train), None, own), dataset.take(test)).value

    value = np.empty(len(dataset))
    said = side_by_side(say, range(1, n_parts + 1), context.n_threads)
    for (_, test), part in zip(parts, said, strict=True):
        value[test] = part
    return value


def independent_samples(dataset: Dataset) -> float:
    """How many independent outcomes the weighted rows hold at most: their decision times over the horizon.

    Labels over h bars that start one bar apart share h - 1 of them, and instruments move together within a
    session, so thousands of rows may hold a few dozen outcomes.
    """
    return max(1.0, len(np.unique(dataset.decision_time[dataset.weight > 0])) / dataset.horizon)


def _check_training(dataset: Dataset, parts: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for number, (train, _) in enumerate(parts, 1):
        target = dataset.target[train][dataset.weight[train] > 0]
        if len(target) == 0 or (dataset.task == "classification" and len(np.unique(target)) < 2):
            lack = "no row with a positive weight" if len(target) == 0 else f"only the class {target[0]:g}"
            raise NotEnoughDataError(
                f"the rows left to train for part {number} of {len(parts)} have {lack}; use more parts or more data"
            )
