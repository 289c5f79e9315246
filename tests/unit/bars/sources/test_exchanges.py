"""A crypto exchange asked by the real ccxt, answered by a server on the loopback that has Binance's words and whims."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fakes.exchange_server import UNKNOWN_SYMBOL, RecordedExchange, made_binance, random_hours
from fakes.replay import ReplayServer, Reply, Trouble, closed, cut, stalled, status, truncated
from fakes.servers import free_port

from trimtab.bars import Bars
from trimtab.bars.sources import SourceOptions, open_source
from trimtab.bars.sources.asking import NoAnswerError, Patience
from trimtab.bars.sources.exchanges import CryptoExchange, _as_rows
from trimtab.bars.sources.protocol import UnknownSeriesError
from trimtab.clock import SimulatedClock
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.market import Series, Timeframe

HOURS = Series("BTC-USDT", Timeframe.HOUR)
DAYS = Series("BTC-USDT", Timeframe.DAY)
START = datetime(2020, 5, 1, tzinfo=UTC)
MADE = random_hours(2_500)
END = START + timedelta(hours=2_500)
KLINES = "/api/v3/klines"


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with made_binance(MADE).server().running() as running:
        yield running


def exchange(server: ReplayServer, now: datetime = END, **options: Any) -> CryptoExchange:
    waits: list[float] = []
    patience = Patience(attempts=3, sleep=waits.append, chance=lambda: 1.0)
    settings = {"clock": SimulatedClock(now), "timeout_seconds": 1.0, "patience": patience, "base_url": server.url}
    return CryptoExchange("binance", **{**settings, **options})


def waits(source: CryptoExchange) -> list[float]:
    return source.patience.sleep.__self__  # type: ignore[attr-defined,no-any-return]  # the list that collects them


def assert_equal(bars: Bars, rows: np.ndarray) -> None:
    np.testing.assert_array_equal(bars.event_time.astype("datetime64[ms]").astype(np.int64), rows[:, 0])
    for column, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        np.testing.assert_array_equal(getattr(bars, name), rows[:, column], err_msg=name)


def test_a_history_of_three_pages_is_whole(server: ReplayServer) -> None:
    bars = exchange(server).fetch(HOURS, START)
    assert_equal(bars, MADE)
    assert len(server.requests(KLINES)) == 3
    assert (bars.factor == 1.0).all()


def test_history_begins_with_the_first_bar_when_nobody_says_where(server: ReplayServer) -> None:
    assert_equal(exchange(server).fetch(HOURS), MADE)


def test_history_begins_where_the_options_say(server: ReplayServer) -> None:
    source = exchange(server, start=START + timedelta(hours=2_400))
    assert_equal(source.fetch(HOURS), MADE[2_400:])
    assert_equal(source.fetch(HOURS, START + timedelta(hours=2_300)), MADE[2_300:])


def test_a_market_listed_after_the_asked_date_is_delivered_from_its_listing(server: ReplayServer) -> None:
    assert_equal(exchange(server).fetch(HOURS, datetime(2015, 1, 1, tzinfo=UTC)), MADE)


def test_both_ends_of_the_span_are_included(server: ReplayServer) -> None:
    bars = exchange(server).fetch(HOURS, START + timedelta(hours=5), START + timedelta(hours=9))
    assert_equal(bars, MADE[5:10])


def test_days_are_the_days_of_the_exchange(server: ReplayServer) -> None:
    bars = exchange(server).fetch(DAYS, START)
    first = MADE[:24]
    assert bars.event_time[0] == np.datetime64("2020-05-01")
    assert (bars.open[0], bars.high[0], bars.close[0]) == (first[0, 1], first[:, 2].max(), first[-1, 4])


def test_an_update_of_the_last_bars_is_one_request(server: ReplayServer) -> None:
    source = exchange(server)
    source.fetch(HOURS, END - timedelta(hours=10))
    before = len(server.asked)
    source.fetch(HOURS, END - timedelta(hours=6))
    assert len(server.asked) - before == 1


@pytest.mark.parametrize(
    ("now", "lag", "n_bars"),
    [
        (START + timedelta(hours=10), timedelta(0), 10),
        (START + timedelta(hours=10, minutes=59), timedelta(0), 10),
        (START + timedelta(hours=10, minutes=1), timedelta(minutes=2), 9),
    ],
)
def test_an_unfinished_or_unpublished_bar_is_not_delivered(
    server: ReplayServer, now: datetime, lag: timedelta, n_bars: int
) -> None:
    bars = exchange(server, now, publication_lag=lag).fetch(HOURS, START)
    assert_equal(bars, MADE[:n_bars])
    assert (bars.known_time == bars.event_time + np.timedelta64(1, "h") + np.timedelta64(lag)).all()


def test_an_outage_of_the_exchange_stays_a_gap() -> None:
    kept = np.r_[MADE[:400], MADE[434:]]
    with made_binance(kept).server().running() as server:
        assert_equal(exchange(server).fetch(HOURS, START), kept)


def test_a_silence_of_months_is_crossed() -> None:
    later = random_hours(50, "2021-03-01")
    with made_binance(np.r_[MADE[:100], later]).server().running() as server:
        source = exchange(server, datetime(2021, 4, 1, tzinfo=UTC))
        assert_equal(source.fetch(HOURS, START), np.r_[MADE[:100], later])
        assert len(server.asked) < 15


# What passes: the question is asked again and the answer is whole.
PASSING: dict[str, Trouble] = {
    "429": status(429, {"code": -1003, "msg": "Too many requests."}),
    "418": status(418, {"code": -1003, "msg": "Way too many requests."}, Retry_After="2"),
    "500": status(500),
    "502": status(502, b"<html>Bad Gateway</html>"),
    "503": status(503, {"msg": "maintenance"}),
    "maintenance page": status(200, b"<html>we will be back</html>"),
    "half the JSON": truncated,
    "line goes dead": cut,
    "silence in mid-page": stalled,
    "closed at once": closed,
    "an empty page": status(200, []),
}
# What stays: asking again does not help and is not done.
REFUSED: dict[str, Trouble] = {
    "400": status(400, UNKNOWN_SYMBOL),
    "403": status(403, {"msg": "forbidden"}),
    "451": status(451, {"code": 0, "msg": "Service unavailable from a restricted location"}),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("page", [0, 1, 2])
def test_passing_trouble_on_any_page_costs_nothing_but_time(server: ReplayServer, trouble: Trouble, page: int) -> None:
    source = exchange(server)
    assert source.markets
    server.trouble(*[lambda reply: reply] * page, trouble, path=KLINES)
    assert_equal(source.fetch(HOURS, START), MADE)


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_lasting_trouble_in_mid_history_is_an_error_that_names_series_and_span(
    server: ReplayServer, trouble: Trouble
) -> None:
    server.trouble(lambda reply: reply, *[trouble] * 20, path=KLINES)
    message = "source 'ccxt' could not deliver BTC-USDT__1h of binance since 2020-05-01T00:00:00Z: .*asked 3 times"
    with pytest.raises(SourceError, match=message):
        exchange(server).fetch(HOURS, START)


def test_an_answer_that_breaks_off_is_told_as_that(server: ReplayServer) -> None:
    server.trouble(lambda reply: reply, *[truncated] * 20, path=KLINES)
    with pytest.raises(SourceError, match=r"no whole JSON: .* at the end.*asked 3 times"):
        exchange(server).fetch(HOURS, START)


@pytest.mark.parametrize("trouble", REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_told_in_the_words_of_the_exchange_and_not_asked_again(
    server: ReplayServer, trouble: Trouble
) -> None:
    source = exchange(server)
    server.trouble(trouble, path=KLINES)
    with pytest.raises(SourceError, match=r"BTC-USDT__1h of binance since .*: the exchange answers HTTP 4\d\d .*msg"):
        source.fetch(HOURS, START)
    assert (len(server.requests(KLINES)), waits(source)) == (1, [])


def test_the_wait_that_the_exchange_asks_for_is_kept(server: ReplayServer) -> None:
    source = exchange(server)
    server.trouble(status(429, Retry_After="7"), path=KLINES)
    source.fetch(HOURS, START)
    assert waits(source) == [7.0]


def test_a_ban_of_hours_is_an_error_at_once(server: ReplayServer) -> None:
    source = exchange(server)
    server.trouble(status(418, Retry_After="7200"), path=KLINES)
    with pytest.raises(SourceError, match=r"HTTP 418 .*asks to be left alone for 7200 s; asked once"):
        source.fetch(HOURS, START)
    assert waits(source) == []


def test_trouble_with_the_list_of_markets_is_waited_for_too(server: ReplayServer) -> None:
    server.trouble(status(500), truncated, path="exchangeInfo")
    assert_equal(exchange(server).fetch(HOURS, START), MADE)


def test_an_exchange_that_is_down_is_an_error() -> None:
    dead = CryptoExchange(
        "binance",
        clock=SimulatedClock(END),
        patience=Patience(attempts=2, sleep=lambda _: None),
        base_url=f"http://127.0.0.1:{free_port()}",
    )
    with pytest.raises(SourceError, match=r"BTC-USDT__1h of binance: .*could not be reached .*refused.*asked 2 times"):
        dead.fetch(HOURS)


def test_an_exchange_that_shows_its_latest_bars_whatever_is_asked_is_found_out() -> None:
    made = made_binance(MADE)

    def answer(path: str, query: Any) -> Reply:
        reply = made.answer(path, query)
        if path == KLINES and query["interval"] == "1h":
            reply = Reply(body=made.klines[KLINES, "BTCUSDT", "1h"][-300:])
        return reply

    with ReplayServer(answer).running() as server:
        with pytest.raises(SourceError, match=r"its bars begin at 2020-07-31T16:00:00Z, .*; ask from .* on"):
            exchange(server).fetch(HOURS, START)
        assert_equal(exchange(server).fetch(HOURS, END - timedelta(hours=300)), MADE[-300:])


def test_hours_that_stay_empty_while_days_show_trade_are_an_error(server: ReplayServer) -> None:
    right = server.answer

    def answer(path: str, query: Any) -> Reply:
        is_late = query.get("interval") == "1h" and int(query["startTime"]) > MADE[900, 0]
        return Reply(body=[]) if is_late else right(path, query)

    server.answer = answer
    with pytest.raises(SourceError, match=r"its page from 2020-06-11T16:00:00Z is empty, though other bars show trade"):
        exchange(server).fetch(HOURS, START)


def test_bars_of_a_page_may_come_in_any_order_and_twice() -> None:
    made = made_binance(MADE)

    def answer(path: str, query: Any) -> Reply:
        reply = made.answer(path, query)
        return Reply(body=[*reply.body[::-1], *reply.body[:7]]) if path == KLINES else reply

    with ReplayServer(answer).running() as server:
        assert_equal(exchange(server).fetch(HOURS, START), MADE)


def test_two_bars_that_contradict_each_other_are_both_delivered_to_the_checks() -> None:
    made = made_binance(MADE[:10])
    key = (KLINES, "BTCUSDT", "1h")
    other = [made.klines[key][3][0], *["1.00000000"] * 5, *made.klines[key][3][6:]]
    doubled = RecordedExchange(
        made.documents, {**made.klines, key: [*made.klines[key][:4], other, *made.klines[key][4:]]}
    )
    with doubled.server().running() as server:
        bars = exchange(server).fetch(HOURS, START)
    assert len(bars) == 11
    assert (bars.event_time == np.datetime64("2020-05-01T03:00")).sum() == 2


@pytest.mark.parametrize("body", [{}, {"result": None}, [["x"]], [1, 2, 3], "bars", [[None, 1, 1, 1, 1, 1]]])
def test_json_of_another_shape_never_becomes_bars(server: ReplayServer, body: Any) -> None:
    server.trouble(lambda reply: reply, *[status(200, body)] * 20, path=KLINES)
    with pytest.raises(SourceError, match="BTC-USDT__1h"):
        exchange(server).fetch(HOURS, START)


@pytest.mark.parametrize("candles", [[[None, 1, 1, 1, 1, 1]], "text", None])
def test_what_is_no_list_of_bars_with_times_is_no_answer(candles: Any) -> None:
    with pytest.raises(NoAnswerError, match="the exchange answers"):
        _as_rows(candles)


def test_a_price_that_is_absent_is_left_for_the_checks() -> None:
    made = made_binance(MADE[:5])
    made.klines[KLINES, "BTCUSDT", "1h"][2][4] = None
    with made.server().running() as server:
        bars = exchange(server).fetch(HOURS, START)
    assert np.isnan(bars.close).tolist() == [False, False, True, False, False]


def test_an_unknown_market_is_refused_with_what_there_is(server: ReplayServer) -> None:
    with pytest.raises(UnknownSeriesError, match=r"unknown series 'BTC-USD__1h'; did you mean 'BTC-USDT__1h'"):
        exchange(server).fetch(Series("BTC-USD", Timeframe.HOUR))
    assert server.requests(KLINES) == []


def test_an_unknown_exchange_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="unknown exchange 'binnance'; did you mean 'binance'"):
        CryptoExchange("binnance").fetch(HOURS)


def test_a_timeframe_that_the_exchange_lacks_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(
        UnknownNameError, match=r"'coinbaseexchange': unknown timeframe '4h'.*allowed: 15m, 1d, 1h, 1m, 5m"
    ):
        CryptoExchange("coinbaseexchange").fetch(Series("BTC-USD", Timeframe.FOUR_HOURS))


def test_an_exchange_without_bars_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'bitflyer' does not publish bars"):
        CryptoExchange("bitflyer").fetch(HOURS)


def test_a_source_without_an_exchange_says_what_it_needs() -> None:
    with pytest.raises(ConfigurationError, match="source 'ccxt' needs an exchange: say which"):
        open_source("ccxt")


def test_the_package_that_is_absent_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(SourceError, match=r"needs the package ccxt; run pip install 'trimtab\[network\]'"):
        open_source("ccxt", SourceOptions(exchange="binance")).fetch(HOURS)


def test_an_address_may_lie_in_a_folder() -> None:
    made = made_binance(MADE[:30])
    with ReplayServer(lambda path, query: made.answer(path.removeprefix("/mirror"), query)).running() as server:
        assert_equal(exchange(server, base_url=f"{server.url}/mirror/").fetch(HOURS, START), MADE[:30])
        assert all(asked.path.startswith("/mirror/") for asked in server.asked)


def test_an_empty_span_is_refused_without_asking_for_bars(server: ReplayServer) -> None:
    with pytest.raises(SourceError, match="has no bars of BTC-USDT__1h since 2100-01-01"):
        exchange(server).fetch(HOURS, datetime(2100, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match=r"ends .* before it starts"):
        exchange(server).fetch(HOURS, END, START)
    assert server.requests(KLINES) == []
