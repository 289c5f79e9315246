"""Exchanges as a client sees them, on the loopback: from their recorded answers, or from bars made here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from fakes.replay import Query, ReplayServer, Reply

Kline = list[Any]  # open time in ms, five numbers as text, and what Binance tells besides
UNKNOWN_SYMBOL = {"code": -1121, "msg": "Invalid symbol."}
STEPS = {"1m": 60_000, "5m": 300_000, "15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "1d": 86_400_000}
_KLINES = ("/api/v3/klines", "/fapi/v1/klines", "/dapi/v1/klines")
_MOST = 1000


@dataclass(frozen=True)
class RecordedExchange:
    """What an exchange would answer: documents by path, klines by (path, symbol, interval), in order of time."""

    documents: dict[str, bytes]
    klines: dict[tuple[str, str, str], list[Kline]]

    def answer(self, path: str, query: Query) -> Reply:
        if path in self.documents:
            return Reply(body=self.documents[path])
        if path not in _KLINES:
            return Reply(404, {"code": -1, "msg": f"nothing recorded at {path}"})
        series = self.klines.get((path, query["symbol"], query["interval"]))
        if series is None:
            known = any(symbol == query["symbol"] for _, symbol, _ in self.klines)
            return Reply(body=[]) if known else Reply(400, UNKNOWN_SYMBOL)
        return Reply(body=_page(series, query))

    def server(self) -> ReplayServer:
        return ReplayServer(self.answer)


def recorded_binance(folder: Path) -> RecordedExchange:
    """The recordings of a folder with its `index.json`; klines of several recordings become one history."""
    documents: dict[str, bytes] = {}
    klines: dict[tuple[str, str, str], dict[int, Kline]] = {}
    for route in json.loads((folder / "index.json").read_text())["routes"]:
        content, query = (folder / route["file"]).read_bytes(), dict(parse_qsl(route["query"]))
        if route["path"] in _KLINES and isinstance(rows := json.loads(content), list):  # some recordings are refusals
            key = (route["path"], query["symbol"], query["interval"])
            klines.setdefault(key, {}).update({row[0]: row for row in rows})
        elif route["path"].endswith("exchangeInfo"):
            documents[route["path"]] = content
    return RecordedExchange(documents, {key: [rows[time] for time in sorted(rows)] for key, rows in klines.items()})


def recorded_bitstamp(folder: Path) -> ReplayServer:
    """The recorded candles of Bitstamp: those of a window from `start`, as it answers who says both ends.

    Its list of markets was recorded under an older address; the same markets are told under today's.
    """
    candles: dict[tuple[str, str], dict[int, Any]] = {}
    markets: list[dict[str, Any]] = []
    for route in json.loads((folder / "index.json").read_text())["routes"]:
        document, query = json.loads((folder / route["file"]).read_bytes()), dict(parse_qsl(route["query"]))
        if "/ohlc/" in route["path"]:
            rows = {int(row["timestamp"]): row for row in document["data"]["ohlc"]}
            candles.setdefault((route["path"], query["step"]), {}).update(rows)
        elif route["path"].endswith("trading-pairs-info/"):
            markets = [_bitstamp_market(pair) for pair in document]

    def answer(path: str, query: Query) -> Reply:
        if path == "/api/v2/markets/":
            return Reply(body=markets)
        rows = candles.get((path, query.get("step", "")), {})
        first, last = int(query["start"]), int(query["end"])
        inside = [rows[time] for time in sorted(rows) if first <= time <= last]
        return Reply(body={"data": {"pair": "BTC/USD", "ohlc": inside[: int(query["limit"])]}})

    return ReplayServer(answer)


def made_binance(hours: np.ndarray, symbol: str = "BTCUSDT") -> RecordedExchange:
    """An exchange with one spot market, made from hourly bars (time in ms, open, high, low, close, volume).

    Its days and weeks are the hours put together.
    """
    history = {"1h": hours, "1d": _longer(hours, 86_400_000, 0), "1w": _longer(hours, 7 * 86_400_000, 4 * 86_400_000)}
    empty = json.dumps({"symbols": []}).encode()
    return RecordedExchange(
        {
            "/api/v3/exchangeInfo": json.dumps({"symbols": [_spot(symbol)]}).encode(),
            "/fapi/v1/exchangeInfo": empty,
            "/dapi/v1/exchangeInfo": empty,
        },
        {("/api/v3/klines", symbol, interval): [_kline(row) for row in rows] for interval, rows in history.items()},
    )


def random_hours(n: int, start: str = "2020-05-01", seed: int = 0) -> np.ndarray:
    """Hourly bars of a random walk with volume: time in ms, open, high, low, close, volume."""
    rng = np.random.default_rng(seed)
    close = np.round(9_000 * np.exp(np.cumsum(rng.normal(0, 0.004, n))), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    times = np.datetime64(start, "ms").astype(np.int64) + np.arange(n) * 3_600_000
    high, low = np.round(np.maximum(open_, close) + 5.0, 2), np.round(np.minimum(open_, close) - 5.0, 2)
    return np.column_stack([times, open_, high, low, close, np.round(rng.lognormal(6, 0.5, n), 3)])


def _bitstamp_market(pair: dict[str, Any]) -> dict[str, Any]:
    base, quote = pair["name"].split("/")
    told = {"market_symbol": pair["url_symbol"], "base_currency": base, "counter_currency": quote}
    return {**pair, **told, "market_type": "SPOT", "minimum_order_value": pair["minimum_order"].split()[0]}


def _page(series: list[Kline], query: Query) -> list[Kline]:
    limit = min(int(query.get("limit", 500)), _MOST)
    end = int(query.get("endTime", 2**53))
    if "startTime" not in query:
        return [row for row in series if row[0] <= end][-limit:]
    return [row for row in series if int(query["startTime"]) <= row[0] <= end][:limit]


def _longer(hours: np.ndarray, step_ms: int, offset_ms: int) -> np.ndarray:
    """Hours put together; weeks are counted from a Monday, four days after 1970-01-01."""
    begins = hours[:, 0] - (hours[:, 0] - offset_ms) % step_ms
    starts = np.flatnonzero(np.r_[True, begins[1:] != begins[:-1]])
    ends = np.r_[starts[1:], len(hours)] - 1
    return np.column_stack(
        [
            begins[starts],
            hours[starts, 1],
            np.maximum.reduceat(hours[:, 2], starts),
            np.minimum.reduceat(hours[:, 3], starts),
            hours[ends, 4],
            np.add.reduceat(hours[:, 5], starts),
        ]
    )


def _kline(row: np.ndarray) -> Kline:
    return [int(row[0]), *(f"{number:.8f}" for number in row[1:]), int(row[0]) + 1, "0", 1, "0", "0", "0"]


def _spot(symbol: str) -> dict[str, Any]:
    base = symbol.removesuffix("USDT")
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [],
        "permissions": ["SPOT"],
    }
