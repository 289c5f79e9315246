"""Which rows read a bar that was restated later, beside what today's bars would make of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fakes.bar_history import BarHistoryInMemory
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.config.strategy import DatasetRules, Label
from trimtab.datasets.build import build_dataset
from trimtab.datasets.point_in_time import samples_point_in_time
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.datasets.weights import counted_rows
from trimtab.features.engine import compute
from trimtab.features.point_in_time import compute_point_in_time
from trimtab.labels.compute import compute_labels

BARS = random_walk(200, seed=6)
NAMES = ("return_5", "body_ratio")
LABEL = Label(kind="forward_return", horizons=(3, 8))
ASKED = DatasetRules(superseded_weight=0.5)


def restated(at: int, received: int, factor: float = 1.02) -> Bars:
    """Another close of one bar, known half a day after bar `received` was."""
    bar = BARS.take(slice(at, at + 1))
    moment = BARS.known_time[received : received + 1] + np.timedelta64(43_200_000_000, "us")
    close = bar.close * factor
    high, low = np.maximum(bar.high, close), np.minimum(bar.low, close)
    return replace(bar, close=close, high=high, low=low, known_time=moment, received_time=moment)


def made(*restatements: Bars, rules: DatasetRules = ASKED, as_of: datetime | None = None) -> SeriesSamples:
    store = BarHistoryInMemory(BARS, list(restatements))
    return samples_point_in_time(store, compute_point_in_time(store, BARS.series, NAMES, as_of), LABEL, rules, as_of)


def rows(moments: np.ndarray) -> list[int]:
    return np.flatnonzero(~np.isnat(moments)).tolist()


def test_rows_that_read_a_bar_before_it_was_restated_are_superseded_per_horizon() -> None:
    short, long = made(restated(50, received=80)).superseded
    assert rows(short) == list(range(47, 56))  # labels that end at the bar or later, features that look back to it
    assert rows(long) == list(range(42, 56))


def test_a_restatement_received_meanwhile_reaches_only_what_was_decided_or_realised() -> None:
    short, long = made(restated(50, received=52)).superseded
    assert rows(short) == list(range(47, 53))
    assert rows(long) == [42, 43, 44, 50, 51, 52]  # those between were decided before they could see it, not realised


@pytest.mark.parametrize("received", [52, 80])
def test_a_row_that_today_s_bars_would_make_otherwise_is_always_among_them(received: int) -> None:
    part = made(restated(50, received), restated(120, 121, 0.97))
    today = BarHistoryInMemory(BARS, [restated(50, received), restated(120, 121, 0.97)]).current(BARS.series)
    features = (part.features.values != compute(today, NAMES).values) & ~np.isnan(part.features.values)
    for block, other, moments in zip(part.labels, compute_labels(today, LABEL), part.superseded, strict=True):
        otherwise = features.any(axis=1) | ((block.value != other.value) & ~np.isnan(block.value))
        assert otherwise.any() and set(np.flatnonzero(otherwise)) <= set(rows(moments))


def test_without_a_restatement_nothing_is_superseded_nor_before_it_was_known() -> None:
    assert np.isnat(made().superseded).all()
    before = BARS.known_time[79].item().replace(tzinfo=UTC)
    assert np.isnat(made(restated(50, received=80), as_of=before).superseded).all()


def test_the_first_restatement_says_since_when() -> None:
    first, second = restated(50, received=80), restated(50, received=120, factor=1.05)
    for each in (made(first, second), made(second, first)):
        for moments in each.superseded:
            np.testing.assert_array_equal(moments[rows(moments)], first.known_time[0])
    both, _ = made(first, restated(52, received=120)).superseded
    assert {rows(both)[0], rows(both)[-1]} == {47, 57}
    np.testing.assert_array_equal(both[[47, 57]], [first.known_time[0], restated(52, 120).known_time[0]])


def test_it_is_looked_for_only_where_it_counts() -> None:
    assert made(restated(50, received=80), rules=DatasetRules()).superseded == ()


def test_superseded_samples_count_for_less_once_that_is_known() -> None:
    rules = DatasetRules(uniqueness=False, superseded_weight=0.5)
    dataset = build_dataset([made(restated(50, received=80))], rules)
    np.testing.assert_array_equal(dataset.weight, 1.0)
    share = counted_rows(dataset).weight
    assert set(dataset.event_time[np.isclose(share, share.min())]) == set(BARS.event_time[47:56])
    assert share.max() / share.min() == pytest.approx(2.0)
    for horizon, first in ((3, 47), (8, 42)):  # each horizon has its own
        alone = dataset.at(horizon)
        assert alone.superseded_at is not None
        assert alone.event_time[~np.isnat(alone.superseded_at)][0] == BARS.event_time[first]


@pytest.mark.parametrize("until", [70, 100])
def test_a_part_of_a_dataset_trains_with_the_weights_of_a_dataset_built_on_that_day(until: int) -> None:
    rules = DatasetRules(superseded_weight=0.5)
    restatements = (restated(50, received=80), restated(60, received=150))
    whole = build_dataset([made(*restatements)], rules)
    day = BARS.known_time[until].item().replace(tzinfo=UTC)
    then = build_dataset([made(*restatements, as_of=day)], rules, min_samples=1)
    part = whole.take(whole.label_end <= BARS.known_time[until])
    np.testing.assert_array_equal(part.event_time, then.event_time[: len(part)])
    np.testing.assert_allclose(
        counted_rows(part).weight, counted_rows(then.take(np.arange(len(part)))).weight, rtol=1e-12
    )
    assert (counted_rows(part).weight.min() < 0.75) == (until == 100)
