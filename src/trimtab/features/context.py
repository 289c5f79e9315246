"""What the features of one call share: the prices, what surrounds them, and arrays that several of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.actions.adjust import closing_time
from trimtab.facts.prepared import prepared
from trimtab.features.kernels.ratios import change, lagged, positive_ratio
from trimtab.features.kernels.recursive import exponential_mean
from trimtab.features.surroundings import NOTHING, Surroundings

# Prices and volumes beyond it could overflow in a fourth power, and prices below its inverse in a ratio.
_ORDINARY = 1e60


class Context:
    """Adjusted prices of one instrument and a memory of what has been computed from them.

    A feature of bars alone reads open, high, low, close and volume: no instrument, and no time but to choose
    on which bars it estimates something anew (GARCH). One of facts or peers reads `surroundings`, and of those only what was known by the `decision_time` of each row;
    the leak certificate proves that it does. The memory lives as long as one call of `compute`; told
    beforehand how often each array will be asked for (`uses`), it drops one with its last use, so what
    a feature asks for must not depend on the values.

    Attributes
    ----------
    open, high, low, close: adjusted prices, float64, shape (n,); the extremes always enclose the body.
    volume: adjusted volume, float64, shape (n,). Like the prices NaN where it is infinite: that is unknown.
    is_ordinary: whether every price and volume is a number that no formula turns into an infinity.
    raw_close: the close as the source tells it, before adjustment: what a share cost then.
    event_time, decision_time: of each row, `datetime64[us]`, UTC: its bar's open, and when it could be used.
    closing_time: tells which share a bar closed in when there was a split: its open, of a week its last moment.
    surroundings: facts, actions and peers of all times.
    """

    def __init__(self, bars: Bars, uses: Mapping[Any, int] | None = None, surroundings: Surroundings = NOTHING) -> None:
        adjusted = bars.adjusted()
        self.event_time, self.decision_time, self.raw_close = bars.event_time, bars.known_time, bars.close
        self.closing_time = closing_time(bars)
        self.surroundings = surroundings
        given = (adjusted.open, adjusted.high, adjusted.low, adjusted.close, adjusted.volume)
        self.is_ordinary = all(abs(array.sum()) < _ORDINARY for array in given)  # false for NaN, too
        self.open, high, low, self.close, self.volume = given if self.is_ordinary else map(_finite, given)
        # The checks let a bar pass whose extremes are off by rounding; here they always enclose the body.
        self.high = np.maximum(high, np.maximum(self.open, self.close))
        self.low = np.minimum(low, np.minimum(self.open, self.close))
        self.is_ordinary = self.is_ordinary and bool(self.low.min(initial=np.inf) > 1.0 / _ORDINARY)
        self._expected = uses or {}
        self._asked: dict[
            Any, list[Any]
        ] = {}  # how often so far, how often in all (0: not told), the result while kept

    @property
    def uses(self) -> dict[Any, int]:
        """How often each shared array has been asked for."""
        return {key: asked[0] for key, asked in self._asked.items()}

    def of(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """`function(*arguments)` computed once; a text argument names an array of this context."""
        if arguments and arguments[0] is self:  # no reference to itself: freed at once
            key: tuple[Any, ...] = (function, *arguments[1:])
        else:
            key = (function, *[each for each in arguments if each is not self])
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = [0, self._expected.get(key, 0), None]
        result = asked[2]
        if result is None:
            result = function(*[getattr(self, a) if isinstance(a, str) else a for a in arguments])
        asked[0] += 1
        asked[2] = None if asked[0] == asked[1] else result
        return result

    @staticmethod
    def prepared(function: Callable[..., Any], facts: Any, *arguments: Any) -> Any:
        """`function(facts, *arguments)` of facts alone, all times, kept as long as the facts are (see `facts.prepared`).

        For what no row enters into: the next call on the same facts finds it there. Its arrays cannot be written to.
        """
        return prepared(function, facts, *arguments)

    def ema(self, name: str, n: int) -> np.ndarray:
        """Exponential mean of an array, newest weight 2 / (n + 1)."""
        return self.of(exponential_mean, name, n, 2.0 / (n + 1.0), 0)

    def wilder(self, name: str, n: int) -> np.ndarray:
        """Wilder's smoothing of an array that begins in row 1, newest weight 1 / n."""
        return self.of(exponential_mean, name, n, 1.0 / n, 1)

    @cached_property
    def decided(self) -> np.ndarray:
        """`decision_time` in microseconds since 1970, int64."""
        return self.decision_time.astype(np.int64)

    @cached_property
    def previous_close(self) -> np.ndarray:
        """Close of the bar before."""
        return lagged(self.close, 1)

    @cached_property
    def simple_return(self) -> np.ndarray:
        """Close over the close before, minus one."""
        return change(self.close, 1)

    @cached_property
    def log_return(self) -> np.ndarray:
        """Logarithm of close over the close before."""
        return np.log(positive_ratio(self.close, self.previous_close))

    @cached_property
    def log_gap(self) -> np.ndarray:
        """Logarithm of open over the close before."""
        return np.log(positive_ratio(self.open, self.previous_close))

    @cached_property
    def log_body(self) -> np.ndarray:
        """Logarithm of close over open."""
        return np.log(positive_ratio(self.close, self.open))

    @cached_property
    def log_range(self) -> np.ndarray:
        """Logarithm of high over low."""
        return np.log(positive_ratio(self.high, self.low))

    @cached_property
    def log_up(self) -> np.ndarray:
        """Logarithm of high over open."""
        return np.log(positive_ratio(self.high, self.open))

    @cached_property
    def log_down(self) -> np.ndarray:
        """Logarithm of low over open."""
        return np.log(positive_ratio(self.low, self.open))

    @cached_property
    def bar_range(self) -> np.ndarray:
        """High minus low."""
        return self.high - self.low

    @cached_property
    def true_range(self) -> np.ndarray:
        """Range including the gap to the close before (Wilder 1978); NaN in row 0."""
        top = np.maximum(self.high, self.previous_close)
        return top - np.minimum(self.low, self.previous_close)

    @cached_property
    def atr(self) -> np.ndarray:
        """Wilder's mean of the true range over 14 bars."""
        return self.wilder("true_range", 14)

    @cached_property
    def typical_price(self) -> np.ndarray:
        """Mean of high, low and close."""
        return (self.high + self.low + self.close) / 3.0

    @cached_property
    def gain(self) -> np.ndarray:
        """Rise of the close, 0 where it fell."""
        return np.maximum(self.close - self.previous_close, 0.0)

    @cached_property
    def loss(self) -> np.ndarray:
        """Fall of the close, 0 where it rose."""
        return np.maximum(self.previous_close - self.close, 0.0)

    @cached_property
    def close_location(self) -> np.ndarray:
        """Where the close lies in the range of its bar: -1 at the low, 1 at the high, 0 without a range."""
        inside = (self.close - self.low) - (self.high - self.close)
        return np.divide(inside, self.bar_range, out=np.zeros(len(inside)), where=self.bar_range > 0.0)

    @cached_property
    def money_flow(self) -> np.ndarray:
        """Volume times the location of the close."""
        return self.close_location * self.volume

    @cached_property
    def signed_volume(self) -> np.ndarray:
        """Volume with the sign of the change of the close."""
        return np.sign(self.close - self.previous_close) * self.volume

    @cached_property
    def traded_value(self) -> np.ndarray:
        """Typical price times volume."""
        return self.typical_price * self.volume


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isinf(values), np.nan, values)
