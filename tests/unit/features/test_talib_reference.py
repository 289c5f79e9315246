"""Features against the values TA-Lib gave elsewhere, wherever both define the same thing.

The reference holds TA-Lib's functions with their default parameters on SPY days and BTC/USDT hours. A
feature is a ratio where TA-Lib gives a price, so its column is brought to that scale first. Where the
catalogue has other lengths, the function of the feature is called with TA-Lib's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.context import Context
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.technical import averages, oscillators, trend, volatility, volume
from trimtab.market import Series, Timeframe

ACCURACY = 1e-9  # of the value, or of its median size where it crosses zero


@pytest.fixture(scope="module", params=["SPY", "BTC/USDT"])
def expected(request: pytest.FixtureRequest, shared_data: Path) -> pd.DataFrame:
    table = pd.read_parquet(shared_data / "reference" / "talib_expected.parquet")
    return table[table["symbol"] == request.param].reset_index(drop=True)


@pytest.fixture(scope="module")
def bars(expected: pd.DataFrame) -> Bars:
    times = expected["ts"].dt.tz_convert(None).to_numpy().astype("datetime64[us]")
    return Bars.build(
        Series("X", Timeframe.DAY), times, *(expected[k] for k in ("open", "high", "low", "close", "volume"))
    )


@pytest.fixture(scope="module")
def block(bars: Bars) -> FeatureBlock:
    return compute(bars, feature_sets()["technical"] + feature_sets()["candlesticks"])


def _mean_volume(e: pd.DataFrame) -> pd.Series:
    return e.volume.rolling(20).mean()


CATALOGUE: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "rsi_14": lambda e: e.RSI,
    "cci_14": lambda e: e.CCI,
    "cmo_14": lambda e: e.CMOU,  # TA-Lib's CMO smooths as RSI does; its CMOU is Chande's
    "mfi_14": lambda e: e.MFI,
    "williams_r_14": lambda e: e.WILLR,
    "adx_14": lambda e: e.ADX,
    "plus_di_14": lambda e: e.PLUS_DI,
    "minus_di_14": lambda e: e.MINUS_DI,
    "ultimate_oscillator": lambda e: e.ULTOSC,
    "vortex_14": lambda e: e.VORTEX_plusvi - e.VORTEX_minusvi,
    "macd": lambda e: e.MACD_macd / e.close,
    "macd_signal": lambda e: e.MACD_macdsignal / e.close,
    "macd_histogram": lambda e: e.MACD_macdhist / e.close,
    "momentum_10": lambda e: e.MOM / e.ATR,
    "efficiency_ratio_10": lambda e: e.ER,
    "atr_14": lambda e: e.NATR / 100,
    "true_range_pct": lambda e: e.TRANGE / e.close,
    "bollinger_position_20": lambda e: (e.close - e.BBANDS_lowerband) / (e.BBANDS_upperband - e.BBANDS_lowerband),
    "bollinger_width_20": lambda e: (e.BBANDS_upperband - e.BBANDS_lowerband) / e.BBANDS_middleband,
    "price_zscore_20": lambda e: (
        (e.close - e.BBANDS_middleband) * 4 / (e.BBANDS_upperband - e.BBANDS_lowerband) * np.sqrt(19 / 20)
    ),
    "sma_distance_20": lambda e: e.close / e.BBANDS_middleband - 1,
    "donchian_position_20": lambda e: (e.close - e.DONCHIAN_lowerband) / (e.DONCHIAN_upperband - e.DONCHIAN_lowerband),
    "donchian_width_20": lambda e: (e.DONCHIAN_upperband - e.DONCHIAN_lowerband) / e.close,
    "obv_change_20": lambda e: e.OBV.diff(20) / (20 * _mean_volume(e)),
    "chaikin_money_flow_20": lambda e: e.CMF,
    "chaikin_oscillator": lambda e: e.ADOSC / _mean_volume(e),
    "close_location": lambda e: e.AD.diff() / e.volume,
    "return_10": lambda e: e.ROCP,
    "direction": lambda e: np.sign(e.BOP),
    "body_ratio": lambda e: e.BOP.abs(),
}

# The function of the feature with TA-Lib's length, and TA-Lib's column on its scale.
OTHER_LENGTHS: dict[str, tuple[Callable[[Context], np.ndarray], Callable[[pd.DataFrame], pd.Series]]] = {
    "SMA": (lambda c: averages.sma_distance(c, 30), lambda e: e.close / e.SMA - 1),
    "EMA": (lambda c: averages.ema_distance(c, 30), lambda e: e.close / e.EMA - 1),
    "WMA": (lambda c: averages.wma_distance(c, 30), lambda e: e.close / e.WMA - 1),
    "LINEARREG_SLOPE": (
        lambda c: averages.slope(c, 14),
        lambda e: e.LINEARREG_SLOPE / e.close.rolling(14).mean(),
    ),
    "ROC": (lambda c: oscillators.roc(c, 10), lambda e: e.ROC),
    "TRIX": (lambda c: oscillators.trix(c, 30), lambda e: e.TRIX),
    "AROON up": (lambda c: trend.aroon_up(c, 14), lambda e: e.AROON_aroonup),
    "AROON down": (lambda c: trend.aroon_down(c, 14), lambda e: e.AROON_aroondown),
    "AROONOSC": (lambda c: trend.aroon_oscillator(c, 14), lambda e: e.AROONOSC),
    "ATR": (lambda c: volatility.atr(c, 14), lambda e: e.ATR / e.close),
    "TYPPRICE": (
        lambda c: volume.vwap_distance(c, 20),
        lambda e: e.close / _typical_vwma(e) - 1,
    ),
}


def _typical_vwma(e: pd.DataFrame) -> pd.Series:
    """TA-Lib's typical price weighted by volume over 20 bars."""
    return (e.TYPPRICE * e.volume).rolling(20).sum() / e.volume.rolling(20).sum()


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_recorded_values_of_talib_are_met(name: str, block: FeatureBlock, expected: pd.DataFrame) -> None:
    assert_close(block.column(name), CATALOGUE[name](expected).to_numpy(), name)


