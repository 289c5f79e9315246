"""From a source into the store and the quarantine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.bar_sources import BrokenSource, GivenBars
from fakes.bars import random_walk

from trimtab.bars.actions import Actions
from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine, QuarantineDecision
from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.bars.sources.files import BarFiles
from trimtab.bars.sources.protocol import within
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.config.quality import CheckLimits
from trimtab.errors import ConfigurationError, ConflictError, SourceError
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


@dataclass
class Interrupted(GivenBars):
    """A source during whose answer something else happens, once."""

    meanwhile: Callable[[], object] = lambda: None
    n_asked: int = 0

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        answer, self.n_asked = self.bars, self.n_asked + 1
        if self.n_asked == 1:
            self.meanwhile()
        return answer


def with_close(bars: Bars, at: int, value: float) -> Bars:
    close, high = bars.close.copy(), bars.high.copy()
    close[at], high[at] = value, max(high[at], value)
    return replace(bars, close=close, high=high)


def test_an_answer_that_others_have_overtaken_is_asked_for_again(lake: Lake, clock: SimulatedClock) -> None:
    store, quarantine, old = BarStore(lake), Quarantine(lake), random_walk(50)
    ingest(GivenBars(old), old.series, store, quarantine, clock)
    new = with_close(old, 20, old.close[20] * 1.01)
    source = Interrupted(old)

    def correct() -> None:
        ingest(GivenBars(new), old.series, store, quarantine, clock)
        source.bars = new  # what the source says from now on

    source.meanwhile = correct
    report = ingest(source, old.series, store, quarantine, clock)
    assert (source.n_asked, report.restated, report.unchanged) == (2, 0, 50)
    assert store.current(old.series).close[20] == new.close[20]


def test_a_series_that_never_rests_is_given_up_with_a_sentence(lake: Lake, clock: SimulatedClock) -> None:
    bars = random_walk(50)
    store, quarantine = BarStore(lake), Quarantine(lake)

    class Restless(GivenBars):
        def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
            have = len(store.current(series))
            store.append(bars.take(slice(0, have + 1)), clock.now())
            return bars

    with pytest.raises(ConflictError, match="were changed 3 times while source 'given' was asked"):
        ingest(Restless(bars), bars.series, store, quarantine, clock)


def test_a_restatement_is_known_from_when_the_answer_was_there(lake: Lake, clock: SimulatedClock) -> None:
    store, quarantine, old = BarStore(lake), Quarantine(lake), random_walk(50)
    ingest(GivenBars(old), old.series, store, quarantine, clock)
    asked = clock.now()
    source = Interrupted(
        with_close(old, 20, old.close[20] * 1.01), meanwhile=lambda: clock.advance(timedelta(minutes=10))
    )
    assert ingest(source, old.series, store, quarantine, clock).restated == 1
    during = store.as_known_at(old.series, asked + timedelta(minutes=9))
    assert during.close[20] == old.close[20]
    assert store.current(old.series).close[20] != old.close[20]


def test_a_bar_that_is_believed_only_later_is_known_from_then_and_waits_for_nobody(
    lake: Lake, clock: SimulatedClock
) -> None:
    store, quarantine, bars = BarStore(lake), Quarantine(lake), random_walk(50)
    broken = replace(bars, **{name: np.where(np.arange(50) == 49, 100.0, 1.0) * getattr(bars, name) for name in PRICES})
    ingest(GivenBars(broken), bars.series, store, quarantine, clock, limits=CheckLimits(unit_bars=1))
    refused = {kept.bar for kept in quarantine.open(bars.series)}
    assert len(refused) == 1
    before = clock.now()
    clock.advance(timedelta(days=1))
    # Somebody who does not believe in unit errors: the same bar is accepted.
    lenient = CheckLimits(unit_tolerance=0.0)
    report = ingest(GivenBars(broken), bars.series, store, quarantine, clock, limits=lenient)
    assert report.new == 1
    assert len(store.as_known_at(bars.series, before)) == 49
    assert len(store.current(bars.series)) == 50
    assert quarantine.open(bars.series) == ()
    assert quarantine.counts(bars.series).open == 0


def test_a_bad_price_makes_no_true_dividend_impossible(lake: Lake, clock: SimulatedClock) -> None:
    bars = random_walk(80)
    broken = replace(bars, **{name: getattr(bars, name).copy() for name in PRICES})
    for name in PRICES:
        getattr(broken, name)[39] /= 100
    source, store = Splitting(broken), BarStore(lake)
    source.told = Actions.build("AAA", bars.event_time[40:41], np.array(["dividend"]), np.array([bars.close[38] / 50]))
    report = ingest(source, bars.series, store, Quarantine(lake), clock)
    assert (report.quarantined, report.actions) == (1, 1)


def test_a_correction_that_the_source_overtakes_is_said(lake: Lake, clock: SimulatedClock) -> None:
    store, quarantine, bars = BarStore(lake), Quarantine(lake), random_walk(50)
    ingest(GivenBars(bars), bars.series, store, quarantine, clock)
    wrong = as_datetime(bars.event_time[20])
    store.append(with_close(bars, 20, 99.0).take(slice(20, 21)), clock.now())
    values = dict.fromkeys((*PRICES, "volume", "factor"), 99.0)
    quarantine.record(bars.series, [QuarantineDecision("ab12", wrong, "correct", "ada", "a typo", clock.now(), values)])
    revised = with_close(bars, 20, bars.close[20] * 1.001)
    report = ingest(GivenBars(revised), bars.series, store, quarantine, clock)
    (said,) = [each for each in report.findings if each.check == "correction_overtaken"]
    assert said.severity == "warning"
    assert "99" in said.detail
    assert report.restated == 1


def test_what_a_person_has_stored_is_accepted_and_not_refused_again_though_the_checks_object(
    lake: Lake, clock: SimulatedClock
) -> None:
    store, quarantine, bars = BarStore(lake), Quarantine(lake), random_walk(50)
    broken = with_close(bars, 20, -1.0)
    ingest(GivenBars(broken), bars.series, store, quarantine, clock)
    (refused,) = {kept.bar for kept in quarantine.open(bars.series)}
    # Put right by hand, with a high below the close: odd, but a person said so.
    odd = replace(bars, high=np.where(np.arange(50) == 20, bars.low, bars.high)).take(slice(20, 21))
    store.append(odd, clock.now(), known_at_receipt=True)
    values = {name: float(getattr(odd, name)[0]) for name in (*PRICES, "volume", "factor")}
    time = as_datetime(bars.event_time[20])
    decision = QuarantineDecision(refused, time, "correct", "ada", "by the exchange", clock.now(), values, (refused,))
    quarantine.record(bars.series, [decision])
    report = ingest(GivenBars(broken), bars.series, store, quarantine, clock)
    assert (report.accepted, report.quarantined, report.unchanged) == (50, 0, 50)
    assert "inconsistent_ohlc" in {each.check for each in report.findings}  # still said ...
    assert quarantine.open(bars.series) == ()  # ... and asked no more
    assert quarantine.count(bars.series) == 1


def test_the_twin_of_a_repeated_row_is_known_from_its_close_even_when_an_ingest_is_killed_half_way(
    lake: Lake, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, quarantine, bars = BarStore(lake), Quarantine(lake), random_walk(50)
    twice = GivenBars(bars.take(np.r_[0:31, 30, 31:50]))
    with monkeypatch.context() as killed:
        killed.setattr(BarStore, "append", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ingest(twice, bars.series, store, quarantine, clock)
    assert quarantine.count(bars.series) == 1
    ingest(twice, bars.series, store, quarantine, clock)
    stored = store.current(bars.series)
    np.testing.assert_array_equal(stored.known_time, bars.known_time)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_dividend_that_a_file_tells_and_its_factor_lacks_is_said_and_never_stored_as_an_action(
    lake: Lake, clock: SimulatedClock, tmp_path: Path, suffix: str
) -> None:
    bars = random_walk(80)
    table = pd.DataFrame({name.capitalize(): getattr(bars, name) for name in (*PRICES, "volume")})
    table.insert(0, "Date", bars.event_time.astype("datetime64[D]").astype(str))
    table["Adj Close"] = table["Close"]  # as if nothing had been paid
    table["Dividends"] = np.where(np.arange(80) == 40, bars.close[39] * 0.03, 0.0)
    path = tmp_path / f"AAA.{suffix}"
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path, index=False)
    store = BarStore(lake)
    report = ingest(BarFiles(path), Series("AAA", Timeframe.DAY), store, Quarantine(lake), clock)
    assert [str(each.event_time)[:10] for each in report.findings if each.check == "missing_adjustment"] == [
        str(bars.event_time[40])[:10]
    ]
    assert (report.accepted, report.actions, len(store.actions.current("AAA"))) == (80, 0, 0)
