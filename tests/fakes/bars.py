"""Bars for tests, made here so that every number is known."""

from __future__ import annotations

import numpy as np

from trimtab.bars import Bars
from trimtab.market import Series, Timeframe


def bars_from_closes(closes: list[float] | np.ndarray, instrument: str = "AAA", start: str = "2020-01-01") -> Bars:
    """Daily bars with the given closes; open is the previous close, the range spans both."""
    close = np.asarray(closes, dtype=np.float64)
    open_ = np.concatenate([close[:1], close[:-1]])
    times = np.datetime64(start, "us") + np.arange(len(close)) * np.timedelta64(1, "D").astype("timedelta64[us]")
    return Bars.build(
        Series(instrument, Timeframe.DAY),
        times,
        open_,
        np.maximum(open_, close) * 1.001,
        np.minimum(open_, close) * 0.999,
        close,
        np.full(len(close), 1_000.0),
    )


def random_walk(n: int, seed: int = 0, instrument: str = "AAA", start: str = "2020-01-01") -> Bars:
    """Daily bars of a geometric random walk with 1 % volatility and lognormal volume."""
    rng = np.random.default_rng(seed)
    bars = bars_from_closes(100 * np.exp(np.cumsum(rng.normal(0, 0.01, n))), instrument, start)
    spread = np.abs(rng.normal(0, 0.003, n))
    return Bars.build(
        bars.series,
        bars.event_time,
        bars.open,
        bars.high * (1 + spread),
        bars.low * (1 - spread),
        bars.close,
        np.exp(rng.normal(10, 0.4, n)).round(),
    )
