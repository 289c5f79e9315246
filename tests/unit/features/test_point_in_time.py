"""A restated bar reaches only what was decided after the restatement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from fakes.bar_history import BarHistoryInMemory
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.features.engine import compute
from trimtab.features.point_in_time import compute_point_in_time

NAMES = ("return_1", "sma_distance_5", "ema_distance_20", "volatility_20")
BARS = random_walk(120, seed=2)


def _restate(row: int, received: int, factor: float = 2.0) -> Bars:
    """Bar `row` with other prices, received half a day after bar `received` became known."""
    bar = BARS.take(slice(row, row + 1))
    moment = BARS.known_time[received : received + 1] + np.timedelta64(43_200_000_000, "us")
    prices = {name: getattr(bar, name) * factor for name in ("open", "high", "low", "close")}
    return replace(bar, **prices, known_time=moment, received_time=moment)


def test_without_restatements_it_is_one_pass() -> None:
    block = compute_point_in_time(BarHistoryInMemory(BARS), BARS.series, NAMES, None)
    assert block.values.tobytes("F") == compute(BARS, NAMES).values.tobytes("F")
    assert (block.known_time == BARS.known_time).all()


def test_a_restatement_changes_only_rows_decided_after_it() -> None:
    store = BarHistoryInMemory(BARS, [_restate(row=50, received=80)])
    block, original = compute_point_in_time(store, BARS.series, NAMES), compute(BARS, NAMES)
    assert block.values[:81].tobytes() == original.values[:81].tobytes()
    assert (block.column("ema_distance_20")[81:] != original.column("ema_distance_20")[81:]).all()
    # A finite window that no longer holds the bar is untouched.
    np.testing.assert_array_equal(block.column("return_1")[81:], original.column("return_1")[81:])
    current = compute(store.current(BARS.series), NAMES)
    assert current.column("return_1")[50] != block.column("return_1")[50]


def test_a_restatement_of_a_fresh_bar_reaches_the_windows_that_hold_it() -> None:
    store = BarHistoryInMemory(BARS, [_restate(row=80, received=80)])
    block, original = compute_point_in_time(store, BARS.series, NAMES), compute(BARS, NAMES)
    current = compute(store.current(BARS.series), NAMES)
    assert block.column("return_1")[80] == original.column("return_1")[80]
    assert block.column("return_1")[81] == current.column("return_1")[81] != original.column("return_1")[81]


def test_a_row_is_known_when_its_bar_first_was_even_if_the_bar_was_restated_later() -> None:
    store = BarHistoryInMemory(BARS, [_restate(row=50, received=80), _restate(row=20, received=100)])
    block = compute_point_in_time(store, BARS.series, NAMES)
    assert (block.known_time == BARS.known_time).all()
    assert (block.event_time == BARS.event_time).all()


def test_every_row_equals_a_replay_of_its_own_moment() -> None:
    revisions = [_restate(50, 60), _restate(55, 60, 0.5), _restate(50, 90, 1.5), _restate(100, 119)]
    store = BarHistoryInMemory(BARS, revisions)
    block = compute_point_in_time(store, BARS.series, NAMES)
    for row in range(40, 120):
        moment = BARS.known_time[row].item().replace(tzinfo=UTC)
        replayed = compute(store.as_known_at(BARS.series, moment), NAMES).values[-1]
        np.testing.assert_array_equal(block.values[row], replayed)


def test_as_of_ends_history_at_that_moment() -> None:
    store = BarHistoryInMemory(BARS, [_restate(row=50, received=80)])
    moment: datetime = BARS.known_time[69].item().replace(tzinfo=UTC) + timedelta(hours=1)
    block = compute_point_in_time(store, BARS.series, NAMES, moment)
    assert len(block) == 70
    assert block.values.tobytes("F") == compute(BARS.take(slice(0, 70)), NAMES).values.tobytes("F")
