"""From a source into the store and the quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.bar_sources import BrokenSource, GivenBars
from fakes.bars import random_walk

from trimtab.bars.actions import Actions
from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.bars.sources.protocol import within
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.errors import ConfigurationError, SourceError
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


class Asked(GivenBars):
    """A source that is dear to ask; it remembers from when on it was asked."""

    overlap = 3

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        self.since = since
        return within(self.bars, since, until)


def test_a_source_that_is_dear_to_ask_is_asked_from_a_few_bars_before_the_last(
    lake: Lake, clock: SimulatedClock
) -> None:
    bars = random_walk(50)
    source, store, quarantine = Asked(bars.take(slice(0, 40))), BarStore(lake), Quarantine(lake)
    ingest(source, bars.series, store, quarantine, clock)
    assert source.since is None
    source.bars = bars
    report = ingest(source, bars.series, store, quarantine, clock)
    assert source.since == as_datetime(bars.event_time[36])
    assert (report.fetched, report.new, report.unchanged) == (14, 10, 4)
    assert len(store.current(bars.series)) == 50


def test_a_span_is_asked_for_as_it_was_given_and_a_wrong_one_before_anything_is_asked(
    lake: Lake, clock: SimulatedClock
) -> None:
    bars = random_walk(50)
    source, store, quarantine = Asked(bars), BarStore(lake), Quarantine(lake)
    first, last = as_datetime(bars.event_time[10]), as_datetime(bars.event_time[19])
    assert ingest(source, bars.series, store, quarantine, clock, since=first, until=last).new == 10
    with pytest.raises(ConfigurationError, match="before it starts"):
        ingest(BrokenSource(), bars.series, store, quarantine, clock, since=last, until=first)
    with pytest.raises(ConfigurationError, match="starts in the future"):
        ingest(BrokenSource(), bars.series, store, quarantine, clock, since=clock.now() + timedelta(days=1))


class Splitting(GivenBars):
    """A source whose prices are as traded, and which tells a split."""

    told: Actions

    def actions(self, series: Series) -> Actions:
        return self.told


def splitting(bars: Bars, at: int, ratio: float) -> tuple[Bars, Actions]:
    after = np.arange(len(bars)) >= at
    prices = {name: np.where(after, getattr(bars, name) / ratio, getattr(bars, name)) for name in PRICES}
    traded = replace(bars, **prices, volume=np.where(after, bars.volume * ratio, bars.volume))
    ex_time = bars.event_time[at : at + 1].astype("datetime64[D]")
    return traded, Actions.build(bars.series.instrument_id, ex_time, np.array(["split"]), np.array([ratio]))


def test_a_split_told_with_the_bars_that_follow_it_is_no_finding_and_changes_no_stored_bar(
    lake: Lake, clock: SimulatedClock
) -> None:
    bars = random_walk(80)
    traded, split = splitting(bars, 60, 4.0)
    source, store, quarantine = Splitting(traded.take(slice(0, 55))), BarStore(lake), Quarantine(lake)
    source.told = Actions.empty(bars.series.instrument_id)
    ingest(source, bars.series, store, quarantine, clock)
    source.bars, source.told = traded, split
    report = ingest(source, bars.series, store, quarantine, clock)
    assert (report.new, report.restated, report.actions, report.quarantined) == (25, 0, 1, 0)
    assert [each.check for each in report.findings if each.check != "gap"] == []
    np.testing.assert_allclose(store.current(bars.series).adjusted().close * 4, bars.close, rtol=1e-12)
    source.told = Actions.empty(bars.series.instrument_id)  # the source forgets it: the store does not
    assert [each.check for each in ingest(source, bars.series, store, quarantine, clock).findings] == [
        each.check for each in report.findings
    ]


def test_a_split_nobody_tells_is_a_finding(lake: Lake, clock: SimulatedClock) -> None:
    traded, _ = splitting(random_walk(80), 60, 4.0)
    report = ingest(GivenBars(traded), traded.series, BarStore(lake), Quarantine(lake), clock)
    assert "unadjusted_split" in {each.check for each in report.findings}


def test_an_impossible_action_is_refused_and_said(lake: Lake, clock: SimulatedClock) -> None:
    bars = random_walk(80)
    source, store = Splitting(bars), BarStore(lake)
    source.told = Actions.build("AAA", bars.event_time[40:41], np.array(["dividend"]), np.array([1e6]))
    report = ingest(source, bars.series, store, Quarantine(lake), clock)
    assert (report.actions, report.accepted) == (0, 80)
    assert {each.severity for each in report.findings if "dividend" in each.detail} == {"quarantine"}
    assert len(store.actions.current("AAA")) == 0
