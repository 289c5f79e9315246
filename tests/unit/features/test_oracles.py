"""Features against TA-Lib run beside them and against independent formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import talib
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.features.catalogue import feature_sets
from trimtab.features.engine import FeatureBlock, compute
from trimtab.market import Series, Timeframe

EPS = 1e-9
OF_BARS = tuple(name for family in ("technical", "candlesticks", "market_state") for name in feature_sets()[family])


@pytest.fixture(scope="module")
def walk() -> tuple[Bars, FeatureBlock, pd.DataFrame]:
    bars = random_walk(700, seed=4)
    still = np.random.default_rng(4).random(700) < 0.03  # some closes do not move
    still[0] = False
    close = np.where(still, np.roll(bars.close, 1), bars.close)
    bars = replace(bars, close=close, high=np.maximum(bars.high, close), low=np.minimum(bars.low, close))
    frame = pd.DataFrame({name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")})
    return bars, compute(bars, OF_BARS), frame


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
        "rogers_satchell_volatility_20": _rogers_satchell(f).rolling(20).mean() ** 0.5,
        "reversion_speed_60": -f.close.diff().rolling(60).cov(f.close.shift()) / f.close.shift().rolling(60).var(),
        "return_zscore_20": (r - r.rolling(20).mean()) / r.rolling(20).std(),
        "return_to_risk_20": r.rolling(20).mean() / r.rolling(20).std(),
        "ichimoku_lagging_distance": f.close / f.close.shift(26) - 1,
        "ichimoku_conversion_to_base": middle[9] / middle[26] - 1,
        "range_pct": (f.high - f.low) / f.close,
        "body_pct": f.close / f.open - 1,
        "upper_shadow_pct": (f.high - f[["open", "close"]].max(axis=1)) / f.close,
        "lower_shadow_pct": (f[["open", "close"]].min(axis=1) - f.low) / f.close,
        "close_location": location,
        "high_distance_60": f.close / f.high.rolling(60).max() - 1,
        "low_distance_60": f.close / f.low.rolling(60).min() - 1,
        "sma_ratio_20_50": f.close.rolling(20).mean() / f.close.rolling(50).mean() - 1,
        "atr_distance_20": (f.close - f.close.rolling(20).mean()) / _wilder(_true_range(f), 14),
        "volume_trend_5_20": f.volume.rolling(5).mean() / f.volume.rolling(20).mean(),
        "force_index_13": _ema(simple * f.volume, 13) / f.volume.rolling(20).mean(),
        "stochastic_fast_k": 100
        * (f.close - f.low.rolling(14).min())
        / (f.high.rolling(14).max() - f.low.rolling(14).min()),
        "ichimoku_conversion_distance": f.close / middle[9] - 1,
        "ichimoku_base_distance": f.close / middle[26] - 1,
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
        "vortex_14": ((f.high - f.low.shift()).abs() - (f.low - f.high.shift()).abs()).rolling(14).sum()
        / _true_range(f).reindex(f.index).rolling(14).sum(),
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


def _proportions_by_pandas(f: pd.DataFrame) -> dict[str, pd.Series]:
    body, side, span = (f.close - f.open).abs(), np.sign(f.close - f.open), f.high - f.low
    up = (f.high - f.high.shift()).gt(0) & (f.low - f.low.shift()).gt(0)
    down = (f.high - f.high.shift()).lt(0) & (f.low - f.low.shift()).lt(0)
    outside = f.high.ge(f.high.shift()) & f.low.le(f.low.shift())
    inside = f.high.le(f.high.shift()) & f.low.ge(f.low.shift())
    return {
        "body_ratio": body / span,
        "upper_shadow_ratio": (f.high - f[["open", "close"]].max(axis=1)) / span,
        "lower_shadow_ratio": (f[["open", "close"]].min(axis=1) - f.low) / span,
        "body_to_mean_10": body / body.rolling(10).mean(),
        "direction_balance_5": side.rolling(5).mean(),
        "run_length": side * (side.groupby(side.ne(side.shift()).cumsum()).cumcount() + 1).clip(upper=20),
        "inside_outside": outside.astype(float) - inside.astype(float),
        "higher_highs_lower_lows": up.rolling(3).min() - down.rolling(3).min(),
    }


def _state_by_pandas(f: pd.DataFrame) -> dict[str, pd.Series]:
    r, span = np.log(f.close / f.close.shift()), np.log(f.high / f.low)
    week = (r**2).rolling(5).mean() ** 0.5
    bought = f.close - pd.concat([f.low, f.close.shift()], axis=1).min(axis=1, skipna=False)
    flow, weight = (bought * f.volume).rolling(20).sum(), _true_range(f).reindex(f.index) * f.volume
    percentile = (r.rolling(20).std().rolling(252).rank() - 0.5) / 252
    return {
        "volatility_to_median_20": (r**2).rolling(20).mean() ** 0.5 / week.rolling(252).median(),
        "range_to_median_5": span.rolling(5).mean() / span.rolling(252).median(),
        "buying_pressure_20": flow / weight.rolling(20).sum(),
        "zero_return_share_20": r.eq(0).astype(float).where(r.notna()).rolling(20).mean(),
        "volatility_regime": np.floor(3 * percentile),
    }


def _yang_zhang(f: pd.DataFrame, n: int) -> pd.Series:
    gap, body = np.log(f.open / f.close.shift()), np.log(f.close / f.open)
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    inner = _rogers_satchell(f).rolling(n).mean()
    return (gap.rolling(n).var() + k * body.rolling(n).var() + (1 - k) * inner) ** 0.5


def _rogers_satchell(f: pd.DataFrame) -> pd.Series:
    from_open, from_close = np.log(f.high / f.open), np.log(f.high / f.close)
    return from_open * from_close + np.log(f.low / f.open) * np.log(f.low / f.close)


def _true_range(f: pd.DataFrame) -> pd.Series:
    before = f.close.shift()
    return pd.concat([f.high - f.low, (f.high - before).abs(), (f.low - before).abs()], axis=1).max(axis=1)[1:]


def _wilder(values: pd.Series, n: int) -> pd.Series:
    return _smoothed(values, n, 1 / n)


def _ema(values: pd.Series, n: int) -> pd.Series:
    return _smoothed(values.dropna(), n, 2 / (n + 1))


def _smoothed(values: pd.Series, n: int, weight: float) -> pd.Series:
    """Exponential mean begun with the plain mean of the first n values."""
    begun = values.copy()
    begun.iloc[n - 1] = values.iloc[:n].mean()
    return begun.iloc[n - 1 :].ewm(alpha=weight, adjust=False).mean().reindex(range(values.index[-1] + 1))


def test_talib_itself_agrees_on_a_random_walk(walk: tuple[Bars, FeatureBlock, pd.DataFrame]) -> None:
    _, block, frame = walk
    for name, values in _live_talib(frame).items():
        _assert_close(block.column(name), values, name)


def test_pandas_agrees_on_a_random_walk(walk: tuple[Bars, FeatureBlock, pd.DataFrame]) -> None:
    _, block, frame = walk
    for name, values in (_live_pandas(frame) | _proportions_by_pandas(frame) | _state_by_pandas(frame)).items():
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
