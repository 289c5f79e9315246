from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.backtest.costs import basis_points
from trimtab.backtest.forecasts import backtest_forecasts
from trimtab.datasets import Dataset
from trimtab.errors import DatasetError
from trimtab.signals.positions import target_positions
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import OutOfSample, walk_forward

BARS = {name: random_walk(400, seed, name, "2015-01-01") for seed, name in enumerate(("AAA", "BBB"))}


def judged() -> tuple[Dataset, OutOfSample]:
    dataset = make_dataset(600)
    report = walk_forward(dataset, lambda train, _: FirstFeatureForecaster(train.feature_names), WalkForward())
    return dataset, report.out_of_sample


def test_the_account_runs_from_the_first_forecast_to_the_end_of_the_last_label() -> None:
    dataset, forecasts = judged()
    report = backtest_forecasts(dataset, forecasts, BARS, rule="long_short")
    assert report.event_time[0] == dataset.event_time[forecasts.row[0]]
    assert report.event_time[-1] + np.timedelta64(1, "D") == dataset.label_end.max()


def test_what_is_held_is_what_the_rule_said_a_bar_ago_shared_among_instruments() -> None:
    dataset, forecasts = judged()
    report = backtest_forecasts(dataset, forecasts, BARS, rule="long_short", threshold=0.6)
    first = dataset.instrument[forecasts.row] == 0
    said = target_positions(forecasts.value[first], "long_short", 0.6)
    assert (np.sign(report.weights[1:, 0]) == said).all()
    assert np.abs(report.weights).max() < 0.7


def test_costs_only_take() -> None:
    dataset, forecasts = judged()
    free, charged = (
        backtest_forecasts(dataset, forecasts, BARS, rule="long_short", costs=basis_points(bps)) for bps in (0.0, 10.0)
    )
    assert charged.metrics["final_equity"] < free.metrics["final_equity"]


def test_a_split_is_no_loss_because_prices_are_adjusted() -> None:
    dataset, forecasts = judged()
    raw = BARS["AAA"]
    halved = np.where(np.arange(400) >= 200, 0.5, 1.0)
    split = replace(raw, open=raw.open * halved, close=raw.close * halved, factor=0.5 / halved)
    plain = backtest_forecasts(dataset, forecasts, BARS, rule="long_flat")
    after_split = backtest_forecasts(dataset, forecasts, BARS | {"AAA": split}, rule="long_flat")
    np.testing.assert_allclose(after_split.equity, plain.equity)


def test_an_instrument_without_bars_is_named() -> None:
    dataset, forecasts = judged()
    with pytest.raises(DatasetError, match="BBB"):
        backtest_forecasts(dataset, forecasts, {"AAA": BARS["AAA"]}, rule="long_flat")
