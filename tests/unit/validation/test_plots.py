from __future__ import annotations

import io
from dataclasses import replace

import matplotlib.image
import numpy as np
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.validation.plots import plot_accuracy, stronger_baseline
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import WalkForwardReport, walk_forward


def test_a_report_is_drawn_small_and_the_same_every_time() -> None:
    dataset = make_dataset(400)
    report = walk_forward(dataset, lambda train, _: FirstFeatureForecaster(train.feature_names), WalkForward())
    picture = plot_accuracy(report)
    assert picture == plot_accuracy(report)
    assert matplotlib.image.imread(io.BytesIO(picture)).shape[:2] == (300, 640)


def test_the_baseline_that_is_drawn_is_the_one_that_is_right_more_often() -> None:
    dataset = make_dataset(400)
    report = walk_forward(dataset, lambda train, _: FirstFeatureForecaster(train.feature_names), WalkForward())

    def with_naive(accuracy: float) -> WalkForwardReport:
        folds = (replace(f, metrics=f.metrics | {"baseline_accuracy": accuracy}) for f in report.folds)
        return replace(report, folds=tuple(folds))

    assert [stronger_baseline(with_naive(accuracy)) for accuracy in (0.0, 1.0, np.nan)] == [
        "majority", "naive", "majority",
    ]  # fmt: skip
    assert plot_accuracy(with_naive(1.0)) == plot_accuracy(with_naive(1.0), baseline="naive")
    assert plot_accuracy(with_naive(1.0)) != plot_accuracy(with_naive(1.0), baseline="majority")
