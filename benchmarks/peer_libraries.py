"""What pandas-ta-classic and ta compute of the features that trimtab has too.

Runs in the peers' environment: nothing of trimtab is imported here. Each library is called as its own
documentation does, one call per indicator; what its calls answer is kept under the name of our feature, in the
library's own unit. `peer_units` turns it into ours, outside of the time measured.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

Outputs = dict[str, pd.Series]

SMA = (5, 10, 20, 50, 100, 200)
EMA = (5, 10, 20, 50, 100, 200)


def with_pandas_ta(f: pd.DataFrame) -> Outputs:
    """Indicators by pandas-ta-classic, from columns open, high, low, close and volume."""
    import pandas_ta_classic as pta

    high, low, close, volume = f.high, f.low, f.close, f.volume
    out: Outputs = {}
    for n in SMA:
        out[f"sma_distance_{n}"] = pta.sma(close, n)
    for n in EMA:
        out[f"ema_distance_{n}"] = pta.ema(close, n)
    out["wma_distance_20"] = pta.wma(close, 20)
    for n in (7, 14, 21):
        out[f"rsi_{n}"] = pta.rsi(close, n)
        out[f"atr_{n}"] = pta.atr(high, low, close, n)
    for n in (12, 25, 126):
        out[f"roc_{n}"] = pta.roc(close, n)
    for n in (14, 28):
        out[f"williams_r_{n}"] = pta.willr(high, low, close, n)
    for n in (14, 20):
        out[f"cci_{n}"] = pta.cci(high, low, close, n)
    _columns(out, pta.macd(close), ("macd", "macd_histogram", "macd_signal"))
    for n in (20, 50):
        _columns(out, pta.bbands(close, n), (None, None, None, f"bollinger_width_{n}", f"bollinger_position_{n}"))
    _columns(out, pta.stoch(high, low, close), ("stochastic_slow_k", "stochastic_slow_d"))
    _columns(out, pta.aroon(high, low, 25), ("aroon_down_25", "aroon_up_25", "aroon_oscillator_25"))
    _columns(out, pta.adx(high, low, close), ("adx_14", "plus_di_14", "minus_di_14"))
    for n in (20, 55):
        _columns(out, pta.donchian(high, low, n, n), (f"donchian_lower_{n}", None, f"donchian_upper_{n}"))
    _columns(out, pta.vortex(high, low, close, 14), ("vortex_plus_14", "vortex_minus_14"))
    _columns(out, pta.trix(close, 15), ("trix_15", None))
    out["ultimate_oscillator"] = pta.uo(high, low, close)
    out["chaikin_money_flow_20"] = pta.cmf(high, low, close, volume, length=20)
    out["mfi_14"] = pta.mfi(high, low, close, volume, 14)
    out["true_range_pct"] = pta.true_range(high, low, close)
    out["efficiency_ratio_10"] = pta.er(close, 10)
    return out


# Without harami, whose bodies may touch there and not in TA-Lib.
PATTERNS = {
    "hammer": "hammer", "shooting_star": "shootingstar", "bullish_engulfing": "engulfing",
    "morning_star": "morningstar", "evening_star": "eveningstar", "three_white_soldiers": "3whitesoldiers",
    "three_black_crows": "3blackcrows", "piercing_line": "piercing",
    "dark_cloud_cover": "darkcloudcover", "marubozu": "marubozu", "doji": "doji",
}  # fmt: skip


def with_pandas_ta_patterns(f: pd.DataFrame) -> Outputs:
    """Candlestick patterns by pandas-ta-classic: its own compiled ones, not TA-Lib's."""
    import pandas_ta_classic as pta

    found = pta.cdl_pattern(f.open, f.high, f.low, f.close, name=list(PATTERNS.values()))
    by_name = {str(column).lower(): found[column] for column in found.columns}
    return {
        ours: next(by_name[column] for column in by_name if column.split("_")[1] == theirs)
        for ours, theirs in PATTERNS.items()
    }


def with_ta(f: pd.DataFrame) -> Outputs:
    """Indicators by ta, from columns open, high, low, close and volume."""
    from ta import momentum, trend, volatility, volume

    high, low, close = f.high, f.low, f.close
    out: Outputs = {}
    for n in SMA:
        out[f"sma_distance_{n}"] = trend.SMAIndicator(close, n).sma_indicator()
    for n in EMA:
        out[f"ema_distance_{n}"] = trend.EMAIndicator(close, n).ema_indicator()
    out["wma_distance_20"] = trend.WMAIndicator(close, 20).wma()
    for n in (7, 14, 21):
        out[f"rsi_{n}"] = momentum.RSIIndicator(close, n).rsi()
        out[f"atr_{n}"] = volatility.AverageTrueRange(high, low, close, n).average_true_range()
    for n in (12, 25, 126):
        out[f"roc_{n}"] = momentum.ROCIndicator(close, n).roc()
    for n in (14, 28):
        out[f"williams_r_{n}"] = momentum.WilliamsRIndicator(high, low, close, n).williams_r()
    for n in (14, 20):
        out[f"cci_{n}"] = trend.CCIIndicator(high, low, close, n).cci()
    macd = trend.MACD(close)
    out |= {"macd": macd.macd(), "macd_signal": macd.macd_signal(), "macd_histogram": macd.macd_diff()}
    for n in (20, 50):
        bands = volatility.BollingerBands(close, n)
        out |= {f"bollinger_width_{n}": bands.bollinger_wband(), f"bollinger_position_{n}": bands.bollinger_pband()}
    stochastic = momentum.StochasticOscillator(high, low, close, 14, 3)
    out |= {"stochastic_fast_k": stochastic.stoch(), "stochastic_slow_k": stochastic.stoch_signal()}
    adx = trend.ADXIndicator(high, low, close, 14)
    out |= {"adx_14": adx.adx(), "plus_di_14": adx.adx_pos(), "minus_di_14": adx.adx_neg()}
    for n in (20, 55):
        channel = volatility.DonchianChannel(high, low, close, n)
        out[f"donchian_position_{n}"] = channel.donchian_channel_pband()
    ichimoku = trend.IchimokuIndicator(high, low)
    out["ichimoku_conversion_distance"] = ichimoku.ichimoku_conversion_line()
    out["ichimoku_base_distance"] = ichimoku.ichimoku_base_line()
    out["vortex_14"] = trend.VortexIndicator(high, low, close, 14).vortex_indicator_diff()
    out["trix_15"] = trend.TRIXIndicator(close, 15).trix()
    out["ultimate_oscillator"] = momentum.UltimateOscillator(high, low, close).ultimate_oscillator()
    out["chaikin_money_flow_20"] = volume.ChaikinMoneyFlowIndicator(high, low, close, f.volume, 20).chaikin_money_flow()
    out["mfi_14"] = volume.MFIIndicator(high, low, close, f.volume, 14).money_flow_index()
    return out


def _columns(out: Outputs, table: Any, names: tuple[str | None, ...]) -> None:
    """Keep the columns of an answer that have one of our names; the others are computed all the same."""
    for name, column in zip(names, table.columns, strict=False):
        if name is not None:
            out[name] = table[column]
