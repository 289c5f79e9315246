"""A restated bar changes no label that was realised before, and no naive forecast made before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.bar_history import BarHistoryInMemory
from fakes.bars import bars_from_closes, random_walk

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.features.point_in_time import compute_point_in_time
from trimtab.labels import LabelBlock
from trimtab.labels.compute import compute_label
from trimtab.labels.point_in_time import compute_label_point_in_time, compute_labels_point_in_time

BARS = random_walk(120, seed=2)
KINDS = [
    Label(kind="forward_return"),
    Label(kind="direction"),
    Label(kind="direction", neutral_band=0.01),
    Label(kind="volatility_regime", memory=20),
]
# Restatements of a bar received after another: which, after which, and to how much of its price.
WILD = [(50, 53, 1.06), (53, 54, 0.93), (70, 72, 1.2), (85, 90, 0.9), (100, 101, 1.1), (30, 119, 2.0)]
COLUMNS = ("event_time", "value", "label_start", "label_end", "baseline")


def restated(bars: Bars, rows: slice, received: int, factor: float = 1.05) -> Bars:
    """Some bars at other prices, received half a day after bar `received` became known."""
    chosen = bars.take(rows)
    moment = np.repeat(bars.known_time[received] + np.timedelta64(43_200_000_000, "us"), len(chosen))
    prices = {name: getattr(chosen, name) * factor for name in ("open", "high", "low", "close")}
    return replace(chosen, **prices, known_time=moment, received_time=moment)


def known(row: int) -> datetime:
    moment: datetime = BARS.known_time[row].item().replace(tzinfo=UTC)
    return moment


def assert_same(block: LabelBlock, other: LabelBlock) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(block, name), getattr(other, name))


@pytest.mark.parametrize("label", KINDS, ids=str)
def test_without_restatements_it_is_the_label_of_the_current_bars(label: Label) -> None:
    assert_same(
        compute_label_point_in_time(BarHistoryInMemory(BARS), BARS.series, label, 5), compute_label(BARS, label, 5)
    )


def test_a_bar_restated_after_a_label_was_realised_changes_only_labels_realised_later() -> None:
    store = BarHistoryInMemory(BARS, [restated(BARS, slice(50, 51), received=80), restated(BARS, slice(79, 80), 80)])
    label = Label(kind="forward_return")
    block, original = compute_label_point_in_time(store, BARS.series, label, 5), compute_label(BARS, label, 5)
    current = compute_label(store.current(BARS.series), label, 5)
    assert current.value[45] != original.value[45] == block.value[45]  # ends at the bar restated later
    assert current.value[50] != original.value[50] == block.value[50]  # starts there
    assert block.value[79] == current.value[79] != original.value[79]  # not realised when it was restated
    np.testing.assert_array_equal(block.value[:76], original.value[:76])  # bar 80 is the last in these


@pytest.mark.parametrize("horizon", [1, 5])
@pytest.mark.parametrize("label", KINDS, ids=str)
def test_every_row_equals_a_replay_of_its_own_moments(label: Label, horizon: int) -> None:
    whole_history = restated(BARS, slice(0, 71), received=70, factor=0.5)  # another vintage of all there is
    revisions = [restated(BARS, slice(50, 51), 60), restated(BARS, slice(55, 56), 60, 0.9), whole_history]
    store = BarHistoryInMemory(
        BARS, [*revisions, restated(BARS, slice(100, 101), 104), restated(BARS, slice(30, 31), 119)]
    )
    block = compute_label_point_in_time(store, BARS.series, label, horizon)
    for row in range(120):
        decided = compute_label(store.as_known_at(BARS.series, known(row)), label, horizon)
        np.testing.assert_array_equal(block.baseline[row], decided.baseline[-1])
        if row + horizon >= 120:
            assert np.isnan(block.value[row])
            assert np.isnat(block.label_end[row])
            continue
        realised = compute_label(store.as_known_at(BARS.series, known(row + horizon)), label, horizon)
        np.testing.assert_array_equal(block.value[row], realised.value[row])
        assert block.label_end[row] == realised.label_end[row]
    assert not np.array_equal(block.baseline, compute_label(store.current(BARS.series), label, horizon).baseline) or (
        label.kind == "forward_return"  # its naive forecast is always zero
    )


def test_a_return_inside_the_neutral_band_stays_no_sample_when_it_is_restated_out_of_it() -> None:
    bars = bars_from_closes([100.0, 100.1, 102.0, 104.0, 106.0])
    store = BarHistoryInMemory(bars, [restated(bars, slice(1, 2), received=3, factor=1.5)])
    label = Label(kind="direction", neutral_band=0.01)
    assert compute_label(store.current(bars.series), label, 1).value[0] == 1.0
    block = compute_label_point_in_time(store, bars.series, label, 1)
    np.testing.assert_array_equal(block.value, [np.nan, 1, 1, 1, np.nan])


def test_rows_are_those_of_the_features_as_of_any_moment() -> None:
    store = BarHistoryInMemory(BARS, [restated(BARS, slice(50, 51), 80), restated(BARS, slice(20, 21), 100)])
    for as_of in (None, known(69) + timedelta(hours=1), known(90), known(80) + timedelta(hours=12)):
        block = compute_label_point_in_time(store, BARS.series, Label(kind="direction"), 5, as_of)
        features = compute_point_in_time(store, BARS.series, ("return_1",), as_of)
        np.testing.assert_array_equal(block.event_time, features.event_time)
        assert np.isnat(block.label_end).sum() == 5


def test_what_was_realised_by_a_moment_is_the_same_as_of_any_later_one() -> None:
    store = BarHistoryInMemory(BARS, [restated(BARS, slice(50, 51), 80), restated(BARS, slice(20, 101), 100)])
    label = Label(kind="forward_return")
    early = compute_label_point_in_time(store, BARS.series, label, 5, known(90))
    late = compute_label_point_in_time(store, BARS.series, label, 5)
    np.testing.assert_array_equal(early.value[:86], late.value[:86])


def test_a_touched_barrier_is_realised_by_the_first_bar_whose_arrival_decides_it() -> None:
    """Replayed bar by bar: what decides may also be a restatement of a bar that closed long before."""
    label, horizon = Label(kind="triple_barrier", volatility_window=5, take_profit=1.5, stop_loss=1.5), 8
    revisions = [restated(BARS, slice(at, at + 1), received, by) for at, received, by in WILD]
    store = BarHistoryInMemory(BARS, revisions)
    block = compute_label_point_in_time(store, BARS.series, label, horizon)
    seen = {row: compute_label(store.as_known_at(BARS.series, known(row)), label, horizon) for row in range(120)}
    moved = 0
    for row in range(120):
        now = next((later for later in range(row + 1, 120) if not np.isnat(seen[later].label_end[row])), None)
        np.testing.assert_array_equal(block.baseline[row], seen[row].baseline[row])
        if now is None:
            assert np.isnat(block.label_end[row]) and np.isnan(block.value[row])
            continue
        close = BARS.event_time[now] + np.timedelta64(1, "D")
        assert block.label_end[row] == close
        np.testing.assert_array_equal(block.value[row], seen[now].value[row])
        moved += seen[now].label_end[row] < close
    assert moved  # some were decided by a bar restated after it had closed


def test_what_a_barrier_had_realised_is_the_same_as_of_any_later_time() -> None:
    label = Label(kind="triple_barrier", volatility_window=5)
    store = BarHistoryInMemory(BARS, [restated(BARS, slice(at, at + 1), received, by) for at, received, by in WILD])
    late = compute_label_point_in_time(store, BARS.series, label, 8)
    for row in range(20, 120, 7):
        early = compute_label_point_in_time(store, BARS.series, label, 8, known(row))
        done = np.flatnonzero(~np.isnat(early.label_end))
        np.testing.assert_array_equal(late.value[done], early.value[done])
        np.testing.assert_array_equal(late.label_end[done], early.label_end[done])


@pytest.mark.parametrize("label", [*KINDS, Label(kind="triple_barrier", volatility_window=5)], ids=str)
def test_many_horizons_are_each_of_them_alone(label: Label) -> None:
    store = BarHistoryInMemory(BARS, [restated(BARS, slice(50, 51), 60), restated(BARS, slice(79, 80), 80, 0.9)])
    several = label.model_copy(update={"horizons": (5, 1, 15)})
    blocks = compute_labels_point_in_time(store, BARS.series, several)
    assert [block.horizon for block in blocks] == [5, 1, 15]
    for block in blocks:
        assert_same(block, compute_label_point_in_time(store, BARS.series, label, block.horizon))