@pytest.mark.parametrize("name", OTHER_LENGTHS)
def test_the_recorded_values_of_talib_are_met_with_its_lengths(name: str, bars: Bars, expected: pd.DataFrame) -> None:
    ours, theirs = OTHER_LENGTHS[name]
    assert_close(ours(Context(bars)), theirs(expected).to_numpy(), name)


NAMED = {
    "doji": "CDLDOJI", "hammer": "CDLHAMMER", "shooting_star": "CDLSHOOTINGSTAR", "morning_star": "CDLMORNINGSTAR",
    "evening_star": "CDLEVENINGSTAR", "three_white_soldiers": "CDL3WHITESOLDIERS",
    "three_black_crows": "CDL3BLACKCROWS", "harami": "CDLHARAMI", "piercing_line": "CDLPIERCING",
    "dark_cloud_cover": "CDLDARKCLOUDCOVER", "marubozu": "CDLMARUBOZU",
}  # fmt: skip
FORMATIONS = {
    name: each.formula.removeprefix("TA-Lib ")
    for name, each in catalogue().items()
    if each.computation.__module__ == "trimtab.features.candlesticks.formations"
}


@pytest.mark.parametrize("name", [*NAMED, *FORMATIONS])
def test_the_patterns_stand_where_talib_found_them(name: str, block: FeatureBlock, expected: pd.DataFrame) -> None:
    found, lookback = block.column(name), catalogue()[name].lookback
    column = {**NAMED, **FORMATIONS}[name]
    np.testing.assert_array_equal(found[lookback:], np.sign(expected[column].to_numpy()[lookback:]))


# Bars of each pattern in the recorded columns: (SPY days, BTC/USDT hours).
COUNTS = {
    "doji": (142, 208), "hammer": (19, 24), "shooting_star": (15, 5), "bullish_engulfing": (29, 95),
    "bearish_engulfing": (38, 109), "morning_star": (12, 3), "evening_star": (5, 7), "three_white_soldiers": (1, 1),
    "three_black_crows": (0, 0), "harami": (73, 132), "piercing_line": (1, 0), "dark_cloud_cover": (6, 0),
    "marubozu": (60, 44), "three_inside": (21, 11), "three_outside": (30, 53), "harami_cross": (22, 27),
    "doji_star": (36, 20), "tasuki_gap": (10, 0), "gap_three_methods": (7, 12), "three_methods": (0, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTS)
def test_each_pattern_is_found_as_often_as_by_talib(name: str, block: FeatureBlock, expected: pd.DataFrame) -> None:
    series = 0 if expected["symbol"].iloc[0] == "SPY" else 1
    assert int(np.nansum(np.abs(block.column(name)))) == COUNTS[name][series]


def test_engulfing_is_told_apart_by_direction(block: FeatureBlock, expected: pd.DataFrame) -> None:
    both = block.column("bullish_engulfing") + block.column("bearish_engulfing")
    np.testing.assert_array_equal(both[2:], np.sign(expected["CDLENGULFING"].to_numpy()[2:]))


def test_tweezers_are_found_by_their_definition_in_a_plain_loop(block: FeatureBlock, bars: Bars) -> None:
    top, bottom = np.full(len(bars), np.nan), np.full(len(bars), np.nan)
    for t in range(10, len(bars)):
        tolerance = 0.05 * (bars.high[t - 10 : t] - bars.low[t - 10 : t]).mean() * (1 + 1e-9)
        before, now = np.sign(bars.close[t - 1 : t + 1] - bars.open[t - 1 : t + 1])
        same_high = abs(bars.high[t] - bars.high[t - 1]) <= tolerance
        same_low = abs(bars.low[t] - bars.low[t - 1]) <= tolerance
        top[t] = -1.0 if same_high and before > 0 > now else 0.0
        bottom[t] = 1.0 if same_low and before < 0 < now else 0.0
    assert -np.nansum(top) > 5 and np.nansum(bottom) > 5
    np.testing.assert_array_equal(block.column("tweezer_top"), top)
    np.testing.assert_array_equal(block.column("tweezer_bottom"), bottom)


def assert_close(found: np.ndarray, expected: np.ndarray, name: str) -> None:
    known = ~np.isnan(found) & ~np.isnan(expected)
    assert known.sum() > 0.9 * len(found), name
    size = max(float(np.median(np.abs(expected[known]))), 1e-12)
    np.testing.assert_allclose(found[known], expected[known], rtol=ACCURACY, atol=ACCURACY * size, err_msg=name)
