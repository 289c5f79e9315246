"""Yahoo's price answers (chart, version 8) on the loopback, from the history of shares as Yahoo shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fakes.bars import random_walk
from fakes.replay import Query, ReplayServer, Reply

CHART = "/v8/finance/chart/"
_DAY = 86_400
_PRICES = ("Open", "High", "Low", "Close")
# What Yahoo says to who wants too much, by interval: days kept, days per request.
_LIMITS = {"1m": (30, 8), "5m": (60, 60), "15m": (60, 60), "1h": (730, 730)}
_WORDS = "{} data not available for startTime={} and endTime={}. The requested range must be within the last {} days."


@dataclass(frozen=True)
class Share:
    """One instrument as Yahoo shows it on one day.

    Attributes
    ----------
    symbol, exchange, zone, currency, kind: as in Yahoo's `meta`.
    bars: by interval, a table indexed by the open of the bar (aware), columns Open, High, Low, Close,
        Adj Close, Volume: adjusted for all splits, before Yahoo rounds them.
    dividends, capital_gains: by ex-date (aware), per share of today.
    splits: by ex-date (aware), new shares and old shares.
    """

    symbol: str
    bars: Mapping[str, pd.DataFrame]
    exchange: str = "NMS"
    zone: str = "America/New_York"
    currency: str = "USD"
    kind: str = "EQUITY"
    dividends: Mapping[pd.Timestamp, float] = field(default_factory=dict)
    capital_gains: Mapping[pd.Timestamp, float] = field(default_factory=dict)
    splits: Mapping[pd.Timestamp, tuple[float, float]] = field(default_factory=dict)

    def after_split(self, ex_date: pd.Timestamp, new: float, old: float = 1.0) -> Share:
        """The same share on the day of another split: everything before it is shown differently."""
        ratio = new / old
        return replace(
            self,
            bars={interval: _divided(table, ex_date, ratio) for interval, table in self.bars.items()},
            dividends={day: round(paid / ratio, 6) if day < ex_date else paid for day, paid in self.dividends.items()},
            splits={**self.splits, ex_date: (new, old)},
        )


def yahoo_server(*shares: Share) -> ReplayServer:
    """Yahoo with these shares and no other."""
    by_symbol = {share.symbol: share for share in shares}

    def answer(path: str, query: Query) -> Reply:
        if path == "/v1/test/getcrumb":
            return Reply(body=b"a.crumb")
        if not path.startswith(CHART):
            return Reply(404, b"<html>not here</html>")
        share = by_symbol.get(path.removeprefix(CHART))
        return _refusal(404, "No data found, symbol may be delisted") if share is None else _chart(share, query)

    return ReplayServer(answer)


def share_of_walk(symbol: str, n: int = 250, start: str = "2020-01-02", **described: Any) -> Share:
    """A share that walked at random on weekdays, without dividends and splits."""
    bars = random_walk(n, instrument=symbol)
    numbers = {name: np.round(getattr(bars, name.lower()), 2) for name in _PRICES}
    days = pd.bdate_range(start, periods=n, tz=described.get("zone", "America/New_York"))
    table = pd.DataFrame({**numbers, "Adj Close": numbers["Close"], "Volume": bars.volume}, index=days)
    return Share(symbol, {"1d": table}, **described)


def share_of_csv(path: Path, symbol: str, **described: Any) -> Share:
    """A share from a table that yfinance has written: Yahoo's own numbers, with dividends and splits."""
    table = pd.read_csv(path, index_col=0)
    table.index = pd.to_datetime(table.index, utc=True).tz_convert(described.get("zone", "America/New_York"))
    columns = {"dividends": "Dividends", "capital_gains": "Capital Gains"}
    paid = {name: table.loc[table[c] > 0, c].to_dict() for name, c in columns.items() if c in table}
    split = {day: (ratio, 1.0) for day, ratio in table.loc[table["Stock Splits"] > 0, "Stock Splits"].items()}
    return Share(symbol, {"1d": table[[*_PRICES, "Adj Close", "Volume"]]}, **described, **paid, splits=split)


def share_of_bars(table: pd.DataFrame, symbol: str, **described: Any) -> Share:
    """A share from daily bars with `ts`, prices, volume and `adj_close`; dividends are read off the last.

    A dividend is where the ratio of adjusted to raw close steps: adj/close grows by 1 / (1 - paid/close before).
    """
    zone = described.get("zone", "America/New_York")
    index = pd.DatetimeIndex(pd.to_datetime(table["ts"]).dt.tz_localize(None)).tz_localize(zone)
    names = {**{name.lower(): name for name in _PRICES}, "adj_close": "Adj Close", "volume": "Volume"}
    bars = table[list(names)].rename(columns=names).set_index(index)
    ratio = (bars["Adj Close"] / bars["Close"]).to_numpy()
    paid = (1 - ratio[:-1] / ratio[1:]) * bars["Close"].to_numpy()[:-1]
    stepped = paid > 2e-4 * bars["Close"].to_numpy()[:-1]
    return Share(
        symbol,
        {"1d": bars},
        dividends=dict(zip(index[1:][stepped], np.round(paid[stepped], 6), strict=True)),
        **described,
    )


