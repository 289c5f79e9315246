"""Quarantine: refused bars are kept with their reasons, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.checks import judge
from trimtab.bars.quarantine import Quarantine, bar_ids
from trimtab.bars.quarantine.decision import QuarantineDecision, overruled_ids
from trimtab.bars.schema import Bars
from trimtab.errors import ConfigurationError, NotFoundError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake

RECEIVED = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def quarantine(lake: Lake) -> Quarantine:
    return Quarantine(lake)


def broken() -> Bars:
    bars = random_walk(40)
    close, volume, times = bars.close.copy(), bars.volume.copy(), bars.event_time.copy()
    close[5], volume[5], close[9] = -1.0, -2.0, np.nan
    times[39] = np.datetime64("NaT")
    return replace(bars, close=close, volume=volume, event_time=times)


def test_a_refused_bar_is_kept_with_every_reason(quarantine: Quarantine) -> None:
    bars = broken()
    added = quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED)
    kept = quarantine.list(bars.series)
    assert added == len(kept)
    assert {row.check for row in kept if row.event_time == datetime(2020, 1, 6, tzinfo=UTC)} == {
        "non_positive_price", "negative_volume", "inconsistent_ohlc",
    }  # fmt: skip
    assert [row.event_time for row in kept if row.check == "missing_time"] == [None]
    assert quarantine.count(bars.series) == 3
    assert {row.received_time for row in kept} == {RECEIVED}
    assert next(row for row in kept if row.check == "negative_volume").volume == -2.0


def test_the_same_refused_bars_again_add_nothing(quarantine: Quarantine) -> None:
    bars = broken()
    quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED)
    before = quarantine.list(bars.series)
    assert quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED + timedelta(days=1)) == 0
    assert repr(quarantine.list(bars.series)) == repr(before)


def test_the_same_time_with_another_wrong_value_is_another_bar(quarantine: Quarantine) -> None:
    bars = broken()
    close = bars.close.copy()
    close[5] = -3.0
    for given in (bars, replace(bars, close=close)):
        quarantine.add(bars.series, given, judge(given).findings, RECEIVED)
    assert quarantine.count(bars.series) == 4


def test_warnings_put_nothing_in_quarantine(quarantine: Quarantine) -> None:
    bars = random_walk(40).take(np.r_[0:10, 12:40])
    findings = judge(bars).findings
    assert findings
    assert quarantine.add(bars.series, bars, findings, RECEIVED) == 0
    assert quarantine.list(bars.series) == []
    assert not (quarantine.lake.root / "quarantine").exists()


def test_the_same_bar_under_another_factor_is_the_same_refused_bar(quarantine: Quarantine) -> None:
    bars = broken()
    quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED)
    rescaled = replace(bars, factor=bars.factor / 2)
    assert quarantine.add(bars.series, rescaled, judge(rescaled).findings, RECEIVED) == 0


def decisions_about(bar: str) -> tuple[QuarantineDecision, ...]:
    time, values = datetime(2020, 1, 6, tzinfo=UTC), dict.fromkeys(("open", "high", "low", "close", "volume"), 1.5)
    return (
        QuarantineDecision(bar, time, "reject", "ada", "told twice", RECEIVED, None, (bar,)),
        QuarantineDecision(bar, None, "reject", "ada", "no time", RECEIVED),
        QuarantineDecision(bar, time, "correct", "bob", "looked it up", RECEIVED, values | {"factor": 1.0}, ("a", bar)),
    )


def test_decisions_are_read_back_as_they_were_recorded(quarantine: Quarantine) -> None:
    series, made = Series("AAA", Timeframe.DAY), decisions_about("b" * 16)
    quarantine.record(series, made[:1])
    quarantine.record(series, made[1:])
    assert quarantine.decisions(series) == made
    assert quarantine.series() == (series,)
    assert quarantine.states(series) == {"b" * 16: "corrected"}


def test_decisions_can_be_read_without_trimtab(quarantine: Quarantine) -> None:
    import duckdb

    quarantine.record(Series("AAA", Timeframe.DAY), decisions_about("b" * 16))
    files = quarantine.lake.root / "quarantine_decisions" / "*" / "*.parquet"
    rows = duckdb.sql(
        f"select actor, action, close, overruled from '{files}' order by actor desc, event_time"
    ).fetchall()
    assert rows[0] == ("bob", "correct", 1.5, ["a", "b" * 16])
    assert rows[2] == ("ada", "reject", None, [])


def test_what_a_decision_stores_is_overruled_no_more() -> None:
    series, made = Series("AAA", Timeframe.DAY), decisions_about("b" * 16)
    assert overruled_ids(series, made) == {"a", "b" * 16}
    stored = bar_id_of(series, made[2])
    assert overruled_ids(series, [replace(made[0], overruled=(stored,))]) == {stored}
    assert overruled_ids(series, [replace(made[0], overruled=(stored,)), made[2]]) == {"a", "b" * 16}


def bar_id_of(series: Series, made: QuarantineDecision) -> str:
    assert made.event_time is not None
    assert made.values is not None
    values = [np.array([made.values[name]]) for name in ("open", "high", "low", "close", "volume")]
    (name,) = bar_ids(Bars.build(series, np.array([made.event_time.replace(tzinfo=None)], "datetime64[us]"), *values))
    return name


def test_a_bar_is_found_by_the_beginning_of_its_id(quarantine: Quarantine) -> None:
    bars = broken()
    quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED)
    bar = quarantine.list(bars.series)[0].bar
    assert quarantine.find(bar[:6].upper()) == (bars.series, bar)
    with pytest.raises(NotFoundError, match="no bar whose id begins with 'zzzz'"):
        quarantine.find("zzzz")
    with pytest.raises(ConfigurationError, match="'abc' is too short to name a bar"):
        quarantine.find("abc")


def test_a_beginning_that_fits_two_bars_names_both(quarantine: Quarantine) -> None:
    for instrument, bar in (("AAA", "12345678"), ("BBB", "12345699")):
        quarantine.record(Series(instrument, Timeframe.DAY), [replace(decisions_about(bar)[0])])
    with pytest.raises(ConfigurationError, match=r"fits 2 bars: 12345678 \(AAA__1d\), 12345699 \(BBB__1d\)"):
        quarantine.find("123456")


def test_refused_bars_of_two_instruments_never_share_an_id(quarantine: Quarantine) -> None:
    for instrument in ("AAA", "BBB"):
        bars = random_walk(10, instrument=instrument)
        empty = replace(bars, **dict.fromkeys(("open", "high", "low", "close", "volume"), np.full(10, np.nan)))
        quarantine.add(bars.series, empty, judge(empty).findings, RECEIVED)
    ids = [kept.bar for series in quarantine.series() for kept in quarantine.list(series)]
    assert len(ids) == len(set(ids)) == 20
