"""Features against TA-Lib's recorded values and against independent formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import FeatureBlock, compute
from trimtab.market import Series, Timeframe

EPS = 1e-9


@pytest.fixture(scope="module", params=["SPY", "BTC/USDT"])
def expected(request: pytest.FixtureRequest, shared_data: Path) -> pd.DataFrame:
    table = pd.read_parquet(shared_data / "reference" / "talib_expected.parquet")
    return table[table["symbol"].str.startswith(request.param[:3])].reset_index(drop=True)


@pytest.fixture(scope="module")
def block(expected: pd.DataFrame) -> FeatureBlock:
    times = expected["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    prices = [expected[name] for name in ("open", "high", "low", "close", "volume")]
    return compute(Bars.build(Series("X", Timeframe.DAY), times, *prices), tuple(catalogue()))


TALIB = {
    "rsi_14": lambda e: e.RSI,
    "cci_14": lambda e: e.CCI,
    "mfi_14": lambda e: e.MFI,
    "williams_r_14": lambda e: e.WILLR,
    "adx_14": lambda e: e.ADX,
    "plus_di_14": lambda e: e.PLUS_DI,
    "minus_di_14": lambda e: e.MINUS_DI,
    "ultimate_oscillator": lambda e: e.ULTOSC,
    "atr_14": lambda e: e.ATR / e.close,
    "true_range_pct": lambda e: e.TRANGE / e.close,
    "vortex_14": lambda e: e.VORTEX_plusvi - e.VORTEX_minusvi,
}


@pytest.mark.parametrize("name", TALIB)
def test_the_recorded_values_of_talib_are_met(name: str, block: FeatureBlock, expected: pd.DataFrame) -> None:
    _assert_close(block.column(name), TALIB[name](expected).to_numpy())


PATTERNS = {
    "doji": "CDLDOJI", "hammer": "CDLHAMMER", "shooting_star": "CDLSHOOTINGSTAR", "morning_star": "CDLMORNINGSTAR",
    "evening_star": "CDLEVENINGSTAR", "three_white_soldiers": "CDL3WHITESOLDIERS",
    "three_black_crows": "CDL3BLACKCROWS", "harami": "CDLHARAMI", "piercing_line": "CDLPIERCING",
    "dark_cloud_cover": "CDLDARKCLOUDCOVER", "marubozu": "CDLMARUBOZU",
}  # fmt: skip


@pytest.mark.parametrize("name", PATTERNS)
def test_the_patterns_are_those_of_talib(name: str, block: FeatureBlock, expected: pd.DataFrame) -> None:
    found, lookback = block.column(name), catalogue()[name].lookback
    np.testing.assert_array_equal(found[lookback:], np.sign(expected[PATTERNS[name]].to_numpy()[lookback:]))


def test_engulfing_is_told_apart_by_direction(block: FeatureBlock, expected: pd.DataFrame) -> None:
    both = block.column("bullish_engulfing") + block.column("bearish_engulfing")
    np.testing.assert_array_equal(both[2:], np.sign(expected["CDLENGULFING"].to_numpy()[2:]))


@pytest.fixture(scope="module")
def walk() -> tuple[Bars, FeatureBlock, pd.DataFrame]:
    bars = random_walk(700, seed=4)
    frame = pd.DataFrame({name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")})
    return bars, compute(bars, tuple(catalogue())), frame


def _live_talib(f: pd.DataFrame) -> dict[str, np.ndarray]:
    c, h, low, v = (f[name].to_numpy() for name in ("close", "high", "low", "volume"))
    line, signal, histogram = talib.MACD(c, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(c, 20, 2.0, 2.0)
    down, up = talib.AROON(h, low, 25)
    slow_k, slow_d = talib.STOCH(h, low, c, 14, 3, 0, 3, 0)
    mean_volume = f["volume"].rolling(20).mean().to_numpy()
    return {
        **{f"sma_distance_{n}": c / talib.SMA(c, n) - 1 for n in (5, 20, 200)},
        **{f"ema_distance_{n}": c / talib.EMA(c, n) - 1 for n in (5, 20, 200)},
        **{f"wma_distance_{n}": c / talib.WMA(c, n) - 1 for n in (5, 20, 200)},
        **{f"slope_{n}": talib.LINEARREG_SLOPE(c, n) / talib.SMA(c, n) for n in (10, 60)},
        "macd": line / c,
        "macd_signal": signal / c,
        "macd_histogram": histogram / c,
        "bollinger_position_20": (c - lower) / (upper - lower),
        "bollinger_width_20": (upper - lower) / middle,
        "aroon_up_25": up,
        "aroon_down_25": down,
        "aroon_oscillator_25": talib.AROONOSC(h, low, 25),
        "stochastic_slow_k": slow_k,
        "stochastic_slow_d": slow_d,
        "trix_15": talib.TRIX(c, 15),
        "roc_12": talib.ROC(c, 12),
        "momentum_10": talib.MOM(c, 10) / talib.ATR(h, low, c, 14),
        "chaikin_oscillator": talib.ADOSC(h, low, c, v, 3, 10) / mean_volume,
        "obv_change_20": pd.Series(talib.OBV(c, v)).diff(20).to_numpy() / (20 * mean_volume),
    }


def _live_pandas(f: pd.DataFrame) -> dict[str, pd.Series]:
    r = np.log(f.close / f.close.shift())
    tp = (f.high + f.low + f.close) / 3
    hl2, co2 = np.log(f.high / f.low) ** 2, np.log(f.close / f.open) ** 2
    simple = f.close.pct_change()
    top, bottom = f.high.rolling(20).max(), f.low.rolling(20).min()
    location = ((f.close - f.low) - (f.high - f.close)) / (f.high - f.low)
    middle = {n: (f.high.rolling(n).max() + f.low.rolling(n).min()) / 2 for n in (9, 26, 52)}
    up = np.sign(f.close.diff()).where(f.close.diff().notna())
    falls = r.clip(upper=0) ** 2
    return {
        "return_5": f.close.pct_change(5),
        "return_lag_3": simple.shift(3),
        "log_return_20": np.log(f.close / f.close.shift(20)),
        "gap": f.open / f.close.shift() - 1,
        "volatility_20": r.rolling(20).std(),
        "realised_volatility_20": (r**2).rolling(20).mean() ** 0.5,
        "parkinson_volatility_20": (hl2.rolling(20).mean() / (4 * np.log(2))) ** 0.5,
        "garman_klass_volatility_20": (hl2 / 2 - (2 * np.log(2) - 1) * co2).rolling(20).mean() ** 0.5,
        "yang_zhang_volatility_20": _yang_zhang(f, 20),
        "price_zscore_60": (f.close - f.close.rolling(60).mean()) / f.close.rolling(60).std(),
        "return_mean_20": r.rolling(20).mean(),
        "return_skew_60": r.rolling(60).skew(),
        "return_kurtosis_60": r.rolling(60).kurt(),
        "return_autocorrelation_20": r.rolling(20).corr(r.shift()),
        "slope_fit_20": f.close.rolling(20).corr(pd.Series(np.arange(len(f), dtype=float))) ** 2,
        "vwap_distance_20": f.close / ((tp * f.volume).rolling(20).sum() / f.volume.rolling(20).sum()) - 1,
        "volume_ratio_20": f.volume / f.volume.rolling(20).mean(),
        "volume_zscore_20": (f.volume - f.volume.rolling(20).mean()) / f.volume.rolling(20).std(),
        "price_volume_correlation_20": simple.rolling(20).corr(f.volume),
        "chaikin_money_flow_20": (location * f.volume).rolling(20).sum() / f.volume.rolling(20).sum(),
        "donchian_position_20": (f.close - bottom) / (top - bottom),
        "donchian_width_20": (top - bottom) / f.close,
        "ichimoku_span_a_distance": f.close / ((middle[9] + middle[26]) / 2).shift(26) - 1,
        "ichimoku_span_b_distance": f.close / middle[52].shift(26) - 1,
        "efficiency_ratio_10": f.close.diff(10).abs() / f.close.diff().abs().rolling(10).sum(),
        "up_share_10": (up > 0).astype(float).where(up.notna()).rolling(10).mean(),
        "cmo_14": 100 * f.close.diff().rolling(14).sum() / f.close.diff().abs().rolling(14).sum(),
        "downside_share_20": falls.rolling(20).sum() / (r**2).rolling(20).sum(),
        "variance_ratio_60": np.log(f.close / f.close.shift(5)).rolling(60).var() / (5 * r.rolling(60).var()),
        "volatility_ratio_5_20": r.rolling(5).std() / r.rolling(20).std(),
        "drawdown_60": f.close / f.close.rolling(60).max() - 1,
        "roll_spread_20": 2 * (-r.rolling(20).cov(r.shift(), ddof=0)).clip(lower=0) ** 0.5,
        "traded_value_percentile": ((tp * f.volume).rolling(252).rank() - 0.5) / 252,
        "jump_share_20": (
            1 - np.pi / 2 * (r.abs() * r.abs().shift()).rolling(20).sum() / (r**2).rolling(20).sum()
        ).clip(lower=0),
    }


def _yang_zhang(f: pd.DataFrame, n: int) -> pd.Series:
    gap, body = np.log(f.open / f.close.shift()), np.log(f.close / f.open)
    up, down = np.log(f.high / f.open), np.log(f.low / f.open)
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    inner = (up * (up - body) + down * (down - body)).rolling(n).mean()
    return (gap.rolling(n).var() + k * body.rolling(n).var() + (1 - k) * inner) ** 0.5


def test_talib_itself_agrees_on_a_random_walk(walk: tuple[Bars, FeatureBlock, pd.DataFrame]) -> None:
    _, block, frame = walk
    for name, values in _live_talib(frame).items():
        _assert_close(block.column(name), values, name)


def test_pandas_agrees_on_a_random_walk(walk: tuple[Bars, FeatureBlock, pd.DataFrame]) -> None:
    _, block, frame = walk
    for name, values in _live_pandas(frame).items():
        _assert_close(block.column(name), values.to_numpy(), name)


def test_corwin_schultz_recovers_a_planted_spread() -> None:
    """Ranges of a fine walk, quoted at bid and ask: the estimate comes close to the spread."""
    rng = np.random.default_rng(8)
    n, steps, spread = 4000, 400, 0.01
    walk = np.exp(np.cumsum(rng.normal(0, 0.01 / np.sqrt(steps), (n, steps)).ravel())).reshape(n, steps)
    ask, bid = walk * (1 + spread / 2), walk * (1 - spread / 2)
    times = np.datetime64("2000-01-01", "us") + np.arange(n) * np.timedelta64(86_400_000_000, "us")
    bars = Bars.build(
        Series("X", Timeframe.DAY), times, walk[:, 0], ask.max(axis=1), bid.min(axis=1), walk[:, -1], np.ones(n)
    )
    estimate = np.nanmean(compute(bars, ["corwin_schultz_spread_20"]).values)
    assert 0.8 * spread < estimate < 1.2 * spread


def test_tweezers_share_an_extreme_and_turn() -> None:
    bars = random_walk(30)
    prices = {name: np.full(30, 10.0) for name in ("open", "high", "low", "close")}
    prices["high"][:], prices["low"][:] = 11.0, 9.0
    prices["open"][20], prices["close"][20] = 9.5, 10.5  # rises to 11
    prices["open"][21], prices["close"][21] = 10.5, 9.5  # falls from 11, down to 9
    prices["open"][22], prices["close"][22] = 9.5, 10.5  # rises from 9
    found = compute(
        Bars.build(bars.series, bars.event_time, **prices, volume=np.ones(30)), feature_sets()["candlesticks"]
    )
    assert np.flatnonzero(found.column("tweezer_top") == -1.0).tolist() == [21]
    assert np.flatnonzero(found.column("tweezer_bottom") == 1.0).tolist() == [22]
    assert found.column("run_length")[[20, 21, 22, 23]].tolist() == [1.0, -1.0, 1.0, 0.0]


def _assert_close(found: np.ndarray, expected: np.ndarray, name: str = "") -> None:
    known = ~np.isnan(found) & ~np.isnan(expected)
    assert known.sum() > 0.5 * len(found), name
    size = float(np.median(np.abs(expected[known])))
    np.testing.assert_allclose(found[known], expected[known], rtol=EPS, atol=EPS * max(size, 1e-6) * 10, err_msg=name)
