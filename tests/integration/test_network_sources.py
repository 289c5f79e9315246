"""Network sources from the wire to the store: real client libraries, real recordings, a server on the loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fakes.command_line import trimtab_process
from fakes.exchange_server import (
    UNKNOWN_SYMBOL,
    RecordedExchange,
    made_binance,
    random_hours,
    recorded_binance,
    recorded_bitstamp,
)
from fakes.replay import ReplayServer, Reply, Trouble, closed, cut, stalled, status, truncated
from fakes.yahoo_server import Share, share_of_bars, share_of_csv, share_of_walk, yahoo_server

from trimtab.bars import Bars
from trimtab.bars.actions.adjust import adjust
from trimtab.bars.ingest import IngestReport, ingest
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.sources.asking import Patience
from trimtab.bars.sources.exchanges import CryptoExchange
from trimtab.bars.sources.protocol import BarSource
from trimtab.bars.sources.yahoo import YahooEquities
from trimtab.bars.store import BarStore
from trimtab.clock import SimulatedClock
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake

HOURS, DAYS = Series("BTC-USDT", Timeframe.HOUR), Series("BTC-USDT", Timeframe.DAY)
FIRST, LAST = datetime(2020, 4, 30, 21, tzinfo=UTC), datetime(2020, 7, 1, 3, tzinfo=UTC)
KLINES, CHART = "klines", "/v8/finance/chart/"
AT_ONCE = Patience(attempts=3, sleep=lambda _: None)

TROUBLES: dict[str, Trouble] = {
    "429": status(429, {"code": -1003, "msg": "Too many requests."}, Retry_After="7"),
    "418": status(418, Retry_After="3"),
    "418 for hours": status(418, Retry_After="7200"),
    "500": status(500),
    "502": status(502, b"<html>Bad Gateway</html>"),
    "maintenance page": status(200, b"<html>back soon</html>"),
    "silence in mid-page": stalled,
    "line goes dead": cut,
    "half the JSON": truncated,
    "closed at once": closed,
    "an empty page": status(200, []),
    "an empty object": status(200, {}),
    "unknown symbol": status(400, UNKNOWN_SYMBOL),
    "not from your country": status(451, {"code": 0, "msg": "restricted location"}),
}


@pytest.fixture(scope="session")
def binance(shared_data: Path) -> RecordedExchange:
    return recorded_binance(shared_data / "exchange_fixtures" / "binance")


@pytest.fixture
def replayed(binance: RecordedExchange) -> Iterator[ReplayServer]:
    with binance.server().running() as server:
        yield server


@pytest.fixture
def made() -> Iterator[ReplayServer]:
    with made_binance(random_hours(1_600)).server().running() as server:
        yield server


def exchange(
    server: ReplayServer, clock: SimulatedClock, exchange_id: str = "binance", **options: Any
) -> CryptoExchange:
    limits = {"timeout_seconds": 1.0, "patience": AT_ONCE, **options}
    return CryptoExchange(exchange_id, clock=clock, base_url=server.url, **limits)


def yahoo(server: ReplayServer, clock: SimulatedClock) -> YahooEquities:
    return YahooEquities(clock=clock, timeout_seconds=2.0, patience=AT_ONCE, base_url=server.url)


def store(lake: Lake, source: BarSource, series: Series, clock: SimulatedClock, **span: Any) -> IngestReport:
    return ingest(source, series, BarStore(lake), Quarantine(lake), clock, **span)


def real(folder: Path, file: str, symbol: str, first: datetime, last: datetime) -> pd.DataFrame:
    table = pd.read_parquet(folder / file, filters=[("symbol", "==", symbol)])
    return table[(table["ts"] >= first) & (table["ts"] <= last)].reset_index(drop=True)


def assert_bar_by_bar(bars: Bars, table: pd.DataFrame) -> None:
    times = table["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    np.testing.assert_array_equal(bars.event_time, times)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, name), table[name].to_numpy(), err_msg=name)


def test_the_recorded_hours_of_binance_are_stored_bar_by_bar(
    replayed: ReplayServer, shared_data: Path, lake: Lake, clock: SimulatedClock
) -> None:
    report = store(lake, exchange(replayed, clock), HOURS, clock, since=FIRST, until=LAST)
    expected = real(shared_data, "crypto_1h.parquet", "BTC/USDT", FIRST, LAST)
    assert len(expected) > 1_400
    assert_bar_by_bar(BarStore(lake).current(HOURS), expected)
    assert (report.new, report.quarantined) == (len(expected), 0)


def test_the_recorded_days_of_binance_are_stored_bar_by_bar(
    replayed: ReplayServer, shared_data: Path, lake: Lake, clock: SimulatedClock
) -> None:
    span = datetime(2019, 1, 1, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC)
    store(lake, exchange(replayed, clock), DAYS, clock, since=span[0], until=span[1])
    expected = real(shared_data, "crypto_1d.parquet", "BTC/USDT", *span)
    assert len(expected) == 365
    assert_bar_by_bar(BarStore(lake).current(DAYS), expected)


def test_a_recorded_perpetual_is_another_market_than_the_spot(replayed: ReplayServer, clock: SimulatedClock) -> None:
    since, until = datetime(2020, 10, 16, 2, tzinfo=UTC), datetime(2020, 10, 16, 3, 30, tzinfo=UTC)
    future = exchange(replayed, clock).fetch(Series("LTC-USDT_USDT", Timeframe.FIVE_MINUTES), since, until)
    assert len(future) > 10
    assert replayed.requests(KLINES)[-1].path == "/fapi/v1/klines"


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_after_any_trouble_all_is_stored_or_nothing_and_the_next_ingest_completes_it(
    replayed: ReplayServer, shared_data: Path, lake: Lake, clock: SimulatedClock, trouble: Trouble, page: int
) -> None:
    expected = real(shared_data, "crypto_1h.parquet", "BTC/USDT", FIRST, LAST)
    source = exchange(replayed, clock)
    replayed.trouble(*[lambda reply: reply] * page, trouble, path=KLINES)
    try:
        store(lake, source, HOURS, clock, since=FIRST, until=LAST)
    except SourceError as error:
        assert "BTC-USDT__1h of binance since 2020-04-30T21:00:00Z until 2020-07-01T03:00:00Z" in str(error)
        assert len(BarStore(lake).current(HOURS)) == 0
        store(lake, source, HOURS, clock, since=FIRST, until=LAST)
    assert_bar_by_bar(BarStore(lake).current(HOURS), expected)


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_lasting_trouble_stores_nothing_at_all(
    made: ReplayServer, lake: Lake, clock: SimulatedClock, trouble: Trouble
) -> None:
    made.trouble(lambda reply: reply, *[trouble] * 30, path=KLINES)
    with pytest.raises(SourceError, match="could not deliver BTC-USDT__1h of binance"):
        store(lake, exchange(made, clock), HOURS, clock, since=datetime(2020, 5, 1, tzinfo=UTC))
    assert BarStore(lake).series() == []
    assert Quarantine(lake).list(HOURS) == []


def test_an_update_asks_for_the_last_bars_only_and_sees_what_was_revised(
    made: ReplayServer, lake: Lake, clock: SimulatedClock
) -> None:
    clock.time = datetime(2020, 6, 20, tzinfo=UTC)
    store(lake, exchange(made, clock), HOURS, clock)
    revised = random_hours(1_600)
    revised[1_198, 5] += 1.0  # the volume of the last but one bar
    made.answer = made_binance(revised).answer
    clock.time = datetime(2020, 6, 20, 3, 30, tzinfo=UTC)
    report = store(lake, exchange(made, clock), HOURS, clock)
    assert (report.fetched, report.new, report.restated, report.unchanged) == (9, 3, 1, 5)
    assert [int(asked.query["startTime"]) for asked in made.requests(KLINES)[-1:]] == [int(revised[1_194, 0])]
    assert len(BarStore(lake).current(HOURS)) == 1_203


def test_the_recorded_days_of_bitstamp_are_delivered_as_recorded(
    shared_data: Path, lake: Lake, clock: SimulatedClock
) -> None:
    folder = shared_data / "exchange_fixtures" / "bitstamp"
    recorded = json.loads((folder / "0004.json").read_text())["data"]["ohlc"]
    rows = sorted(recorded, key=lambda row: int(row["timestamp"]))
    series = Series("BTC-USD", Timeframe.DAY)
    with recorded_bitstamp(folder).running() as server:
        span = {"since": datetime(2017, 4, 8, tzinfo=UTC), "until": datetime(2020, 1, 1, tzinfo=UTC)}
        store(lake, exchange(server, clock, "bitstamp"), series, clock, **span)
    bars = BarStore(lake).current(series)
    np.testing.assert_array_equal(
        bars.event_time.astype("datetime64[s]").astype(int), [int(r["timestamp"]) for r in rows]
    )
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(bars, name), [float(row[name]) for row in rows], err_msg=name)


COINBASE = {
    "/currencies": [{"id": each, "name": each, "status": "online", "details": {}} for each in ("BTC", "USDT")],
    "/products": [
        {"id": "BTC-USDT", "base_currency": "BTC", "quote_currency": "USDT", "quote_increment": "0.01", "status": "online",
         "base_increment": "0.00000001", "min_market_funds": "1", "trading_disabled": False, "margin_enabled": False},
    ],
}  # fmt: skip
BITSTAMP = {
    "/api/v2/markets/": [
        {"name": "BTC/USDT", "market_symbol": "btcusdt", "base_currency": "BTC", "counter_currency": "USDT", "trading": "Enabled",
         "market_type": "SPOT", "base_decimals": 8, "counter_decimals": 2, "minimum_order_value": "10", "description": "Bitcoin / Tether"},
    ],
}  # fmt: skip


@pytest.mark.parametrize(("exchange_id", "markets"), [("coinbaseexchange", COINBASE), ("bitstamp", BITSTAMP)])
def test_every_exchange_has_its_own_order_of_columns_and_ours_is_one(
    shared_data: Path, clock: SimulatedClock, exchange_id: str, markets: dict[str, Any]
) -> None:
    document = json.loads((shared_data / "exchange_fixtures" / "ccxt" / f"{exchange_id}.json").read_text())
    triple = document["methods"]["fetchOHLCV"][0]

    def answer(path: str, _: Any) -> Reply:
        return Reply(body=markets.get(path, triple["httpResponse"]))

    time = datetime.fromtimestamp(triple["parsedResponse"][0][0] / 1000, UTC)
    clock.time = datetime(2024, 4, 1, tzinfo=UTC)
    with ReplayServer(answer).running() as server:
        bars = exchange(server, clock, exchange_id).fetch(HOURS, time, time)
    row = [float(getattr(bars, name)[0]) for name in ("open", "high", "low", "close", "volume")]
    assert row == triple["parsedResponse"][0][1:]


# Splits within 2005-2016 of shares whose table is adjusted for them.
SPLITS = {
    "AAPL": {"2005-02-28": (2, 1), "2014-06-09": (7, 1)},
    "KO": {"2012-08-13": (2, 1)},
    "SBUX": {"2005-10-24": (2, 1), "2015-04-09": (2, 1)},
    "IBM": {},
}  # fmt: skip


def real_share(folder: Path, symbol: str) -> Share:
    table = pd.read_parquet(folder / "equities_daily.parquet", filters=[("symbol", "==", symbol)])
    splits = {pd.Timestamp(day, tz="America/New_York"): ratio for day, ratio in SPLITS[symbol].items()}
    return share_of_bars(table, symbol, splits=splits)


def test_apple_is_stored_at_the_prices_of_its_day(shared_data: Path, lake: Lake, clock: SimulatedClock) -> None:
    series = Series("AAPL", Timeframe.DAY)
    with yahoo_server(real_share(shared_data, "AAPL")).running() as server:
        report = store(lake, yahoo(server, clock), series, clock)
    bars = BarStore(lake).current(series)
    close = dict(zip(bars.event_time.astype("datetime64[D]").astype(str), bars.close, strict=True))
    # As the exchange closed: the days before and after seven shares were made of one, and of two in 2005.
    assert [close[day] for day in ("2014-06-05", "2014-06-06", "2014-06-09")] == [647.35, 645.57, 93.7]
    assert [close[day] for day in ("2005-02-25", "2005-02-28")] == [88.99, 44.86]
    assert report.calendar == "XNYS"
    # Prices of before are whole cents again, nearly all of them.
    assert (np.abs(bars.close * 100 - np.round(bars.close * 100)) < 1e-6).mean() > 0.99


@pytest.mark.parametrize("symbol", SPLITS)
def test_the_total_return_of_real_shares_is_yahoos_adjusted_close(
    shared_data: Path, clock: SimulatedClock, symbol: str
) -> None:
    share, series = real_share(shared_data, symbol), Series(symbol, Timeframe.DAY)
    with yahoo_server(share).running() as server:
        source = yahoo(server, clock)
        bars = adjust(source.fetch(series), source.actions(series), "total_return").adjusted()
    adjusted = share.bars["1d"]["Adj Close"].to_numpy()
    # Dividends before the splits of later years are known to five digits; Yahoo's factor ends at the last bar.
    np.testing.assert_allclose(bars.close / bars.close[-1], adjusted / adjusted[-1], rtol=2e-4)


@pytest.mark.parametrize(
    ("file", "zone", "exchange_code"),
    [
        ("CALM-1d-no-bad-divs", "America/New_York", "NMS"),
        ("EWG-1d-no-bad-divs", "America/New_York", "PCX"),
        ("IBE-MC-1d-no-bad-divs", "Europe/Madrid", "MCE"),
        ("KMR-L-1d-no-bad-divs", "Europe/London", "LSE"),
        ("HSBK-IL-1d-no-bad-divs", "Europe/London", "IOB"),
    ],
)
def test_the_total_return_of_yahoos_own_answers_is_its_adjusted_close(
    shared_data: Path, clock: SimulatedClock, file: str, zone: str, exchange_code: str
) -> None:
    clock.time = datetime(2030, 1, 1, tzinfo=UTC)
    symbol = file.removesuffix("-1d-no-bad-divs").replace("-", ".")
    path = shared_data / "dirty" / "yfinance_repair" / f"{file}.csv"
    share, series = share_of_csv(path, symbol, zone=zone, exchange=exchange_code), Series(symbol, Timeframe.DAY)
    with yahoo_server(share).running() as server:
        source = yahoo(server, clock)
        bars = adjust(source.fetch(series), source.actions(series), "total_return").adjusted()
    adjusted = share.bars["1d"]["Adj Close"].to_numpy()
    assert len(source.actions(series)) > 2
    np.testing.assert_allclose(bars.close / bars.close[-1], adjusted / adjusted[-1], rtol=2e-4)


def four_for_one(share: Share, ex_date: pd.Timestamp) -> Share:
    """The share as Yahoo shows it after a split that never was: from then on it trades at a quarter."""
    table = share.bars["1d"].astype(dict.fromkeys(("Open", "High", "Low", "Close", "Volume"), float))
    table.loc[table.index >= ex_date, ["Open", "High", "Low", "Close"]] /= 4.0
    table.loc[table.index >= ex_date, "Volume"] *= 4.0
    return replace(share, bars={"1d": table}).after_split(ex_date, 4)


def test_a_later_split_changes_no_stored_price(shared_data: Path, lake: Lake, clock: SimulatedClock) -> None:
    share, series = real_share(shared_data, "AAPL"), Series("AAPL", Timeframe.DAY)
    with yahoo_server(share).running() as server:
        clock.time = datetime(2016, 12, 20, tzinfo=UTC)
        store(lake, yahoo(server, clock), series, clock)
        before = BarStore(lake).current(series)
        split = four_for_one(share, pd.Timestamp("2016-12-22", tz="America/New_York"))
        server.answer = yahoo_server(split).answer
        clock.time = datetime(2016, 12, 31, tzinfo=UTC)
        report = store(lake, yahoo(server, clock), series, clock)
    assert (report.restated, report.readjusted) == (0, 0)
    after = BarStore(lake).current(series)
    np.testing.assert_array_equal(after.close[: len(before)], before.close)
    raw = share.bars["1d"]["Close"].loc["2016-12-20":].to_numpy()
    np.testing.assert_allclose(after.close[-len(raw) :], raw / np.where(np.arange(len(raw)) < 2, 1.0, 4.0), rtol=1e-6)


YAHOO_TROUBLES = {name: trouble for name, trouble in TROUBLES.items() if "empty" not in name and "symbol" not in name}


@pytest.mark.parametrize("trouble", YAHOO_TROUBLES.values(), ids=YAHOO_TROUBLES)
def test_after_any_trouble_with_yahoo_all_is_stored_or_nothing(
    lake: Lake, clock: SimulatedClock, trouble: Trouble
) -> None:
    series, walk = Series("AAA", Timeframe.DAY), share_of_walk("AAA", 300)
    with yahoo_server(replace(walk, dividends={walk.bars["1d"].index[50]: 0.5})).running() as server:
        server.trouble(lambda reply: reply, trouble, path=CHART)
        try:
            store(lake, yahoo(server, clock), series, clock)
        except SourceError:
            assert BarStore(lake).series() == []
            store(lake, yahoo(server, clock), series, clock)
        assert len(BarStore(lake).current(series)) == 300
        server.trouble(*[trouble] * 60, path=CHART)
        with pytest.raises(SourceError, match=r"source 'yfinance' .*AAA__1d"):
            store(lake, yahoo(server, clock), series, clock)
        assert len(BarStore(lake).current(series)) == 300


@pytest.mark.slow
def test_the_command_line_ingests_from_an_exchange(
    binance: RecordedExchange, shared_data: Path, tmp_path: Path
) -> None:
    with ExitStack() as servers:
        server = servers.enter_context(binance.server().running())
        environment = {**os.environ, "TRIMTAB_DATA_DIR": str(tmp_path / "data"), "TRIMTAB_SOURCE_BASE_URL": server.url}
        answer = trimtab_process(
            "bars", "ingest", "--source", "ccxt", "--exchange", "binance", "--instrument", "BTC-USDT", "--timeframe", "1h",
            "--from", "2020-05-01", "--to", "2020-06-30", "--json", environment=environment, folder=tmp_path,
        )  # fmt: skip
    assert answer.code == 0, answer.err
    (row,) = answer.document["series"]
    expected = real(
        shared_data,
        "crypto_1h.parquet",
        "BTC/USDT",
        datetime(2020, 5, 1, tzinfo=UTC),
        datetime(2020, 6, 30, tzinfo=UTC),
    )
    assert (row["instrument_id"], row["new"], row["quarantined"]) == ("BTC-USDT", len(expected), 0)


@pytest.mark.slow
def test_the_command_line_says_in_one_sentence_that_a_source_is_down(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "TRIMTAB_DATA_DIR": str(tmp_path / "data"),
        "TRIMTAB_SOURCE_BASE_URL": "http://127.0.0.1:9",  # the discard port: nobody listens
        "TRIMTAB_NETWORK_ATTEMPTS": "1",
    }
    arguments = ("bars", "ingest", "--instrument", "AAPL", "--timeframe", "1d", "--source")
    for more in (("yfinance",), ("ccxt", "--exchange", "binance")):
        answer = trimtab_process(*arguments, *more, environment=environment, folder=tmp_path)
        assert answer.code == 1
        assert f"source '{more[0]}'" in answer.sentence
        assert "asked once" in answer.sentence
