"""Windows of twenty bars: the bars are stacked once, a window is cut when it is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from trimtab.bars import Bars
from trimtab.errors import NotEnoughDataError
from trimtab.market import Series
from trimtab.models.candlestick_network.patterns import rule_labels

WINDOW = 20  # bars; the rules look back 13 at most, so a window holds all they read
COLUMNS = ("open", "high", "low", "close", "volume")
HIGH, LOW, CLOSE, VOLUME = 1, 2, 3, 4
# Beyond it a bar is far away, and how far no longer matters: an unadjusted split must not drown the rest.
FARTHEST_PRICE, LARGEST_VOLUME = 30.0, 10.0


@dataclass(frozen=True)
class Windows:
    """m windows over the bars of many series; no window holds bars of two series.

    An absent bar (a weekend, an outage) is no boundary: the rules count bars, and so do windows.

    Attributes
    ----------
    bars: adjusted bars of all series below one another, float64, shape (N, 5), columns as `COLUMNS`.
    time: open of each of them, `datetime64[us]`, UTC, shape (N,).
    last: row of the newest bar of each window, int64, shape (m,).
    labels: what the rules say of it, bool, shape (m, 15), columns as `PATTERNS`.
    code: which of `series` each window belongs to, int64, shape (m,).
    series: the series, in the order they were given.
    """

    bars: np.ndarray
    time: np.ndarray
    last: np.ndarray
    labels: np.ndarray
    code: np.ndarray
    series: tuple[Series, ...]

    def __len__(self) -> int:
        return len(self.last)

    @property
    def first_time(self) -> np.ndarray:
        """Open of the oldest bar of each window."""
        return self.time[self.last - (WINDOW - 1)]

    @property
    def event_time(self) -> np.ndarray:
        """Open of the newest bar of each window, the one a pattern ends at."""
        return self.time[self.last]

    def take(self, rows: np.ndarray) -> Windows:
        """Some of the windows over the same bars, which are not copied."""
        return replace(self, last=self.last[rows], labels=self.labels[rows], code=self.code[rows])

    def cut(self, rows: np.ndarray) -> np.ndarray:
        """The bars of some windows, float64, shape (b, 20, 5), oldest first."""
        return self.bars[self.last[rows][:, None] + np.arange(1 - WINDOW, 1)]


def windows_of(bars: Iterable[Bars]) -> Windows:
    """Every window of every series that ends at one of its bars, labelled by the rules.

    Parameters
    ----------
    bars: accepted bars of one series each, strictly increasing in `event_time`. Series of fewer than 20
        bars have no window; `NotEnoughDataError` when none has.
    """
    given = [each for each in bars if len(each) >= WINDOW]
    if not given:
        raise NotEnoughDataError(f"no series has {WINDOW} bars, the length of a window; give longer bars")
    offsets = np.cumsum([0, *map(len, given)])
    ends = [np.arange(WINDOW - 1, len(each)) for each in given]
    return Windows(
        bars=np.concatenate([_table(each) for each in given]),
        time=np.concatenate([each.event_time for each in given]),
        last=np.concatenate([offset + end for offset, end in zip(offsets, ends, strict=False)]),
        labels=np.concatenate([rule_labels(each)[WINDOW - 1 :] for each in given]),
        code=np.repeat(np.arange(len(given)), [len(end) for end in ends]),
        series=tuple(each.series for each in given),
    )


def normalised(windows: np.ndarray) -> np.ndarray:
    """Windows without units, float32, shape (b, 5, 20): what the models read.

    Prices become their distance from the last close in units of the mean high-low range of the window,
    so neither the unit nor the level of a price is left; no rule looks at those either. Volume becomes its
    relation to the mean volume of the window, less one. Both are clipped (`FARTHEST_PRICE`,
    `LARGEST_VOLUME`). Where no bar has a range the mean change of the close stands in for it. A window
    with a value that is NaN or infinite is NaN throughout.

    >>> flat = np.tile([10.0, 11.0, 9.0, 10.0, 500.0], (1, 20, 1))
    >>> normalised(flat)[0, :, -1].tolist()
    [0.0, 0.5, -0.5, 0.0, 0.0]
    """
    known = np.isfinite(windows).all(axis=(1, 2))
    rows = np.where(known[:, None, None], windows, 1.0)
    out = np.empty((len(rows), len(COLUMNS), WINDOW), dtype=np.float32)
    distance = (rows[:, :, :VOLUME] - rows[:, -1:, CLOSE, None]) / _unit(rows)[:, None, None]
    out[:, :VOLUME] = np.clip(distance, -FARTHEST_PRICE, FARTHEST_PRICE).transpose(0, 2, 1)
    volume = rows[:, :, VOLUME]
    mean = volume.mean(axis=1, keepdims=True)
    relation = np.divide(volume, mean, out=np.ones_like(volume), where=mean > 0.0)
    out[:, VOLUME] = np.clip(relation - 1.0, -1.0, LARGEST_VOLUME)
    out[~known] = np.nan
    return out


def _unit(rows: np.ndarray) -> np.ndarray:
    """What prices of a window are measured in, shape (b,); 1 where the price never moved."""
    range_ = (rows[:, :, HIGH] - rows[:, :, LOW]).mean(axis=1)
    moved = np.abs(np.diff(rows[:, :, CLOSE], axis=1)).mean(axis=1)
    unit = np.where(range_ > 0.0, range_, moved)
    return np.where(unit > 0.0, unit, 1.0)


def _table(bars: Bars) -> np.ndarray:
    adjusted = bars.adjusted()
    return np.column_stack([getattr(adjusted, name) for name in COLUMNS])
