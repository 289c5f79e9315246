"""Which bars a sample read, checked by changing a bar and seeing which samples change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.datasets.snapshot import save_snapshot
from trimtab.datasets.windows import Reach, Windows, reach_of, read_sample_times, windows
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import compute
from trimtab.labels.compute import compute_label
from trimtab.storage.lake import Lake

NAMES = ("return_5", "rsi_14", "body_ratio", "ema_distance_10")
LABELS = (
    Label(kind="direction", horizons=(3,)),
    Label(kind="forward_return", horizons=(2,)),
    Label(kind="volatility_regime", horizons=(5,), memory=30),
    Label(kind="triple_barrier", horizons=(4,), volatility_window=30),
)


def changed(bars: Bars, at: int) -> Bars:
    """The bars with another close in one of them, still inside its range."""
    closes = bars.close.copy()
    closes[at] *= 1.5
    return replace(bars, close=closes, high=np.maximum(bars.high, closes))


def rows_that_differ(one: Bars, other: Bars, label: Label) -> np.ndarray:
    """Rows whose features, label or naive forecast move by more than a billionth when a bar changes."""
    values = [compute(bars, NAMES).values for bars in (one, other)]
    moved = ~np.isclose(*values, rtol=1e-9, atol=1e-9, equal_nan=True).all(axis=1)
    blocks = [compute_label(bars, label, label.horizons[0]) for bars in (one, other)]
    for name in ("value", "baseline"):
        moved |= ~np.isclose(*(getattr(block, name) for block in blocks), equal_nan=True)
    return np.flatnonzero(moved)


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.kind)
def test_a_sample_is_touched_when_changing_the_bar_can_change_it(label: Label) -> None:
    bars, at = random_walk(1400), 450
    reach = reach_of(NAMES, label)
    read = windows(bars.event_time, bars.event_time, reach.memory, reach.horizon)
    touched = np.flatnonzero(read.touched_by(bars.event_time[at : at + 1]))
    moved = rows_that_differ(bars, changed(bars, at), label)
    assert set(moved) <= set(touched)
    if label.kind == "forward_return":  # the other labels are yes or no and need not move at the edge
        assert moved[0] == touched[0] == at - label.horizons[0]
    assert len(touched) == reach.memory + 1 + reach.horizon


def test_the_reach_of_a_label_is_what_its_threshold_and_naive_forecast_read() -> None:
    close_only = ("close_location",)
    regime, direction, returns = (reach_of(close_only, label) for label in (LABELS[2], LABELS[0], LABELS[1]))
    assert [each.horizon for each in (regime, direction, returns)] == [5, 3, 2]
    assert (regime.lookback, direction.lookback) == (34, 3)
    barrier, wide = (LABELS[3], LABELS[3].model_copy(update={"horizons": (4, 50)}))
    assert [reach_of(close_only, label).lookback for label in (barrier, wide)] == [30, 50]
    assert [reach_of(close_only, label).horizon for label in (barrier, wide)] == [4, 50]
    assert returns.lookback == max(catalogue()[name].lookback for name in close_only)


@pytest.mark.parametrize("label", [LABELS[0], LABELS[2]], ids=lambda label: label.kind)
def test_the_naive_forecast_reads_exactly_as_far_back_as_the_label_reaches(label: Label) -> None:
    bars = random_walk(400, seed=3)
    lookback = reach_of(("body_ratio",), label).lookback
    baseline = compute_label(bars, label, label.horizons[0]).baseline
    assert np.flatnonzero(~np.isnan(baseline))[0] == lookback


def test_a_model_that_looks_at_a_window_reads_its_other_bars_too_and_a_label_reads_no_more() -> None:
    one, five = (reach_of(NAMES, LABELS[0], window) for window in (1, 5))
    assert (five.lookback, five.memory, five.horizon) == (one.lookback + 4, one.memory + 4, one.horizon)
    assert reach_of(("close_location",), LABELS[2], 5).lookback == reach_of(("close_location",), LABELS[2]).lookback


def test_a_feature_that_is_gone_counts_as_the_one_that_reaches_furthest() -> None:
    every = reach_of(feature_sets()["all"], LABELS[0])
    assert reach_of(["of_another_version"], LABELS[0]) == every
    assert every.memory >= every.lookback > 200


def test_a_ratio_needs_the_bar_and_the_one_before_it() -> None:
    days = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]").astype("datetime64[us]")
    read = windows(days, days, n_before=2, n_after=1)
    assert np.flatnonzero(read.touched_by(days[5:6])).tolist() == [4, 5, 6, 7]
    assert np.flatnonzero(read.spanned_by(days[5:6])).tolist() == [4, 5, 6]
    none = days[:0]
    assert not (read.touched_by(none) | read.spanned_by(none)).any()


def test_a_sample_whose_barrier_was_touched_did_not_read_the_bars_after() -> None:
    days = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]").astype("datetime64[us]")
    read = windows(days, days, n_before=0, n_after=4)
    touched = read.ending_by(np.minimum(days + 2 * np.timedelta64(1, "D"), days[-1]))
    assert np.flatnonzero(read.touched_by(days[6:7])).tolist() == [2, 3, 4, 5, 6]
    assert np.flatnonzero(touched.touched_by(days[6:7])).tolist() == [4, 5, 6]
    unknown = np.full(10, np.datetime64("NaT", "us"))
    assert np.array_equal(read.ending_by(unknown).last, read.last)


def test_windows_end_where_the_bars_end() -> None:
    days = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]").astype("datetime64[us]")
    read = windows(days, days, n_before=9, n_after=9)
    assert isinstance(read, Windows)
    assert (set(read.first), set(read.last)) == ({days[0]}, {days[2]})
    assert Reach(1, 2, 3).memory == 2


def test_the_times_of_a_dataset_are_read_without_its_features(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_dataset(n=300, instruments=("AAA", "BBB"))
    name = save_snapshot(lake, dataset, {"any": "recipe"})
    asked: list[list[str] | None] = []
    original = type(lake.tables).read

    def watched(self: object, table: str, columns: list[str] | None = None) -> object:
        asked.append(columns)
        return original(self, table, columns)  # type: ignore[arg-type]  # the store it is called on

    monkeypatch.setattr(type(lake.tables), "read", watched)
    times = read_sample_times(lake, name)
    assert asked == [["instrument_id", "event_time", "decision_time", "label_end"]]
    assert len(times) == len(dataset)
    for code, instrument in enumerate(dataset.instruments):
        own = times.of(instrument)
        for column in ("event_time", "decision_time", "label_end"):
            assert np.array_equal(getattr(own, column), getattr(dataset, column)[dataset.instrument == code])
    assert len(times.of("CCC")) == 0
