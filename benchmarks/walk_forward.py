"""What walk-forward adds to the boosters themselves.

The bare side gives the same rows of the same folds to LightGBM's and XGBoost's own training functions with
the same parameters, and nothing else: no forecasts, no scores, no stored model.
"""

from __future__ import annotations

from collections.abc import Callable

import lightgbm
import xgboost

from benchmarks.made_samples import leaning_samples
from benchmarks.measuring import Section, best_of
from trimtab.datasets import Dataset
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import walk_forward

N_SAMPLES, N_FEATURES = 10_000, 200
CONTEXT = FitContext(seed=7, n_threads=1)
SPLITTER = WalkForward()
NOTE = f"""{N_SAMPLES:,} samples × {N_FEATURES} features, one thread, processor time. "Bare" is the library's own training on the same
rows with the same parameters. What trimtab adds is cutting and purging folds, checking input, making the model
storable, forecasts on training and test rows, and every score."""


def measure() -> list[Section]:
    """Both boosters."""
    dataset = leaning_samples(N_SAMPLES, N_FEATURES, 0.2, 0.1)
    bare: dict[str, Callable[[Dataset], object]] = {"lightgbm": _bare_lightgbm, "xgboost": _bare_xgboost}
    folds = SPLITTER.split(dataset)
    table = []
    for family, train in bare.items():
        forecaster = make_forecaster(family)
        whole = best_of(lambda: walk_forward(dataset, lambda t, _: forecaster.fit(t, None, CONTEXT), SPLITTER), 3)  # noqa: B023 - used at once
        parts = [dataset.take(fold.train) for fold in folds]
        alone = best_of(lambda: [train(part) for part in parts], 3)  # noqa: B023 - used at once
        table.append((family, str(len(folds)), f"{alone:.2f}", f"{whole:.2f}", f"{100 * (whole / alone - 1):.1f} %"))
    return [Section("Walk-forward", ("booster", "folds", "bare, s", "trimtab, s", "added"), table, NOTE)]


def _bare_lightgbm(train: Dataset) -> object:
    settings = make_forecaster("lightgbm")._settings(train.task, CONTEXT)  # type: ignore[attr-defined]  # the very parameters
    data = lightgbm.Dataset(train.features, train.target, weight=train.weight, params=settings)
    return lightgbm.train(settings, data, make_forecaster("lightgbm").parameters["n_estimators"])


def _bare_xgboost(train: Dataset) -> object:
    settings = make_forecaster("xgboost")._settings(train.task, CONTEXT)  # type: ignore[attr-defined]  # the very parameters
    data = xgboost.DMatrix(train.features, train.target, weight=train.weight, nthread=1)
    return xgboost.train(settings, data, make_forecaster("xgboost").parameters["n_estimators"])
