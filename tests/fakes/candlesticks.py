"""Bars on which one candlestick pattern can be learnt within seconds."""

from __future__ import annotations

import numpy as np

from trimtab.bars import Bars
from trimtab.market import Series, Timeframe


def bars_with_doji(n: int, seed: int, instrument: str) -> Bars:
    """Daily bars of like ranges, each with a long body or none: about one in four is a doji."""
    rng = np.random.default_rng(seed)
    body = rng.choice([-1.0, 1.0], n) * np.where(rng.random(n) < 0.25, 0.0, rng.uniform(0.4, 1.0, n))
    open_ = 500.0 + np.cumsum(np.append(0.0, body[:-1])) + rng.normal(0.0, 0.1, n)
    close = open_ + body
    # The range does not tell the body's size: a linear model could see it.
    shadows, share = rng.uniform(1.2, 2.0, n) - np.abs(body), rng.uniform(0.2, 0.8, n)
    times = np.datetime64("2010-01-01", "us") + np.arange(n) * np.timedelta64(86_400_000_000, "us")
    high, low = np.maximum(open_, close) + share * shadows, np.minimum(open_, close) - (1.0 - share) * shadows
    return Bars.build(Series(instrument, Timeframe.DAY), times, open_, high, low, close, rng.uniform(1e3, 2e3, n))
