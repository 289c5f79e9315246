"""Minutes of New York, from its published hours and the time zone alone: no calendar is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from trimtab.bars import Bars
from trimtab.market import Series, Timeframe

NEW_YORK = ZoneInfo("America/New_York")
_TIME = np.dtype("datetime64[us]")


def moment(text: str) -> np.datetime64:
    """A UTC time in the precision of bars."""
    return np.datetime64(text, "us")


def new_york_session(day: str, close: str = "16:00") -> tuple[np.datetime64, np.datetime64]:
    """Open (09:30) and close of a session, UTC."""
    hours = [datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), NEW_YORK) for hour in ("09:30", close)]
    begin, end = (np.datetime64(hour.astimezone(UTC).replace(tzinfo=None), "us") for hour in hours)
    return begin, end


def times_between(spans: list[tuple[np.datetime64, np.datetime64]], minutes: int = 1) -> np.ndarray:
    """Every so many minutes from the first to before the second of each pair."""
    step = np.timedelta64(minutes, "m").astype("timedelta64[us]")
    return np.concatenate([np.arange(begin, end, step) for begin, end in spans]).astype(_TIME)


def intraday_bars(
    times: np.ndarray, timeframe: Timeframe = Timeframe.MINUTE, instrument: str = "AAPL", seed: int = 0
) -> Bars:
    """Bars of a random walk at given times, with whole volumes."""
    rng = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.001, len(times)))), 4)
    open_ = np.concatenate([close[:1], close[:-1]])
    spread = np.abs(rng.normal(0, 0.0005, (2, len(times))))
    high, low = np.maximum(open_, close) * (1 + spread[0]), np.minimum(open_, close) * (1 - spread[1])
    volume = rng.integers(1, 10_000, len(times)).astype(float)
    return Bars.build(Series(instrument, timeframe), times, open_, high, low, close, volume)
