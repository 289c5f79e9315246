"""From the bars of one instrument to a block of feature values, in one pass.

Every output is written once, into the column it keeps. A computation may hand back any float64 array
of the length of the bars, a column of a shared table of two dimensions (`context.of`) among them: it
is copied straight into the block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.schema import TIME
from trimtab.errors import FeatureError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.context import Context
from trimtab.features.surroundings import NOTHING, Surroundings
from trimtab.market import Series, Timeframe


@dataclass(frozen=True)
class FeatureBlock:
    """Feature values of one series: n bars, k features.

    Attributes
    ----------
    series: instrument and timeframe.
    event_time: open of the bar each row ends at, `datetime64[us]`, UTC, shape (n,).
    known_time: when the row could first be used, `datetime64[us]`, UTC, shape (n,).
    names: the k features, as in the catalogue.
    values: float, shape (n, k), Fortran order: each feature is contiguous. NaN where a feature has
        no value (yet); never infinite.
    """

    series: Series
    event_time: np.ndarray
    known_time: np.ndarray
    names: tuple[str, ...]
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.event_time)

    def column(self, name: str) -> np.ndarray:
        """The values of one feature, contiguous."""
        return self.values[:, self.names.index(name)]


def compute(
    bars: Bars, names: Sequence[str], dtype: Any = np.float64, surroundings: Surroundings = NOTHING
) -> FeatureBlock:
    """Compute features over the bars of one series.

    Parameters
    ----------
    bars: strictly increasing in `event_time`, as the store returns them; features are computed on
        adjusted prices.
    names: features of the catalogue; `resolve` turns feature sets into names.
    dtype: of the result, float32 halves what a table takes; the computation is always float64.
    surroundings: facts and peers, for the features that read them; without them those are NaN.

    With fewer bars than a feature's lookback its column is NaN. A bar with a price or volume that is NaN or
    infinite is no bar: its row is NaN, and the other rows are what they would be without it, as when the
    checks had refused it. Nothing that comes out is infinite. Raises `UnknownNameError` for a
    name that is not in the catalogue and `FeatureError` for bars out of order.

    >>> from trimtab.market import Timeframe
    >>> day = np.datetime64("2024-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
    >>> price = np.array([1.0, 2.0, 4.0])
    >>> bars = Bars.build(Series("X", Timeframe.DAY), day, price, price, price, price, price)
    >>> compute(bars, ["return_1"]).column("return_1").tolist()
    [nan, 1.0, 1.0]
    """
    names = resolve(names=names)
    require_order(bars)
    values = np.empty((len(bars), len(names)), dtype=dtype, order="F")
    fill(values, range(len(names)), bars, names, surroundings)
    return FeatureBlock(bars.series, bars.event_time, bars.known_time, names, values)


def require_order(bars: Bars) -> None:
    """Raise `FeatureError` unless every bar opens after the one before."""
    if (bars.event_time[1:] <= bars.event_time[:-1]).any():
        raise FeatureError(
            f"{bars.series}: bars must be strictly increasing in event_time; sort them and drop duplicates first"
        )


def fill(
    values: np.ndarray, columns: Iterable[int], bars: Bars, names: tuple[str, ...], surroundings: Surroundings
) -> None:
    """Write the newest `len(values)` rows of some features over ordered bars into columns of a block."""
    if not len(bars):
        return
    known = known_bars(bars)
    if not known.all():
        _fill_known(values, columns, bars, known, names, surroundings)
        return
    features, context = catalogue(), Context(bars, _uses(names), surroundings)
    first = len(bars) - len(values)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for column, name in zip(columns, names, strict=True):
            values[:, column] = features[name].values(context)[first:]
            if not context.is_ordinary:
                _without_infinities(values[:, column])


def known_bars(bars: Bars) -> np.ndarray:
    """Which bars have a number for every price, the volume and the factor, bool, one per bar."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.factor)
    known = np.ones(len(bars), dtype=bool)
    for column in columns:
        if not np.isfinite(column.sum()):  # cheap; a sum that overflows is looked at again
            known &= np.isfinite(column)
    return known


def _fill_known(
    values: np.ndarray,
    columns: Iterable[int],
    bars: Bars,
    known: np.ndarray,
    names: tuple[str, ...],
    surroundings: Surroundings,
) -> None:
    """As `fill`, for bars some of which are none: computed without them."""
    places = np.array(list(columns), dtype=np.intp)
    rows = np.flatnonzero(known[len(bars) - len(values) :])
    found = np.empty((len(rows), len(names)), order="F")
    fill(found, range(len(names)), bars.take(known), names, surroundings)
    values[:, places] = np.nan
    values[np.ix_(rows, places)] = found


def _without_infinities(column: np.ndarray) -> None:
    column[np.isinf(column)] = np.nan


@lru_cache(maxsize=32)
def _uses(names: tuple[str, ...]) -> Mapping[Any, int]:
    """How often these features ask for each shared array, found by computing them on one bar.

    Without it a long history would keep a hundred arrays of its length until the end.
    """
    features, one = catalogue(), np.ones(1)
    context = Context(Bars.build(Series("ONE", Timeframe.DAY), np.zeros(1, TIME), one, one, one, one, one))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for name in names:
            features[name].values(context)
    return context.uses
