"""What two views of the same bars disagree about, as far as a feature or a label can see it.

Features and labels read ratios of adjusted prices. A new vintage of the adjustment multiplies the
whole past with one number and changes no ratio inside it: nothing was learnt wrongly. A corrected
price changes the ratios within its bar and to its neighbours, a corrected split the ratio of two
neighbours; those count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.bars.schema import PRICES, Bars

# Vendors deliver single precision numbers: the same price differs by some 1e-7 from day to day.
PRICE_TOLERANCE = 1e-6
# An adjusted close rounded to cents moves its factor that much on every bar of a new vintage.
FACTOR_TOLERANCE = 1e-3


@dataclass(frozen=True)
class RatioChanges:
    """Where a later view of a series differs from an earlier one.

    Attributes
    ----------
    within: opens of bars that are different in themselves: the ratios of their prices, their traded
        value, or that they exist at all. Increasing, `datetime64[us]`, UTC.
    from_previous: opens of bars whose ratio to the close before is different, likewise.
    """

    within: np.ndarray
    from_previous: np.ndarray

    @property
    def times(self) -> np.ndarray:
        """The opens of all of these, increasing."""
        return np.union1d(self.within, self.from_previous)


def ratio_changes(earlier: Bars, later: Bars) -> RatioChanges:
    """What a later view of a series says differently about the time an earlier one covers.

    Parameters
    ----------
    earlier, later: views of one series by event time, as the store returns them; later bars than
        the last one of `earlier` are new, not different, and are left out.

    A difference counts above one millionth of a price or a traded value. Where only factors differ,
    the step from one bar to the next must change by a thousandth: vendors round adjusted prices.

    >>> from trimtab.market import Series
    >>> days = np.arange("2020-01-01", "2020-01-05", dtype="datetime64[D]").astype("datetime64[us]")
    >>> price, volume = np.array([10.0, 11.0, 12.0, 13.0]), np.full(4, 100.0)
    >>> bars = Bars.build(Series.parse("A__1d"), days, *[price] * 4, volume)
    >>> halved = Bars.build(Series.parse("A__1d"), days, *[price / 2] * 4, volume * 2)
    >>> len(ratio_changes(bars, halved).times)
    0
    """
    if len(earlier) == 0:
        return RatioChanges(earlier.event_time, earlier.event_time)
    later = later.take(later.event_time <= earlier.event_time[-1])
    is_common = np.isin(later.event_time, earlier.event_time)
    old = earlier.take(np.isin(earlier.event_time, later.event_time))
    new = later.take(is_common)
    inside, step = _differences(old, new)
    within = np.union1d(later.event_time[~is_common], new.event_time[inside])
    return RatioChanges(within, new.event_time[step])


def _differences(old: Bars, new: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Per bar: whether it changed in itself, and whether its step from the bar before did."""
    is_same_price = np.logical_and.reduce([getattr(old, name) == getattr(new, name) for name in PRICES])
    scale, shape = _scales(old.adjusted(), new.adjusted())
    traded = _log_ratio(new.volume * new.close, old.volume * old.close)
    # Written as "not within" because NaN is within nothing.
    inside = ~(np.ptp(shape, axis=0) <= PRICE_TOLERANCE) | ~(np.abs(traded) <= PRICE_TOLERANCE)
    step = np.zeros(len(new), bool)
    if len(new) > 1:
        only_factor = is_same_price[1:] & is_same_price[:-1]
        allowed = np.where(only_factor, FACTOR_TOLERANCE, PRICE_TOLERANCE)
        step[1:] = ~(np.abs(np.diff(scale)) <= allowed)
    return inside, step


def _scales(old: Bars, new: Bars) -> tuple[np.ndarray, np.ndarray]:
    """Log of new by old, of the close (n,) and of all four prices (4, n)."""
    shape = np.stack([_log_ratio(getattr(new, name), getattr(old, name)) for name in PRICES])
    return shape[PRICES.index("close")], shape


def _log_ratio(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """log(new / old); 0 where both are the same number, NaN where a ratio says nothing."""
    usable = (new > 0) & (old > 0)
    ratio = np.divide(new, old, out=np.ones(len(new)), where=usable)
    unclear = ~usable & (new != old)
    return np.where(unclear, np.nan, np.log(ratio))


def late_bars(bars: Bars, is_restated: np.ndarray) -> np.ndarray:
    """Which bars were received after a bar that follows them; bool, shape (n,).

    Parameters
    ----------
    bars: a view of one series by event time.
    is_restated: bool, shape (n,): bars whose version here is not their first; they are restated, not late.

    A history that is loaded at once is not late however old it is.
    """
    late = np.zeros(len(bars), bool)
    received = np.where(is_restated, np.datetime64("9999-12-31", "us"), bars.received_time)
    if len(bars) > 1:
        earliest_after = np.minimum.accumulate(received[::-1])[::-1]
        late[:-1] = bars.received_time[:-1] > earliest_after[1:]
    return late & ~is_restated
