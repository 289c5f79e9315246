"""From the unit of another library to the unit of our feature, so that the numbers can be compared.

A library answers with a price (a mean of 50 closes) where our feature is a distance from it (close over that
mean, less one), or with percent where ours is a share. These few formulas run outside of the time measured.
"""

from __future__ import annotations

import numpy as np

from trimtab.bars import Bars

Values = dict[str, np.ndarray]

# Exponential means forget their first value by then, whichever it was: 200 bars of span lose e-2 in 200 bars.
SETTLED = 2_000
TICKS = 64.0  # to one unit of price
DISTANCES = ("sma_distance", "ema_distance", "wma_distance", "ichimoku")
PER_CLOSE = ("atr_", "macd", "true_range_pct")
PATTERNS_HAVE = {-100.0, 0.0, 100.0}


def in_our_units(theirs: Values, bars: Bars) -> Values:
    """The outputs of a library under the names of our features and in their unit; bars are those it was given."""
    ours = {name: _in_our_unit(name, values, bars) for name, values in _channels(theirs, bars.close).items()}
    if "vortex_plus_14" in ours:
        ours["vortex_14"] = ours.pop("vortex_plus_14") - ours.pop("vortex_minus_14")
    return ours


def differing(ours: np.ndarray, theirs: np.ndarray, relative: float = 1e-6) -> float:
    """The share of rows after `SETTLED` that are not equal.

    Equal is a difference of at most `relative` of the value, or of the median size of the feature where
    the value is smaller; both unknown is equal, one unknown is not.

    >>> one = np.ones(SETTLED + 4)
    >>> differing(one, np.concatenate([one[:-1], [1.1]]))
    0.25
    """
    a, b = ours[SETTLED:], theirs[SETTLED:]
    unknown = np.isnan(a) | np.isnan(b)
    size = np.median(np.abs(a[~unknown])) if not unknown.all() else 0.0
    away = np.abs(a - b) > relative * np.maximum(np.abs(a), size)
    return float((away | (np.isnan(a) != np.isnan(b))).mean()) if len(a) else 0.0


def on_a_grid(bars: Bars) -> Bars:
    """Bars as the features see them (adjusted, extremes around the body), in ticks of 1/64 and float32 volume.

    Steps of decimal ticks differ in their last bit (100.1 - 100.0 is not 100.0 - 99.9), which is no move to us
    and one to others. On a binary grid equal steps are equal, and Qlib's float32 loses nothing, so that
    every library must give the same values.
    """
    adjusted = bars.adjusted()
    high = np.maximum(adjusted.high, np.maximum(adjusted.open, adjusted.close))
    low = np.minimum(adjusted.low, np.minimum(adjusted.open, adjusted.close))
    prices = [np.rint(each * TICKS) / TICKS for each in (adjusted.open, high, low, adjusted.close)]
    volume = adjusted.volume.astype(np.float32)
    return Bars.build(bars.series, bars.event_time, *prices, volume, known_time=bars.known_time)


def _channels(theirs: Values, close: np.ndarray) -> Values:
    """Upper and lower Donchian channel as position and width."""
    kept = {name: values for name, values in theirs.items() if not name.startswith("donchian_lower")}
    for n in (20, 55):
        if f"donchian_upper_{n}" in kept:
            upper, lower = kept.pop(f"donchian_upper_{n}"), theirs[f"donchian_lower_{n}"]
            kept[f"donchian_position_{n}"] = (close - lower) / (upper - lower)
            kept[f"donchian_width_{n}"] = (upper - lower) / close
    return kept


def _in_our_unit(name: str, values: np.ndarray, bars: Bars) -> np.ndarray:
    if name.startswith(DISTANCES):
        return bars.close / values - 1.0
    if name.startswith(PER_CLOSE):
        return values / bars.close
    if name.startswith("bollinger_width"):
        return values / 100.0
    if name == "bullish_engulfing":  # one output for both directions, where we have two features
        return np.maximum(np.sign(values), 0.0)
    if set(np.unique(values[~np.isnan(values)])) <= PATTERNS_HAVE:
        return np.sign(values)
    return values
