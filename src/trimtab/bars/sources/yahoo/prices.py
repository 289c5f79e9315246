"""From the prices that Yahoo shows to the prices that were traded.

Yahoo divides every price before a split by its ratio, rounds to six decimals and keeps the result in
single precision: 645.57 before a seven-for-one split is shown as 92.2242889404296875. Multiplied back it
is 645.5700226, and one more split later something else again: without cleaning, every split would
restate a whole history by its last digits.
"""

from __future__ import annotations

import numpy as np

# What rounding can take away: one unit of the last of 24 bits (half for the price and half in case
# it went through single precision twice), and half a unit of the sixth decimal.
SINGLE_PRECISION = 2.0**-23
SIX_DECIMALS = 0.5e-6
# Six decimals of a very small price are few digits; beyond this share nothing is taken for rounding.
_MOST_ROUNDED = 5e-5
_DECIMALS = range(13)


def split_level(
    dates: np.ndarray, split_dates: np.ndarray, ratios: np.ndarray, *, on_the_day: bool = False
) -> np.ndarray:
    """How many shares of today one share of a date has become: the product of all later splits.

    Parameters
    ----------
    dates: session dates, `datetime64[D]`, any order.
    split_dates, ratios: first session of the new share, and new shares per old one (7 for seven-for-one).
    on_the_day: also count a split of the very date, for what was promised to the old share.

    >>> day = lambda *texts: np.array(texts, "datetime64[D]")
    >>> split_level(day("2014-06-06", "2014-06-09"), day("2014-06-09", "2020-08-31"), np.array([7.0, 4.0])).tolist()
    [28.0, 4.0]
    """
    order = np.argsort(split_dates)
    remaining = np.append(np.cumprod(ratios[order][::-1])[::-1], 1.0)
    level: np.ndarray = remaining[np.searchsorted(split_dates[order], dates, "left" if on_the_day else "right")]
    return level


def as_traded(shown: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Prices or dividends of the share of their day, from those of the share of today, cleaned of rounding.

    >>> as_traded(np.array([92.2242889404296875, 93.6999969482421875]), np.array([7.0, 1.0])).tolist()
    [645.57, 93.7]
    """
    traded = shown * level
    size = np.abs(traded)
    in_decimals = np.where(level == 1.0, 0.0, np.minimum(SIX_DECIMALS * level, size * _MOST_ROUNDED))
    return clean(traded, size * SINGLE_PRECISION + in_decimals)


def clean(values: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """The decimal with the fewest places within a tolerance of each value; the value itself where there is none.

    >>> clean(np.array([19.59000015258789, 1 / 3]), np.array([1e-6, 1e-6])).tolist()
    [19.59, 0.333333]
    """
    cleaned, is_open = values.copy(), np.isfinite(values)
    with np.errstate(invalid="ignore"):  # infinities, which stay what they are
        for places in _DECIMALS:
            candidate = np.round(values, places)
            fits = is_open & (np.abs(candidate - values) <= tolerance)
            cleaned[fits] = candidate[fits]
            is_open &= ~fits
    return cleaned
