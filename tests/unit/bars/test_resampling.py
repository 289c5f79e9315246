"""Longer bars against real longer bars, against pandas, and against sessions written down by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk
from fakes.intraday import intraday_bars, moment, new_york_session, times_between

from trimtab.bars.actions.adjust import adjust
from trimtab.bars.actions.schema import Actions
from trimtab.bars.files import read_bar_file
from trimtab.bars.resampling import complete_until, n_outside, resample
from trimtab.bars.schema import TIME, Bars
from trimtab.errors import ConfigurationError, SchemaError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

XNYS, CRYPTO = SessionCalendar("XNYS"), SessionCalendar("24/7")
LATER = datetime(2030, 1, 1, tzinfo=UTC)
# A half day, and the last session before and the first after each change of the clocks.
DAYS = {
    "2023-11-22": "16:00", "2023-11-24": "13:00", "2023-11-27": "16:00",
    "2024-03-08": "16:00", "2024-03-11": "16:00", "2024-11-01": "16:00", "2024-11-04": "16:00",
}  # fmt: skip
SPANS = [new_york_session(day, close) for day, close in DAYS.items()]
PRICES = ("open", "high", "low", "close")


def minutes(spans: list[tuple[np.datetime64, np.datetime64]] = SPANS) -> Bars:
    return intraday_bars(times_between(spans))


def made(bars: Bars, timeframe: str, calendar: SessionCalendar = XNYS, until: datetime = LATER) -> Bars:
    return resample(bars, Timeframe.parse(timeframe), calendar, until=until)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(times: np.ndarray) -> list[str]:
    return [str(time)[5:16] for time in times]


def by_hand(bars: Bars, spans: list[tuple[np.datetime64, np.datetime64]], step: timedelta) -> list[tuple[object, ...]]:
    """One bar after the other, in loops: begin, prices, volume, end."""
    rows = []
    for begin, close in spans:
        start = begin
        while start < close:
            end = min(start + np.timedelta64(step), close)
            inside = [i for i, time in enumerate(bars.event_time) if start <= time < end]
            if inside:
                high, low = max(bars.high[i] for i in inside), min(bars.low[i] for i in inside)
                volume = sum(bars.volume[i] for i in inside)
                rows.append((start, bars.open[inside[0]], high, low, bars.close[inside[-1]], volume, end))
            start = start + np.timedelta64(step)
    return rows


class TestNewYork:
    @pytest.mark.parametrize("timeframe", ["5m", "15m", "1h", "4h"])
    def test_steps_begin_at_the_open_and_end_with_the_session(self, timeframe: str) -> None:
        bars = minutes()
        bars = bars.take(np.random.default_rng(3).random(len(bars)) < 0.9)
        longer = made(bars, timeframe)
        columns = (longer.event_time, *(getattr(longer, name) for name in PRICES), longer.volume, longer.known_time)
        hand = by_hand(bars, SPANS, Timeframe.parse(timeframe).duration)
        assert list(zip(*(column.tolist() for column in columns), strict=True)) == [
            tuple(value.item() if hasattr(value, "item") else value for value in row) for row in hand
        ]

    def test_the_last_hour_of_a_session_is_short_and_a_half_day_has_four(self) -> None:
        hours = made(minutes(), "1h")
        assert clock(hours.event_time[7:11]) == ["11-24T14:30", "11-24T15:30", "11-24T16:30", "11-24T17:30"]
        assert clock(hours.known_time[7:11])[-1] == "11-24T18:00"
        assert clock(hours.event_time[18:20]) == ["03-08T14:30", "03-08T15:30"]
        assert clock(hours.event_time[24:26]) == ["03-08T20:30", "03-11T13:30"]

    def test_a_day_carries_the_date_of_its_session_and_is_known_a_day_later(self) -> None:
        bars, days = minutes(), made(minutes(), "1d")
        assert days.event_time.astype("M8[D]").astype(str).tolist() == list(DAYS)
        assert (days.known_time == days.event_time + np.timedelta64(1, "D")).all()
        first = np.searchsorted(bars.event_time, [begin for begin, _ in SPANS])
        assert days.open.tolist() == bars.open[first].tolist()

    def test_a_week_carries_its_monday(self) -> None:
        weeks = made(minutes(), "1w")
        assert weeks.event_time.astype("M8[D]").astype(str).tolist() == [
            "2023-11-20", "2023-11-27", "2024-03-04", "2024-03-11", "2024-10-28", "2024-11-04",
        ]  # fmt: skip
        days = made(minutes(), "1d")
        assert (weeks.open[0], weeks.close[0]) == (days.open[0], days.close[1])

    def test_bars_before_the_open_and_after_the_close_are_in_no_longer_bar(self) -> None:
        begin, end = SPANS[0]
        wide = intraday_bars(times_between([(begin - np.timedelta64(2, "h"), end + np.timedelta64(3, "h"))]))
        inside = wide.take((wide.event_time >= begin) & (wide.event_time < end))
        assert n_outside(wide, XNYS) == 300
        for timeframe in ("1h", "1d"):
            for (_, one), (_, other) in zip(
                made(wide, timeframe).arrays(), made(inside, timeframe).arrays(), strict=True
            ):
                assert one.tolist() == other.tolist()

    def test_hours_of_the_clock_make_days_and_are_refused_for_longer_hours(self) -> None:
        hours = intraday_bars(
            times_between([(moment("2024-01-10T14:00"), moment("2024-01-10T21:00"))], 60), Timeframe.HOUR
        )
        (day,) = [made(hours, "1d")]
        assert (day.open[0], day.volume[0]) == (hours.open[0], hours.volume.sum())
        with pytest.raises(ConfigurationError, match=r"bar at 2024-01-10T18:00Z lies partly after 2024-01-10T18:30Z"):
            made(hours, "4h")

    def test_daily_bars_of_days_without_a_session_still_belong_to_their_week(self) -> None:
        days = random_walk(14, start="2024-01-01")
        assert made(days, "1w").volume.tolist() == [days.volume[:7].sum(), days.volume[7:].sum()]
        assert n_outside(days, XNYS) == 0


def test_lunch_parts_the_session_of_tokyo() -> None:
    spans = [
        (moment("2024-03-08T00:00"), moment("2024-03-08T02:30")), (moment("2024-03-08T03:30"), moment("2024-03-08T06:00")),
    ]  # fmt: skip
    bars = minutes(spans)
    hours = made(bars, "1h", SessionCalendar("XTKS"))
    assert clock(hours.event_time) == [
        f"03-08T{hour}" for hour in ("00:00", "01:00", "02:00", "03:30", "04:30", "05:30")
    ]
    assert clock(hours.known_time)[2] == "03-08T02:30"
    assert len(made(bars, "1d", SessionCalendar("XTKS"))) == 1


def test_an_evening_session_belongs_to_the_day_it_is_named_after() -> None:
    bars = minutes([(moment("2024-03-10T23:00"), moment("2024-03-11T02:00"))])
    assert clock(made(bars, "1d", SessionCalendar("CMES")).event_time) == ["03-11T00:00"]


class TestKnownTime:
    def test_a_longer_bar_is_known_with_its_last_known_part_and_not_before_it_is_over(self) -> None:
        bars = minutes(SPANS[:1])
        late = bars.known_time.copy()
        late[70] = moment("2023-11-25T09:00")
        received = np.full(len(bars), moment("2024-05-01"))
        received[130] = moment("2024-06-01")
        hours = made(replace(bars, known_time=late, received_time=received), "1h")
        assert clock(hours.known_time[:3]) == ["11-22T15:30", "11-25T09:00", "11-22T17:30"]
        assert clock(hours.received_time[:3]) == ["05-01T00:00", "05-01T00:00", "06-01T00:00"]

    def test_a_bar_without_its_last_minutes_is_still_not_known_before_it_is_over(self) -> None:
        hours = made(minutes(SPANS[:1]).take(slice(0, 40)), "1h")
        assert clock(hours.known_time) == ["11-22T15:30"]

    @pytest.mark.parametrize(
        ("timeframe", "until", "n"),
        [
            ("1h", "2023-11-22T15:29:59", 0), ("1h", "2023-11-22T15:30", 1), ("1h", "2023-11-22T21:00", 7),
            ("1d", "2023-11-22T23:59", 0), ("1d", "2023-11-23T00:00", 1),
            ("1w", "2023-11-26T23:59", 0), ("1w", "2023-11-27T00:00", 1),
        ],
    )  # fmt: skip
    def test_what_is_not_over_is_left_out(self, timeframe: str, until: str, n: int) -> None:
        assert len(made(minutes(SPANS[:1]), timeframe, until=at(until))) == n

    @pytest.mark.parametrize(
        ("n", "calendar", "until"),
        [
            (390, "XNYS", "2023-11-24T14:30"),  # over Thanksgiving
            (389, "XNYS", "2023-11-22T20:59"),
            (37, "XNYS", "2023-11-22T15:07"),
            (37, "24/7", "2023-11-22T15:07"),
            (0, "XNYS", "2030-01-01"),
        ],
    )
    def test_bars_are_complete_until_the_next_is_expected(self, n: int, calendar: str, until: str) -> None:
        bars = minutes(SPANS[:1]).take(slice(0, n))
        assert complete_until(bars, SessionCalendar(calendar), LATER) == at(until)
        assert complete_until(bars, SessionCalendar(calendar), at("2023-11-22T15:00")) == at("2023-11-22T15:00")

    def test_days_are_complete_until_the_next_session(self) -> None:
        days = random_walk(3, start="2024-03-06")
        assert complete_until(days, XNYS, LATER) == at("2024-03-11")
        assert len(made(days, "1w", until=complete_until(days, XNYS, LATER))) == 1
        assert len(made(days, "1w", until=complete_until(days.take(slice(0, 2)), XNYS, LATER))) == 0


class TestFactor:
    def test_a_factor_that_changes_within_a_bar_puts_it_on_the_last_level(self) -> None:
        bars = replace(random_walk(7, start="2024-01-01"), factor=np.array([0.25] * 3 + [1.0] * 4))
        (week,) = [made(bars, "1w")]
        adjusted = bars.adjusted()
        assert (week.close[0], week.factor[0]) == (bars.close[-1], 1.0)
        np.testing.assert_allclose(week.open[0], adjusted.open[0], rtol=1e-15)
        np.testing.assert_allclose(week.high[0], adjusted.high.max(), rtol=1e-15)
        np.testing.assert_allclose(week.volume[0], adjusted.volume.sum(), rtol=1e-15)

    def test_the_adjusted_longer_bars_are_the_longer_adjusted_bars(self) -> None:
        bars = random_walk(60, start="2024-01-01")
        bars = replace(bars, factor=np.repeat([0.1, 0.2, 0.97, 1.3], 15))
        one, other = made(bars, "1w").adjusted(), made(bars.adjusted(), "1w")
        for name in (*PRICES, "volume"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-14)

    def test_rounding_of_a_factor_leaves_raw_prices_to_the_bit_and_a_dividend_does_not(self) -> None:
        bars = random_walk(7, start="2024-01-01")
        rounded = replace(bars, factor=np.r_[0.1 + np.arange(6) * 1e-9, 0.1])
        assert made(rounded, "1w").high[0] == bars.high.max()
        assert made(rounded, "1w").factor[0] == 0.1
        paid = replace(bars, factor=np.r_[np.full(6, 1 - 1e-4), 1.0])
        assert made(paid, "1w").open[0] == bars.open[0] * (1 - 1e-4)


def test_a_week_with_a_split_is_told_in_the_shares_of_its_end_so_that_its_view_is_that_of_its_days() -> None:
    days = random_walk(21, start="2024-01-01")
    level = np.where(days.event_time < moment("2024-01-11"), 1.0, 1 / 4)
    traded = replace(days, **{name: getattr(days, name) * level for name in PRICES}, volume=days.volume / level)
    actions = Actions.build("AAA", np.array(["2024-01-11"], TIME), np.array(["split"]), np.array([4.0]))
    weeks = resample(traded, Timeframe.WEEK, CRYPTO, until=LATER, actions=actions)
    seen = adjust(weeks, actions, "split").adjusted()
    truth = made(adjust(traded, actions, "split").adjusted(), "1w", CRYPTO)
    for name in (*PRICES, "volume"):
        np.testing.assert_allclose(getattr(seen, name), getattr(truth, name), rtol=1e-14)
    assert weeks.close.tolist() == traded.close[6::7].tolist()
    # Without being told, the week of the split would fall to a quarter within itself.
    assert made(traded, "1w", CRYPTO).high[1] > weeks.high[1] * 3


@pytest.mark.parametrize("ex_date", ["2024-01-13", "2024-01-15", "2024-01-16"])
def test_a_split_belongs_to_the_week_of_its_date_whether_or_not_that_day_has_a_bar(ex_date: str) -> None:
    """A Saturday, Martin Luther King Day, and the Tuesday after it, with prices as a quoted market would show them."""
    dates = np.arange("2024-01-01", "2024-01-27", dtype="datetime64[D]")
    dates = dates[np.is_busday(dates, holidays=["2024-01-01", "2024-01-15"])].astype(TIME)
    close = np.where(dates < np.datetime64(ex_date), 100.0, 25.0)
    days = Bars.build(Series("AAA", Timeframe.DAY), dates, *[close] * 4, 100.0 / close)
    actions = Actions.build("AAA", np.array([ex_date], TIME), np.array(["split"]), np.array([4.0]))
    weeks = resample(days, Timeframe.WEEK, XNYS, until=LATER, actions=actions)
    told = weeks.close / np.where(weeks.event_time + np.timedelta64(7, "D") <= np.datetime64(ex_date), 4.0, 1.0)
    assert told.tolist() == [25.0] * 4
    seen = adjust(weeks, actions, "split").adjusted()
    for name in PRICES:
        assert getattr(seen, name).tolist() == [25.0] * 4
    assert seen.volume.tolist() == [4.0 * 4, 5.0 * 4, 4.0 * 4, 5.0 * 4]


def test_prices_of_a_week_before_and_after_a_dividend_stay_as_they_were_traded() -> None:
    days = random_walk(14, start="2024-01-08")
    paid = Actions.build("AAA", np.array(["2024-01-17"], TIME), np.array(["dividend"]), np.array([5.0]))
    weeks = resample(days, Timeframe.WEEK, CRYPTO, until=LATER, actions=paid)
    plain = made(days, "1w", CRYPTO)
    for name in (*PRICES, "volume", "factor"):
        assert getattr(weeks, name).tolist() == getattr(plain, name).tolist()


class TestRefused:
    @pytest.mark.parametrize(
        ("have", "want", "message"),
        [
            ("1h", "15m", "AAPL__1h cannot be resampled to 15m: what happened within a bar is not known; 1h bars can become 4h, 1d, 1w"),
            ("1h", "1h", "1h bars can become 4h, 1d, 1w"),
            ("1w", "1w", "there are no longer bars"),
        ],
    )  # fmt: skip
    def test_what_is_not_longer(self, have: str, want: str, message: str) -> None:
        bars = intraday_bars(times_between(SPANS[:1], 60), Timeframe.parse(have))
        with pytest.raises(ConfigurationError, match=message):
            made(bars, want)

    @pytest.mark.parametrize("rows", [[0, 2, 1], [0, 1, 1]])
    def test_bars_out_of_order_or_told_twice(self, rows: list[int]) -> None:
        with pytest.raises(SchemaError, match=r"AAPL__1m: only bars by time, each time once"):
            made(minutes().take(np.array(rows)), "1h")

    def test_bars_without_a_time(self) -> None:
        bars = minutes().take(slice(0, 1))
        with pytest.raises(SchemaError, match="judge and store them first"):
            made(replace(bars, event_time=np.array(["NaT"], TIME)), "1h")


def test_no_bars_make_no_bars() -> None:
    assert len(made(Bars.empty(Series("AAPL", Timeframe.MINUTE)), "1d")) == 0
    weekend = minutes([(moment("2024-03-09T10:00"), moment("2024-03-09T11:00"))])
    assert len(made(weekend, "1d")) == 0
    assert made(weekend, "1d").series == Series("AAPL", Timeframe.DAY)


class TestRealBars:
    def test_hours_of_22_pairs_make_the_exchanges_own_days(self, shared_data: Path) -> None:
        hours = read_bar_file(shared_data / "crypto_1h.parquet").bars
        days = read_bar_file(shared_data / "crypto_1d.parquet").bars
        assert len(hours) == 22
        for series, bars in hours.items():
            longer, truth = made(bars, "1d", CRYPTO), days[Series(series.instrument_id, Timeframe.DAY)]
            for name in ("event_time", *PRICES):
                np.testing.assert_array_equal(getattr(longer, name), getattr(truth, name), err_msg=str(series))
            np.testing.assert_allclose(longer.volume, truth.volume, rtol=1e-15 * 24)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("timeframe", "rule"),
        [("5m", "5min"), ("15m", "15min"), ("1h", "1h"), ("4h", "4h"), ("1d", "1D"), ("1w", "W-MON")],
    )
    def test_real_minutes_become_what_pandas_makes_of_them(self, shared_data: Path, timeframe: str, rule: str) -> None:
        for bars in read_bar_file(shared_data / "crypto_1m.parquet").bars.values():
            frame = pd.DataFrame(dict(bars.arrays())).set_index("event_time")
            weekly = {"label": "left", "closed": "left"} if timeframe == "1w" else {}
            how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
            truth = frame.resample(rule, **weekly).agg(how).dropna()
            longer = made(bars, timeframe, CRYPTO)
            assert (longer.event_time == truth.index.to_numpy()).all()
            for name in PRICES:
                np.testing.assert_array_equal(getattr(longer, name), truth[name].to_numpy())
            np.testing.assert_allclose(longer.volume, truth["volume"].to_numpy(), rtol=1e-12)

    def test_quarter_hours_of_new_york_become_its_hours(self, shared_data: Path) -> None:
        (bars,) = read_bar_file(shared_data / "dirty/yfinance_repair/EA-15m-no-bad-divs.csv").bars.values()
        days = sorted({str(time)[:10] for time in bars.event_time})
        spans = [new_york_session(day) for day in days if np.is_busday(np.datetime64(day))]
        hours = made(bars, "1h")
        hand = by_hand(bars, spans, timedelta(hours=1))
        assert len(hand) >= 35
        assert hours.event_time.tolist() == [row[0].item() for row in hand]
        assert hours.high.tolist() == [row[2] for row in hand]
        assert hours.volume.tolist() == [row[5] for row in hand]
        assert n_outside(bars, XNYS) > 100


def test_days_made_in_one_step_and_in_two_are_the_same_to_the_last_bit(shared_data: Path) -> None:
    from trimtab.bars.sources.files import BarFiles

    minutes = BarFiles(shared_data / "crypto_1m.parquet").fetch(Series("ETH-USD", Timeframe.MINUTE))
    calendar, end = SessionCalendar("24/7"), datetime(2019, 1, 1, tzinfo=UTC)
    hours = resample(minutes, Timeframe.HOUR, calendar, until=end)
    for longer in (Timeframe.FOUR_HOURS, Timeframe.DAY):
        at_once, in_two = (resample(each, longer, calendar, until=end) for each in (minutes, hours))
        for (name, one), (_, two) in zip(at_once.arrays(), in_two.arrays(), strict=True):
            np.testing.assert_array_equal(one, two, err_msg=name)
