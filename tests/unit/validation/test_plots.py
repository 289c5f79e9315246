from __future__ import annotations

import io

import matplotlib.image
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.validation.plots import plot_accuracy
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import walk_forward


def test_a_report_is_drawn_small_and_the_same_every_time() -> None:
    dataset = make_dataset(400)
    report = walk_forward(dataset, lambda train, _: FirstFeatureForecaster(train.feature_names), WalkForward())
    picture = plot_accuracy(report)
    assert picture == plot_accuracy(report)
    assert matplotlib.image.imread(io.BytesIO(picture)).shape[:2] == (300, 640)
