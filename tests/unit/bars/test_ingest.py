"""From a source into the store and the quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.bar_sources import BrokenSource, GivenBars
from fakes.bars import random_walk

from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.store import BarStore
from trimtab.clock import SimulatedClock
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake


def dirty() -> Bars:
    """Fifty bars: one with a negative price, one twice, one pair swapped."""
    bars = random_walk(50)
    close = bars.close.copy()
    close[10] = -close[10]
    bars = replace(bars, close=close)
    order = np.r_[0:20, 21, 20, 22:50, 30]
    return bars.take(order)


def test_good_bars_are_stored_and_the_others_are_in_quarantine(lake: Lake, clock: SimulatedClock) -> None:
    source, store, quarantine = GivenBars(dirty()), BarStore(lake), Quarantine(lake)
    report = ingest(source, source.bars.series, store, quarantine, clock)
    assert (report.fetched, report.accepted, report.quarantined) == (51, 49, 2)
    assert (report.new, report.restated, report.unchanged) == (49, 0, 0)
    assert {finding.check for finding in report.findings} == {
        "non_positive_price", "inconsistent_ohlc", "duplicate_time", "out_of_order",
    }  # fmt: skip
    stored = store.current(report.series)
    assert (np.diff(stored.event_time) > np.timedelta64(0)).all()
    assert (stored.close > 0).all()
    assert quarantine.count(report.series) == 2


def test_ingesting_again_changes_nothing(lake: Lake, clock: SimulatedClock) -> None:
    source, store, quarantine = GivenBars(dirty()), BarStore(lake), Quarantine(lake)
    ingest(source, source.bars.series, store, quarantine, clock)
    files = {path: path.read_bytes() for path in lake.root.rglob("*.parquet")}
    clock.advance(timedelta(days=3))
    report = ingest(source, source.bars.series, store, quarantine, clock)
    assert (report.new, report.restated, report.unchanged) == (0, 0, 49)
    assert {path: path.read_bytes() for path in lake.root.rglob("*.parquet")} == files


def test_a_restated_bar_is_known_from_the_ingest_that_saw_it(lake: Lake, clock: SimulatedClock) -> None:
    source, store, quarantine = GivenBars(random_walk(50)), BarStore(lake), Quarantine(lake)
    ingest(source, source.bars.series, store, quarantine, clock)
    first = source.bars.volume[5]
    volume = source.bars.volume.copy()
    volume[5] += 1
    source.bars = replace(source.bars, volume=volume)
    now = clock.advance(timedelta(hours=1))
    assert ingest(source, source.bars.series, store, quarantine, clock).restated == 1
    assert store.as_known_at(source.bars.series, now - timedelta(minutes=1)).volume[5] == first
    assert store.as_known_at(source.bars.series, now).volume[5] == first + 1


def test_a_bar_that_is_not_finished_waits_for_the_next_ingest(lake: Lake) -> None:
    clock = SimulatedClock(datetime(2020, 1, 11, 12, tzinfo=UTC))
    source, store, quarantine = GivenBars(random_walk(11)), BarStore(lake), Quarantine(lake)
    assert ingest(source, source.bars.series, store, quarantine, clock).new == 10
    clock.advance(timedelta(hours=12))
    assert ingest(source, source.bars.series, store, quarantine, clock).new == 1


def test_a_bar_that_is_closed_but_not_published_waits_too(lake: Lake) -> None:
    clock = SimulatedClock(datetime(2020, 1, 12, 0, 30, tzinfo=UTC))
    bars = random_walk(11)
    source = GivenBars(replace(bars, known_time=bars.known_time + np.timedelta64(1, "h")))
    store, quarantine = BarStore(lake), Quarantine(lake)
    assert ingest(source, bars.series, store, quarantine, clock).new == 10
    clock.advance(timedelta(minutes=30))
    assert ingest(source, bars.series, store, quarantine, clock).new == 1


def test_a_source_that_fails_leaves_nothing_behind(lake: Lake, clock: SimulatedClock) -> None:
    with pytest.raises(SourceError, match="source 'broken' did not answer for AAA__1d"):
        ingest(BrokenSource(), Series("AAA", Timeframe.DAY), BarStore(lake), Quarantine(lake), clock)
    assert list(lake.root.rglob("*.parquet")) == []


def test_an_answer_about_another_series_is_refused(lake: Lake, clock: SimulatedClock) -> None:
    with pytest.raises(SourceError, match="was asked for BBB__1d and delivered AAA__1d"):
        ingest(GivenBars(random_walk(5)), Series("BBB", Timeframe.DAY), BarStore(lake), Quarantine(lake), clock)


def test_the_last_bar_is_judged_against_what_is_stored(lake: Lake, clock: SimulatedClock) -> None:
    bars = random_walk(50)
    source, store, quarantine = GivenBars(bars.take(slice(0, 49))), BarStore(lake), Quarantine(lake)
    ingest(source, bars.series, store, quarantine, clock)
    last = bars.take(slice(49, 50))
    source.bars = replace(last, **{name: getattr(last, name) * 100 for name in ("open", "high", "low", "close")})
    report = ingest(source, bars.series, store, quarantine, clock)
    assert [finding.check for finding in report.findings] == ["unit_error"]
    assert len(store.current(bars.series)) == 49


def test_a_bar_that_arrives_late_takes_its_place(lake: Lake, clock: SimulatedClock) -> None:
    bars = random_walk(50)
    source, store, quarantine = GivenBars(bars.take(np.r_[0:20, 21:50])), BarStore(lake), Quarantine(lake)
    assert [f.check for f in ingest(source, bars.series, store, quarantine, clock).findings] == ["gap"]
    source.bars = concatenate([bars.take(np.r_[0:20, 21:50]), bars.take(slice(20, 21))])
    report = ingest(source, bars.series, store, quarantine, clock)
    assert (report.new, report.unchanged) == (1, 49)
    np.testing.assert_array_equal(store.current(bars.series).close, bars.close)
