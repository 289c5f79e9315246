"""Yahoo asked by the real yfinance, answered by a server on the loopback in Yahoo's format."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fakes.replay import ReplayServer, Trouble, closed, cut, stalled, status, truncated
from fakes.servers import free_port
from fakes.yahoo_server import CHART, Share, share_of_csv, share_of_walk, yahoo_server

from trimtab.bars.actions.adjust import adjust
from trimtab.bars.sources import open_source
from trimtab.bars.sources.asking import Patience
from trimtab.bars.sources.yahoo import YahooEquities
from trimtab.bars.sources.yahoo.calendars import CALENDARS
from trimtab.bars.sources.yahoo.client import yfinance
from trimtab.clock import SimulatedClock
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import parse_calendar

DAYS = Series("AAA", Timeframe.DAY)
NEW_YORK = "America/New_York"
NOW = datetime(2021, 6, 1, tzinfo=UTC)
WALK = share_of_walk("AAA")
TABLE = WALK.bars["1d"]


def day(text: str, zone: str = NEW_YORK) -> pd.Timestamp:
    return pd.Timestamp(text, tz=zone)


def date(index: int) -> pd.Timestamp:
    """The date of a bar of the walk."""
    return TABLE.index[index]


def yahoo(server: ReplayServer, now: datetime = NOW, **options: Any) -> YahooEquities:
    patience = Patience(attempts=3, sleep=lambda _: None)
    settings = {"clock": SimulatedClock(now), "timeout_seconds": 1.0, "patience": patience, "base_url": server.url}
    return YahooEquities(**{**settings, **options})


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with yahoo_server(WALK).running() as running:
        yield running


def test_days_are_labelled_with_the_date_of_the_session(server: ReplayServer) -> None:
    bars = yahoo(server).fetch(DAYS)
    dates = TABLE.index.tz_localize(None).to_numpy().astype("datetime64[us]")
    np.testing.assert_array_equal(bars.event_time, dates)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, name), np.round(TABLE[name.capitalize()], 2), err_msg=name)
    np.testing.assert_array_equal(bars.known_time, dates + np.timedelta64(1, "D"))
    assert (bars.factor == 1.0).all()


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/London", "Australia/Sydney", "America/Sao_Paulo"])
def test_the_date_is_that_of_the_exchange_wherever_it_is(zone: str) -> None:
    share = share_of_walk("AAA", start="2020-02-03", zone=zone)
    with yahoo_server(share).running() as server:
        bars = yahoo(server).fetch(DAYS)
    dates = pd.bdate_range("2020-02-03", periods=250).to_numpy().astype("datetime64[us]")
    np.testing.assert_array_equal(bars.event_time, dates)


def test_prices_are_as_traded_whatever_was_split_later(server: ReplayServer) -> None:
    split = WALK.after_split(date(200), 7).after_split(date(100), 3, 2).after_split(date(230), 1, 10)
    assert split.bars["1d"]["Close"].iloc[0] != TABLE["Close"].iloc[0]
    with yahoo_server(split).running() as after:
        now, then = yahoo(after).fetch(DAYS), yahoo(server).fetch(DAYS)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(now, name), getattr(then, name), err_msg=name)
    # Of every ten shares that a reverse split made one of, Yahoo's whole numbers keep the tens.
    np.testing.assert_allclose(now.volume, then.volume, atol=5)


def test_splits_are_actions_with_the_ratio_of_new_to_old_shares() -> None:
    split = WALK.after_split(date(200), 7).after_split(date(230), 1, 10)
    with yahoo_server(split).running() as server:
        actions = yahoo(server).actions(DAYS)
    assert actions.kind.tolist() == ["split", "split"]
    assert actions.value.tolist() == [7.0, 0.1]
    np.testing.assert_array_equal(actions.ex_time, [np.datetime64(date(i).date()) for i in (200, 230)])
    np.testing.assert_array_equal(actions.known_time, actions.ex_time)


def test_dividends_are_what_was_paid_per_share_of_their_day() -> None:
    paid = replace(WALK, dividends={date(50): 2.65, date(150): 0.47}).after_split(date(100), 7)
    with yahoo_server(paid).running() as server:
        actions = yahoo(server).actions(DAYS)
    told = dict(zip(actions.ex_time.astype("datetime64[D]").astype(str), actions.value, strict=True))
    assert told == {str(date(50).date()): 2.65, str(date(100).date()): 7.0, str(date(150).date()): 0.47}


def test_a_dividend_of_the_day_of_a_split_is_per_share_of_the_day_before() -> None:
    both = replace(WALK, dividends={date(100): 0.5}).after_split(date(100), 4)
    with yahoo_server(both).running() as server:
        actions = yahoo(server).actions(DAYS)
    assert dict(zip(actions.kind.tolist(), actions.value.tolist(), strict=True)) == {"split": 4.0, "dividend": 2.0}


def test_capital_gains_of_a_fund_count_as_dividends_of_their_day() -> None:
    fund = replace(WALK, kind="MUTUALFUND", dividends={date(50): 0.3}, capital_gains={date(50): 1.2, date(60): 0.5})
    with yahoo_server(fund).running() as server:
        actions = yahoo(server).actions(DAYS)
    assert actions.kind.tolist() == ["dividend", "dividend"]
    assert actions.value.tolist() == [1.5, 0.5]


def test_capital_gains_within_the_dividend_of_their_day_are_not_paid_again() -> None:
    paid = {"dividends": {date(50): 9.968, date(60): 0.5}, "capital_gains": {date(50): 8.999, date(60): 0.5}}
    with yahoo_server(replace(WALK, kind="MUTUALFUND", **paid)).running() as server:
        assert yahoo(server).actions(DAYS).value.tolist() == [9.968, 0.5]


@pytest.mark.parametrize("fund", ["VWILX", "DODFX"])
def test_the_total_return_of_a_fund_is_the_corrected_adjusted_close_and_not_yahoos_own(
    shared_data: Path, fund: str
) -> None:
    path = shared_data / "dirty" / "yfinance_repair" / f"{fund}-1d-cg-double-count.csv"
    share, series = share_of_csv(path, fund, kind="MUTUALFUND"), Series(fund, Timeframe.DAY)
    with yahoo_server(share).running() as server:
        source = yahoo(server, datetime(2030, 1, 1, tzinfo=UTC))
        bars = adjust(source.fetch(series), source.actions(series), "total_return").adjusted()
    fixed = pd.read_csv(path.with_name(f"{path.stem}-fixed.csv"))["Adj Close"].to_numpy()
    np.testing.assert_allclose(bars.close / bars.close[-1], fixed / fixed[-1], rtol=1e-4)
    told = share.bars["1d"]["Adj Close"].to_numpy()
    assert abs(told[0] / told[-1] / (fixed[0] / fixed[-1]) - 1) > 0.02  # what counting twice does


def test_an_action_that_has_not_taken_effect_is_not_told_yet() -> None:
    with yahoo_server(replace(WALK, dividends={date(50): 0.3, date(150): 0.4})).running() as server:
        source = yahoo(server, date(100).to_pydatetime())
        assert source.actions(DAYS).value.tolist() == [0.3]


def test_the_total_return_of_bars_and_actions_is_the_one_that_was_planted() -> None:
    paid = replace(WALK, dividends={date(50): 2.0, date(150): 1.0}).after_split(date(100), 4)
    with yahoo_server(paid).running() as server:
        source = yahoo(server)
        bars = adjust(source.fetch(DAYS), source.actions(DAYS), "total_return").adjusted()
    # The table is of the share after the split: a dividend takes its share of the close before it, the split nothing.
    close, index = (TABLE["Close"] / np.where(TABLE.index < date(100), 4.0, 1.0)).to_numpy(), np.arange(250)
    second = np.where(index < 150, 1 - 1.0 / close[149], 1.0)
    first = np.where(index < 50, 1 - (2.0 / 4.0) / close[49], 1.0)
    np.testing.assert_allclose(bars.close, close * first * second, rtol=1e-9)


def test_the_unfinished_day_is_not_delivered(server: ReplayServer) -> None:
    last = date(100).tz_localize(None).tz_localize("UTC").to_pydatetime()
    on_that_day, over = last + timedelta(hours=23), last + timedelta(days=1)
    assert len(yahoo(server, on_that_day).fetch(DAYS)) == 100
    assert len(yahoo(server, over).fetch(DAYS)) == 101
    assert len(yahoo(server, over, publication_lag=timedelta(minutes=1)).fetch(DAYS)) == 100


def test_a_span_has_both_its_ends_and_the_splits_after_it() -> None:
    split = WALK.after_split(date(200), 7)
    with yahoo_server(split).running() as server:
        bars = yahoo(server).fetch(
            DAYS, date(10).tz_localize(None).tz_localize("UTC"), datetime(2020, 2, 1, tzinfo=UTC)
        )
    np.testing.assert_array_equal(bars.close, TABLE["Close"].iloc[10:22])


def test_history_begins_where_the_options_say(server: ReplayServer) -> None:
    start = datetime(2020, 6, 1, tzinfo=UTC)
    assert yahoo(server, start=start).fetch(DAYS).event_time[0] == np.datetime64("2020-06-01")


def test_one_answer_serves_calendar_bars_and_actions(server: ReplayServer) -> None:
    source = yahoo(server)
    source.calendar(DAYS), source.fetch(DAYS), source.actions(DAYS)  # what an ingest asks for
    assert len(server.requests(CHART)) == 2  # one of them for the time zone
    source.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]  # a simulated clock
    source.fetch(DAYS)
    assert len(server.requests(CHART)) == 3


def test_one_source_serves_several_instruments() -> None:
    with yahoo_server(WALK, share_of_walk("BBB", 40)).running() as server:
        source = yahoo(server)
        assert [len(source.fetch(Series(name, Timeframe.DAY))) for name in ("AAA", "BBB", "AAA")] == [250, 40, 250]


def test_what_yahoo_revises_is_seen_by_the_next_question(server: ReplayServer) -> None:
    source = yahoo(server)
    source.fetch(DAYS)
    revised = TABLE.copy()
    revised.iloc[3, revised.columns.get_loc("Close")] = 77.0
    server.answer = yahoo_server(replace(WALK, bars={"1d": revised})).answer
    source.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]  # a simulated clock
    assert source.fetch(DAYS).close[3] == 77.0


def test_a_row_that_only_carries_a_dividend_is_no_bar() -> None:
    table = TABLE.copy()
    table.loc[date(20), ["Open", "High", "Low", "Close", "Adj Close"]] = np.nan
    with yahoo_server(replace(WALK, bars={"1d": table}, dividends={date(20): 0.5})).running() as server:
        source = yahoo(server)
        assert len(source.fetch(DAYS)) == 249
        assert source.actions(DAYS).value.tolist() == [0.5]


def test_a_single_price_that_is_absent_is_left_for_the_checks() -> None:
    table = TABLE.copy()
    table.loc[date(20), "High"] = np.nan
    with yahoo_server(replace(WALK, bars={"1d": table})).running() as server:
        assert np.isnan(yahoo(server).fetch(DAYS).high).sum() == 1


def intraday_share(interval: str, minutes: int, days: int) -> Share:
    """Bars of the last sessions before NOW, from half past nine."""
    sessions = pd.bdate_range(end="2021-05-28", periods=days, tz=NEW_YORK)
    opens = [session + pd.Timedelta(minutes=570 + m) for session in sessions for m in range(0, 390, minutes)]
    walk = share_of_walk("AAA", n=len(opens)).bars["1d"].set_axis(pd.DatetimeIndex(opens), axis=0)
    return Share("AAA", {"1d": TABLE.set_axis(TABLE.index + pd.Timedelta(days=140), axis=0), interval: walk})


@pytest.mark.parametrize(
    ("timeframe", "minutes", "n_requests"), [("1m", 1, 5), ("5m", 5, 1), ("15m", 15, 1), ("1h", 60, 1)]
)
def test_intraday_bars_are_in_utc_and_asked_in_spans_that_yahoo_allows(
    timeframe: str, minutes: int, n_requests: int
) -> None:
    share = intraday_share(timeframe, minutes, 20)
    with yahoo_server(share).running() as server:
        bars = yahoo(server).fetch(Series("AAA", Timeframe.parse(timeframe)))
    table = share.bars[timeframe]
    since = np.datetime64(NOW.replace(tzinfo=None)) - np.timedelta64(29, "D")
    expected = table.index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")
    np.testing.assert_array_equal(bars.event_time, expected[expected >= since])
    np.testing.assert_array_equal(bars.close, table["Close"].to_numpy()[expected >= since])
    assert sum(asked.query.get("interval") == timeframe for asked in server.requests(CHART)) == n_requests


def test_intraday_prices_are_as_traded_too() -> None:
    share = intraday_share("1h", 60, 20)
    split = share.after_split(day("2021-05-20"), 4)
    series = Series("AAA", Timeframe.HOUR)
    with yahoo_server(share).running() as before, yahoo_server(split).running() as after:
        np.testing.assert_array_equal(yahoo(after).fetch(series).close, yahoo(before).fetch(series).close)


def test_more_than_yahoo_keeps_is_refused_and_never_cut_short(server: ReplayServer) -> None:
    with pytest.raises(
        SourceError, match=r"has AAA__5m only since 2021-04-03, because Yahoo keeps bars of 5m for 60 days"
    ):
        yahoo(server).fetch(Series("AAA", Timeframe.FIVE_MINUTES), datetime(2021, 1, 1, tzinfo=UTC))


def test_weeks_are_refused_with_what_to_do_instead(server: ReplayServer) -> None:
    with pytest.raises(ConfigurationError, match="ingest 1d and resample to 1w"):
        yahoo(server).fetch(Series("AAA", Timeframe.WEEK))
    with pytest.raises(UnknownNameError, match="'yfinance': unknown timeframe '4h'"):
        yahoo(server).fetch(Series("AAA", Timeframe.FOUR_HOURS))
    assert server.asked == []


def test_an_unknown_ticker_is_refused_in_yahoos_words(server: ReplayServer) -> None:
    with pytest.raises(
        SourceError, match=r"unknown series 'AAAA__1d'; Yahoo answers HTTP 404 .*No data found"
    ) as caught:
        yahoo(server).fetch(Series("AAAA", Timeframe.DAY))
    assert isinstance(caught.value, UnknownNameError)
    with pytest.raises(SourceError, match="unknown series 'aaa__1d'; tickers of Yahoo are in capitals: AAA"):
        yahoo(server).fetch(Series("aaa", Timeframe.DAY))


def test_a_ticker_without_a_day_is_an_error(server: ReplayServer) -> None:
    words = "Data doesn't exist for startDate = -1356998400, endDate = 1622505600"
    nothing = status(400, {"chart": {"result": None, "error": {"code": "Bad Request", "description": words}}})
    server.trouble(lambda reply: reply, nothing, path=CHART)
    with pytest.raises(SourceError, match="could not deliver AAA__1d: Yahoo has not a single day of it"):
        yahoo(server).fetch(DAYS)


UNAUTHORISED = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
PASSING: dict[str, Trouble] = {
    "429": status(429, b"Too Many Requests", Retry_After="2"),
    "500": status(500),
    "502": status(502, b"<html>Bad Gateway</html>"),
    "down": status(200, b"<html>Will be right back</html>"),
    "half the JSON": truncated,
    "line goes dead": cut,
    "silence in mid-answer": stalled,
    "closed at once": closed,
    "an answer without result": status(200, {"chart": {"result": [], "error": None}}),
}


@pytest.mark.parametrize("trouble", [*PASSING.values(), status(401, UNAUTHORISED)], ids=[*PASSING, "old crumb"])
@pytest.mark.parametrize("request_number", [0, 1])
def test_passing_trouble_costs_nothing_but_time(server: ReplayServer, trouble: Trouble, request_number: int) -> None:
    server.trouble(*[lambda reply: reply] * request_number, trouble, path=CHART)
    np.testing.assert_array_equal(yahoo(server).fetch(DAYS).close, TABLE["Close"])


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_lasting_trouble_is_an_error_that_names_series_and_span(server: ReplayServer, trouble: Trouble) -> None:
    server.trouble(lambda reply: reply, *[trouble] * 30, path=CHART)
    message = (
        "source 'yfinance' could not deliver AAA__1d since 2020-02-03T00:00:00Z: (Yahoo|the server).*asked 3 times"
    )
    with pytest.raises(SourceError, match=message):
        yahoo(server).fetch(DAYS, datetime(2020, 2, 3, tzinfo=UTC))


def test_silence_ends_after_the_time_that_is_given(server: ReplayServer) -> None:
    server.trouble(lambda reply: reply, *[stalled] * 9, path=CHART)
    with pytest.raises(SourceError, match="Yahoo did not answer within 1 s; asked 3 times"):
        yahoo(server).fetch(DAYS)


@pytest.mark.parametrize("code", [400, 403, 422, 451])
def test_a_refusal_is_told_and_not_asked_again(server: ReplayServer, code: int) -> None:
    refusal = status(code, {"chart": {"result": None, "error": {"code": "Bad Request", "description": "not for you"}}})
    server.trouble(lambda reply: reply, *[refusal] * 9, path=CHART)
    with pytest.raises(SourceError, match=r"could not deliver AAA__1d: .*not for you"):
        yahoo(server).fetch(DAYS)
    assert len(server.requests(CHART)) <= 3


def test_prices_come_without_cookie_and_crumb(server: ReplayServer) -> None:
    server.trouble(*[status(429)] * 50, path="getcrumb")
    assert len(yahoo(server).fetch(DAYS)) == 250


def test_a_host_that_is_down_is_an_error() -> None:
    source = YahooEquities(
        clock=SimulatedClock(NOW),
        patience=Patience(attempts=2, sleep=lambda _: None),
        base_url=f"http://127.0.0.1:{free_port()}",
    )
    with pytest.raises(SourceError, match=r"AAA__1d: Yahoo could not be reached .*asked 2 times"):
        source.fetch(DAYS)


def test_two_sources_in_one_process_do_not_ask_each_others_server(server: ReplayServer) -> None:
    with yahoo_server(share_of_walk("BBB", 40)).running() as other:
        first, second = yahoo(server), yahoo(other)
        assert len(first.fetch(DAYS)) == 250
        assert len(second.fetch(Series("BBB", Timeframe.DAY))) == 40
        first.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]  # a simulated clock
        assert len(first.fetch(DAYS)) == 250
        assert all("AAA" not in asked.path for asked in other.asked)


def test_every_calendar_of_the_table_is_known() -> None:
    assert {parse_calendar(name).name for name in CALENDARS.values()} == set(CALENDARS.values())


@pytest.mark.parametrize(("exchange", "calendar"), [("NYQ", "XNYS"), ("LSE", "XLON"), ("GER", "XETR"), ("???", None)])
def test_the_calendar_is_that_of_the_exchange_yahoo_names(exchange: str, calendar: str | None) -> None:
    with yahoo_server(replace(WALK, exchange=exchange)).running() as server:
        assert yahoo(server).calendar(DAYS) == calendar


def test_the_package_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    yfinance.cache_clear()
    monkeypatch.setitem(sys.modules, "yfinance", None)
    with pytest.raises(SourceError, match=r"needs the package yfinance; run pip install 'trimtab\[network\]'"):
        open_source("yfinance").fetch(DAYS)
