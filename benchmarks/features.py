"""Nanoseconds per feature value: trimtab beside a plain copy and beside pandas, in one run.

    python benchmarks/features.py

Bars are simulated random walks: ten instruments of 3,000 rows and one of 250,000. Each family is
computed as a whole. "copy" writes the same number of values from an array into a new one: nothing
that fills a new block can be faster. "pandas" computes the subset in `PEER` with rolling and ewm; trimtab
is timed on the same subset, and the values are checked to be equal before anything is timed. Processor
time (one thread), the best of several rounds, after one round that lets numba compile: other work on the
machine disturbs it least.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from trimtab.bars import Bars
from trimtab.features.catalogue import FAMILY_MODULES, feature_sets
from trimtab.features.engine import compute
from trimtab.market import Series, Timeframe


def random_walk(n: int, seed: int) -> Bars:
    """Bars of a geometric random walk with lognormal volume."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n)))
    open_ = np.concatenate([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.002, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, 0.004, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, 0.004, n)))
    times = np.datetime64("2000-01-01", "us") + np.arange(n) * np.timedelta64(60_000_000, "us")
    return Bars.build(Series(f"W{seed}", Timeframe.MINUTE), times, open_, high, low, close, rng.lognormal(10, 1, n))


PEER: dict[str, Callable[[pd.DataFrame, pd.Series], pd.Series]] = {
    "return_5": lambda f, r: f.close.pct_change(5),
    "sma_distance_20": lambda f, r: f.close / f.close.rolling(20).mean() - 1,
    "sma_distance_200": lambda f, r: f.close / f.close.rolling(200).mean() - 1,
    "price_zscore_60": lambda f, r: (f.close - f.close.rolling(60).mean()) / f.close.rolling(60).std(),
    "volatility_20": lambda f, r: r.rolling(20).std(),
    "realised_volatility_60": lambda f, r: (r**2).rolling(60).mean() ** 0.5,
    "return_mean_20": lambda f, r: r.rolling(20).mean(),
    "return_skew_60": lambda f, r: r.rolling(60).skew(),
    "return_kurtosis_60": lambda f, r: r.rolling(60).kurt(),
    "return_autocorrelation_20": lambda f, r: r.rolling(20).corr(r.shift()),
    "volume_ratio_20": lambda f, r: f.volume / f.volume.rolling(20).mean(),
    "volume_zscore_20": lambda f, r: (f.volume - f.volume.rolling(20).mean()) / f.volume.rolling(20).std(),
    "donchian_position_20": lambda f, r: _donchian(f),
    "drawdown_252": lambda f, r: f.close / f.close.rolling(252).max() - 1,
    "traded_value_percentile": lambda f, r: _percentile(f),
}


def with_pandas(bars: Bars) -> pd.DataFrame:
    """The features of `PEER` by pandas; the log return is computed once, as trimtab does."""
    frame = pd.DataFrame({name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")})
    returns = np.log(frame.close / frame.close.shift())
    return pd.DataFrame({name: function(frame, returns) for name, function in PEER.items()})


def _donchian(f: pd.DataFrame) -> pd.Series:
    top, bottom = f.high.rolling(20).max(), f.low.rolling(20).min()
    return (f.close - bottom) / (top - bottom)


def _percentile(f: pd.DataFrame) -> pd.Series:
    return (((f.high + f.low + f.close) / 3 * f.volume).rolling(252).rank() - 0.5) / 252


def nanoseconds(work: Callable[[], object], values: int, rounds: int) -> float:
    """Best processor time of several rounds, per value."""
    work()
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best / values * 1e9


def measure(title: str, instruments: list[Bars], rounds: int) -> None:
    """Print one table: per family, what a copy and the feature engine cost per value."""
    rows = sum(map(len, instruments))
    print(f"\n{title}: {rows:,} rows\n{'':28}{'features':>9}{'ns/value':>10}{'copy':>8}{'x copy':>8}{'seconds':>9}")
    for family in (*FAMILY_MODULES, "all"):
        names = feature_sets()[family]
        engine = nanoseconds(
            lambda names=names: [compute(bars, names) for bars in instruments], rows * len(names), rounds
        )
        copy = nanoseconds(lambda k=len(names): [_copy(bars, k) for bars in instruments], rows * len(names), rounds)
        seconds = engine * rows * len(names) / 1e9
        print(f"{family:28}{len(names):9}{engine:10.2f}{copy:8.2f}{engine / copy:8.1f}{seconds:9.3f}")
    names = tuple(PEER)
    ours = nanoseconds(lambda: [compute(bars, names) for bars in instruments], rows * len(names), rounds)
    theirs = nanoseconds(lambda: [with_pandas(bars) for bars in instruments], rows * len(names), max(rounds // 3, 1))
    print(f"{'same 15 features, trimtab':28}{len(names):9}{ours:10.2f}")
    print(f"{'same 15 features, pandas':28}{len(names):9}{theirs:10.2f}   {theirs / ours:.0f} times trimtab")


def _copy(bars: Bars, k: int) -> np.ndarray:
    block = np.empty((len(bars), k), order="F")
    for column in range(k):
        block[:, column] = bars.close
    return block


def check_equal(bars: Bars) -> None:
    """Both sides must compute the same thing, or the comparison means nothing."""
    ours, theirs = compute(bars, tuple(PEER)), with_pandas(bars)
    for name in PEER:
        np.testing.assert_allclose(ours.column(name), theirs[name].to_numpy(), rtol=1e-6, atol=1e-7, err_msg=name)


def main() -> None:
    """Check, then measure both shapes."""
    check_equal(random_walk(3_000, seed=99))
    measure("ten instruments of 3,000 rows", [random_walk(3_000, seed) for seed in range(10)], rounds=9)
    measure("one instrument", [random_walk(250_000, seed=50)], rounds=3)


if __name__ == "__main__":
    main()
