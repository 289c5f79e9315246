"""One row through a model in this process, beside the library's own call for it.

"Kernel" is the walk through the trees alone: what trimtab adds to it is checking the shape, bounding infinities
and wrapping the number. All on one thread, over rows that differ from call to call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import lightgbm
import numpy as np
import xgboost
from sklearn.base import BaseEstimator

from benchmarks.made_samples import leaning_samples
from benchmarks.measuring import Section
from trimtab.datasets import Dataset
from trimtab.models.families import make_forecaster
from trimtab.models.inputs import training_rows
from trimtab.models.protocol import FitContext
from trimtab.models.random_forest import grow

N_SAMPLES, N_FEATURES, N_CALLS = 4_000, 120, 5_000
CONTEXT = FitContext(seed=7, n_threads=1)
PARAMETERS = {
    "lightgbm": {"n_estimators": 500, "num_leaves": 31},
    "xgboost": {"n_estimators": 500, "max_depth": 6},
    "random_forest": {"n_estimators": 500, "max_depth": 10},
    "linear": {},
}
NOTE = f"""{N_FEATURES} features; 500 trees of 31 leaves (LightGBM), depth 6 (XGBoost) and depth 10 (forest). Microseconds, {N_CALLS:,} calls each.
The library's call is the fastest it offers from Python for one row: `Booster.predict(num_threads=1)`, `inplace_predict` with one thread,
`predict_proba` with one job. On a busy machine the tail is that of its scheduler."""


def measure() -> list[Section]:
    """Every family that trees or weights make."""
    dataset = leaning_samples(N_SAMPLES, N_FEATURES, 0.5, 0.3)
    rows = [np.ascontiguousarray(dataset.features[i : i + 1]) for i in range(512)]
    table = []
    for family, parameters in PARAMETERS.items():
        fitted = make_forecaster(family, parameters).fit(dataset, None, CONTEXT)
        ours = _microseconds(fitted.predict, rows)
        trees = getattr(fitted, "trees", None)
        kernel = _microseconds(trees.predict, rows)[0] if trees is not None else None
        theirs = _microseconds(_library_call(family, fitted.save(), parameters, dataset), rows, N_CALLS // 10)
        table.append(
            (
                family,
                f"{ours[0]:.1f}",
                f"{ours[1]:.1f}",
                "" if kernel is None else f"{kernel:.1f}",
                "" if kernel is None else f"{ours[0] - kernel:.1f}",
                f"{theirs[0]:.1f}",
                f"{theirs[0] / ours[0]:.1f}x",
            )
        )
    columns = ("family", "trimtab p50", "p99", "kernel p50", "added", "library p50", "library / trimtab")
    return [Section("One row", columns, table, NOTE)]


def _library_call(
    family: str, files: dict[str, bytes], parameters: dict[str, int], dataset: Dataset
) -> Callable[[np.ndarray], object]:
    if family == "lightgbm":
        text = lightgbm.Booster(model_str=files["booster.txt"].decode())
        return lambda row: text.predict(row, num_threads=1)
    if family == "xgboost":
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(files["booster.ubj"]))
        booster.set_param({"nthread": 1})
        return lambda row: booster.inplace_predict(row, validate_features=False)
    known = training_rows(dataset)
    estimator: BaseEstimator
    if family == "random_forest":
        estimator = grow(make_forecaster(family, parameters).parameters, dataset.task, CONTEXT)
    else:
        from sklearn.linear_model import LogisticRegression

        estimator = LogisticRegression()
    estimator.fit(known.features, known.target)
    return estimator.predict_proba  # type: ignore[no-any-return]  # scikit-learn has no types


def _microseconds(
    call: Callable[[np.ndarray], object], rows: Sequence[np.ndarray], n: int = N_CALLS
) -> tuple[float, float]:
    """Median and 99th percentile of one call."""
    for row in rows[:100]:
        call(row)
    taken = np.empty(n)
    for i in range(n):
        began = time.perf_counter()
        call(rows[i % len(rows)])
        taken[i] = time.perf_counter() - began
    return float(np.median(taken) * 1e6), float(np.quantile(taken, 0.99) * 1e6)
