from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.samples import samples

from trimtab.datasets.build import build_dataset
from trimtab.features.engine import FeatureBlock
from trimtab.market import Series, Timeframe
from trimtab.models.protocol import Forecast
from trimtab.pipeline.forecast import by_horizon, newest_inputs


def block(n: int) -> FeatureBlock:
    times = np.datetime64("2020-01-01", "us") + np.arange(n) * np.timedelta64(86_400_000_000, "us")
    values = np.asfortranarray(np.arange(2.0 * n).reshape(n, 2))
    return FeatureBlock(Series("AAA", Timeframe.DAY), times, times, ("a", "b"), values)


def test_a_table_model_is_given_the_newest_row() -> None:
    assert newest_inputs(block(5), 1).tolist() == [[8.0, 9.0]]


def test_a_sequence_model_is_given_the_newest_window_oldest_bar_first() -> None:
    assert newest_inputs(block(5), 3).tolist() == [[[4.0, 5.0], [6.0, 7.0], [8.0, 9.0]]]


def test_before_the_beginning_of_a_series_a_window_holds_nothing() -> None:
    window = newest_inputs(block(2), 3)
    assert np.isnan(window[0, 0]).all()
    assert window[0, 1:].tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_a_window_is_the_one_training_cuts_for_the_same_bar() -> None:
    dataset = make_dataset(40, k=2, instruments=("AAA",), history=True)
    values = np.asfortranarray(dataset.features)
    whole = FeatureBlock(Series("AAA", Timeframe.DAY), dataset.event_time, dataset.decision_time, ("a", "b"), values)
    np.testing.assert_array_equal(newest_inputs(whole, 7), dataset.windows(7)[-1:])


@pytest.mark.parametrize("days", [2, 4, 30])
def test_a_late_bar_stands_in_the_window_where_training_has_it(days: int) -> None:
    """It came before the newest bar, just before it, or only after it."""
    part = samples("AAA", n=200, horizon=3)
    last = 196  # the newest sample: the labels of the three bars after it are not decided
    known = part.features.known_time.copy()
    known[last - 4] += np.timedelta64(days, "D").astype("timedelta64[us]")
    features = replace(part.features, known_time=known)
    dataset = build_dataset([replace(part, features=features)], with_history=True)
    row = int(np.flatnonzero(dataset.event_time == features.event_time[last])[0])
    times = {name: getattr(features, name)[: last + 1] for name in ("event_time", "known_time", "values")}
    as_of_then = replace(features, **times)
    window = newest_inputs(as_of_then, 7)
    np.testing.assert_array_equal(window, dataset.windows(7, np.array([row])))
    np.testing.assert_array_equal(window[0, -1], features.values[last])
    assert not np.array_equal(window[0], features.values[last - 6 : last + 1])


def test_a_model_of_one_horizon_forecasts_the_first_horizon_of_its_strategy() -> None:
    one = Forecast(np.zeros(1))
    assert by_horizon(one, 5) == {5: one}
    several = Forecast(np.zeros(1), horizons={1: one, 15: one})
    assert list(by_horizon(several, 1)) == [1, 15]