def _chart(share: Share, query: Query) -> Reply:
    interval = query["interval"]
    table = share.bars.get(interval)
    if table is None:
        return _refusal(422, f"Invalid input - interval={interval} is not supported.")
    now = int(max(each.index[-1].timestamp() for each in share.bars.values())) + _DAY
    latest = int(table.index[-1].timestamp())
    first, last = int(query.get("period1", latest - 5 * _DAY)), int(query.get("period2", now))
    kept, per_request = _LIMITS.get(interval, (10**6, 10**6))
    if first < now - kept * _DAY or min(last, now) - first > per_request * _DAY:
        return _refusal(422, _WORDS.format(interval, first, last, kept))
    opens = _seconds(table.index)
    # The opening minute of the session, as Yahoo stamps its days, is half past nine in New York.
    shown = opens + (34_200 if interval == "1d" else 0)
    inside = (shown >= first) & (shown < last)
    if not inside.any():
        return _refusal(400, f"Data doesn't exist for startDate = {first}, endDate = {last}")
    return Reply(
        body={"chart": {"result": [_result(share, interval, table[inside], shown[inside], first, last)], "error": None}}
    )


def _result(
    share: Share, interval: str, table: pd.DataFrame, shown: np.ndarray, first: int, last: int
) -> dict[str, Any]:
    quote = {name.lower(): _numbers(_shown(table[name])) for name in _PRICES}
    quote["volume"] = _numbers(table["Volume"].round())
    indicators: dict[str, Any] = {"quote": [quote]}
    if interval == "1d":
        indicators["adjclose"] = [{"adjclose": _numbers(table["Adj Close"])}]
    return {
        "meta": {
            "currency": share.currency,
            "symbol": share.symbol,
            "exchangeName": share.exchange,
            "instrumentType": share.kind,
            "firstTradeDate": int(shown[0]),
            "regularMarketTime": int(shown[-1]),
            "gmtoffset": int(table.index[-1].utcoffset().total_seconds()),
            "timezone": table.index[-1].tzname(),
            "exchangeTimezoneName": share.zone,
            "priceHint": 2,
            "dataGranularity": interval,
            "currentTradingPeriod": _trading_period(table.index[-1]),
            "tradingPeriods": [[_trading_period(day)["regular"]] for day in table.index.normalize().unique()],
            "validRanges": ["1d", "5d", "1mo", "max"],
        },
        "timestamp": [int(second) for second in shown],
        "events": _events(share, first, last),
        "indicators": indicators,
    }


def _events(share: Share, first: int, last: int) -> dict[str, Any]:
    def told(days: Mapping[pd.Timestamp, Any]) -> dict[int, Any]:
        seconds = {int(day.timestamp()) + 34_200: value for day, value in days.items()}
        return {second: value for second, value in seconds.items() if first <= second < last}

    return {
        "dividends": {str(s): {"amount": paid, "date": s} for s, paid in told(share.dividends).items()},
        "capitalGains": {str(s): {"amount": paid, "date": s} for s, paid in told(share.capital_gains).items()},
        "splits": {
            str(s): {"date": s, "numerator": new, "denominator": old, "splitRatio": f"{new:g}:{old:g}"}
            for s, (new, old) in told(share.splits).items()
        },
    }


def _trading_period(day: pd.Timestamp) -> dict[str, Any]:
    midnight = int(day.normalize().timestamp())
    hours = {"timezone": day.tzname(), "start": midnight + 34_200, "end": midnight + 57_600, "gmtoffset": 0}
    return {"pre": hours, "regular": hours, "post": hours}


def _refusal(status: int, words: str) -> Reply:
    code = re.sub(r"^4..$", "Bad Request", str(status)) if status != 404 else "Not Found"
    return Reply(status, {"chart": {"result": None, "error": {"code": code, "description": words}}})


def _divided(table: pd.DataFrame, ex_date: pd.Timestamp, ratio: float) -> pd.DataFrame:
    before = table.index < ex_date
    divided = table.astype(dict.fromkeys((*_PRICES, "Volume"), float))
    divided.loc[before, list(_PRICES)] /= ratio
    divided.loc[before, "Volume"] *= ratio
    return divided


def _shown(prices: pd.Series) -> pd.Series:
    """As Yahoo shows them: rounded to six decimals and kept in single precision."""
    return prices.round(6).astype(np.float32).astype(float)


def _seconds(index: Any) -> np.ndarray:
    seconds: np.ndarray = index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    return seconds


def _numbers(column: pd.Series) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in column.to_numpy(float)]
