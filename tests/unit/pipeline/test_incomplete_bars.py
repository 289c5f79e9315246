"""What longer bars lack, by calendars with and without hours."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from trimtab.bars import Bars
from trimtab.bars.resampling import complete_until, resample
from trimtab.bars.times import as_datetime
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar
from trimtab.pipeline.incomplete_bars import incomplete_bars

LATER = datetime(2024, 6, 1, tzinfo=UTC)
START, END = np.datetime64("2024-01-02T00:00", "us"), np.datetime64("2024-03-29T23:00", "us")


def flat(series: Series, times: np.ndarray) -> Bars:
    ones = np.ones(len(times))
    return Bars.build(series, times, ones, ones, ones, ones, ones)


def made_of(base: Bars, timeframe: Timeframe, calendar: SessionCalendar) -> Bars:
    return resample(base, timeframe, calendar, until=complete_until(base, calendar, LATER))


def days(times: np.ndarray) -> list[str]:
    return times.astype("datetime64[D]").astype(str).tolist()


@pytest.mark.parametrize("calendar", ["24/7", "weekdays", "XNYS", "XTKS", "CMES"])
@pytest.mark.parametrize("longer", [Timeframe.HOUR, Timeframe.DAY, Timeframe.WEEK])
def test_bars_with_all_their_parts_lack_nothing_and_each_absent_part_is_missed_once(
    calendar: str, longer: Timeframe
) -> None:
    market, series = SessionCalendar(calendar), Series("AAA", Timeframe.FIFTEEN_MINUTES)
    times = market.expected_event_times(series, START, END)
    times = times[market.session_of(times) >= np.datetime64("2024-01-08")]  # a Monday, which may open on Sunday
    whole = flat(series, times)
    assert len(incomplete_bars(made_of(whole, longer, market), whole, market).event_time) == 0
    absent = np.array([57, 58, 700])
    base = flat(series, np.delete(times, absent))
    found = incomplete_bars(made_of(base, longer, market), base, market, [as_datetime(times[700])])
    assert (found.n_absent, found.n_refused) == (3, 1)
    # The longer bars of the absent parts are those that have fewer parts than before.
    before, after = made_of(whole, longer, market), made_of(base, longer, market)
    expected = before.event_time[before.volume != after.volume]
    np.testing.assert_array_equal(found.event_time, expected)


def test_a_holiday_is_no_lack_of_a_week_and_an_absent_session_is() -> None:
    series, market = Series("AAA", Timeframe.DAY), SessionCalendar("XNYS")
    times = market.sessions(START, END)  # closed on 15 January, 19 February and 29 March
    stamped = times + np.timedelta64(5, "h")  # some sources give the hour of the open
    base = flat(series, np.delete(stamped, 30))
    found = incomplete_bars(made_of(base, Timeframe.WEEK, market), base, market, [as_datetime(stamped[30])])
    assert (days(times[[30]]), days(found.event_time)) == (["2024-02-14"], ["2024-02-12"])
    assert (found.n_absent, found.n_refused) == (1, 1)


def test_hours_of_the_clock_are_no_lack_in_sessions_that_open_at_half_past() -> None:
    series, market = Series("AAA", Timeframe.HOUR), SessionCalendar("XNYS")
    times = market.expected_event_times(series, START, END, np.timedelta64(0, "us"))
    assert {str(time)[14:16] for time in times} == {"00"}
    base = flat(series, np.delete(times, 40))
    found = incomplete_bars(made_of(base, Timeframe.DAY, market), base, market)
    assert (days(found.event_time), found.n_absent) == (days(times[[40]]), 1)


def test_hours_at_the_ends_of_a_day_are_not_expected_where_hours_are_not_known() -> None:
    series, market = Series("AAA", Timeframe.HOUR), SessionCalendar("weekdays")
    times = market.expected_event_times(series, START, END)
    hour = (times - times.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    times = times[(hour >= 8) & (hour < 17)]
    base = flat(series, np.delete(times, [0, 13]))  # the first of its day, and one within its day
    found = incomplete_bars(made_of(base, Timeframe.DAY, market), base, market)
    assert (days(found.event_time), found.n_absent) == (days(times[[13]]), 1)


def test_a_first_day_that_begins_at_noon_lacks_its_morning() -> None:
    series, market = Series("AAA", Timeframe.HOUR), SessionCalendar("24/7")
    base = flat(series, market.expected_event_times(series, START, END)[12:])
    found = incomplete_bars(made_of(base, Timeframe.DAY, market), base, market)
    assert (days(found.event_time), found.n_absent) == (["2024-01-02"], 12)
