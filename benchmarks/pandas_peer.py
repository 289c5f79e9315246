"""Features by pandas' rolling and exponential windows, as they are usually written.

Only formulas that pandas computes in compiled code: `rolling.apply` with a Python function is common too
and far slower. What several features need (returns, means, the true range) is computed once, as trimtab
does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from trimtab.bars import Bars

Named = Iterator[tuple[str, pd.Series]]


def with_pandas(bars: Bars) -> dict[str, pd.Series]:
    """Every feature of this file for one instrument, by its name in the catalogue."""
    f = pd.DataFrame({name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")})
    r = pd.Series(np.log(f.close / f.close.shift()))
    parts = (_returns(f, r), _averages(f), _volatility(f, r), _shape(r), _channels(f), _oscillators(f), _volume(f))
    return {name: values for part in parts for name, values in part}


def _returns(f: pd.DataFrame, r: pd.Series) -> Named:
    for n in (1, 2, 3, 5, 10, 20, 60):
        yield f"return_{n}", f.close / f.close.shift(n) - 1
    for n in (5, 20, 60):
        yield f"return_mean_{n}", r.rolling(n).mean()
    for n in (20, 60):
        yield f"return_to_risk_{n}", r.rolling(n).mean() / r.rolling(n).std()


def _averages(f: pd.DataFrame) -> Named:
    means = {n: f.close.rolling(n).mean() for n in (5, 10, 20, 50, 60, 100, 200)}
    for n in (5, 10, 20, 50, 100, 200):
        yield f"sma_distance_{n}", f.close / means[n] - 1
    for n in (5, 10, 20, 50):
        yield f"ema_distance_{n}", f.close / f.close.ewm(span=n, adjust=False).mean() - 1
    for fast, slow in ((5, 20), (20, 50), (50, 200)):
        yield f"sma_ratio_{fast}_{slow}", means[fast] / means[slow] - 1
    for n in (20, 60, 200):
        yield f"price_zscore_{n}", (f.close - means[n]) / f.close.rolling(n).std()
    for n in (20, 50):
        yield f"bollinger_width_{n}", 4 * f.close.rolling(n).std(ddof=0) / means[n]


def _volatility(f: pd.DataFrame, r: pd.Series) -> Named:
    square, log_range = r**2, pd.Series(np.log(f.high / f.low) ** 2)
    for n in (5, 20, 60):
        yield f"volatility_{n}", r.rolling(n).std()
        yield f"realised_volatility_{n}", square.rolling(n).mean() ** 0.5
        yield f"parkinson_volatility_{n}", (log_range.rolling(n).mean() / (4 * np.log(2))) ** 0.5
    before = f.close.shift()
    true_range = pd.Series(np.maximum(f.high, before) - np.minimum(f.low, before))
    for n in (7, 14, 21):
        yield f"atr_{n}", true_range.ewm(alpha=1 / n, adjust=False).mean() / f.close


def _shape(r: pd.Series) -> Named:
    for n in (20, 60):
        yield f"return_skew_{n}", r.rolling(n).skew()
        yield f"return_kurtosis_{n}", r.rolling(n).kurt()
        yield f"return_autocorrelation_{n}", r.rolling(n).corr(r.shift())


def _channels(f: pd.DataFrame) -> Named:
    for n in (20, 55):
        top, bottom = f.high.rolling(n).max(), f.low.rolling(n).min()
        yield f"donchian_position_{n}", (f.close - bottom) / (top - bottom)
        yield f"donchian_width_{n}", (top - bottom) / f.close
    for n in (60, 252):
        yield f"drawdown_{n}", f.close / f.close.rolling(n).max() - 1


def _oscillators(f: pd.DataFrame) -> Named:
    change = f.close.diff()
    for n in (7, 14, 21):
        gain = change.clip(lower=0).ewm(alpha=1 / n, adjust=False).mean()
        loss = (-change).clip(lower=0).ewm(alpha=1 / n, adjust=False).mean()
        yield f"rsi_{n}", 100 * gain / (gain + loss)
    macd = f.close.ewm(span=12, adjust=False).mean() - f.close.ewm(span=26, adjust=False).mean()
    signal = macd.ewm(span=9, adjust=False).mean()
    yield "macd", macd / f.close
    yield "macd_signal", signal / f.close
    yield "macd_histogram", (macd - signal) / f.close
    for n in (14, 28):
        top, bottom = f.high.rolling(n).max(), f.low.rolling(n).min()
        yield f"williams_r_{n}", -100 * (top - f.close) / (top - bottom)


def _volume(f: pd.DataFrame) -> Named:
    typical = (f.high + f.low + f.close) / 3
    value = typical * f.volume
    for n in (5, 20, 60):
        yield f"volume_ratio_{n}", f.volume / f.volume.rolling(n).mean()
        yield f"vwap_distance_{n}", f.close / (value.rolling(n).sum() / f.volume.rolling(n).sum()) - 1
    for n in (20, 60):
        yield f"volume_zscore_{n}", (f.volume - f.volume.rolling(n).mean()) / f.volume.rolling(n).std()
    yield "traded_value_percentile", (value.rolling(252).rank() - 0.5) / 252
    log_range = pd.Series(np.log(f.high / f.low))
    yield "range_to_median_1", log_range / log_range.rolling(252).median()
