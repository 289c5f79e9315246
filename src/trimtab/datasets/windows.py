"""Which bars a sample was made from: the span its features and its label read.

From a bar that turns out to be bad this leads to the samples that saw it. Only the times of the
samples are read, never their features, so that many datasets can be asked at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.config.strategy import Label
from trimtab.features.catalogue import catalogue
from trimtab.storage.lake import Lake

_COLUMNS = ["instrument_id", "event_time", "decision_time", "label_end"]


@dataclass(frozen=True)
class Reach:
    """How many bars a sample reads around the bar it ends at.

    Attributes
    ----------
    lookback: bars before it without which a feature or the naive forecast has no number.
    memory: bars before it that still move some number by more than 1e-9; at least `lookback`.
        A moving average that never quite forgets has a memory much longer than its look-back.
    horizon: bars after it that the label of the longest horizon may look at; one that touches a barrier
        looks no further than that.
    """

    lookback: int
    memory: int
    horizon: int


def reach_of(features: Sequence[str], label: Label, window: int = 1) -> Reach:
    """How far samples of these features and this label reach, for a model that looks at `window` bars at once.

    A feature that the catalogue does not have any more counts as the one that reaches furthest, so
    that an old dataset is rather called touched once too often.

    >>> reach_of(["return_5"], Label(kind="direction", horizons=(3,)))
    Reach(lookback=5, memory=5, horizon=3)
    >>> reach_of(["return_5"], Label(kind="direction", horizons=(3,)), window=20)
    Reach(lookback=24, memory=24, horizon=3)
    """
    known = catalogue()
    names = list(known) if set(features) - set(known) else features
    earlier = window - 1  # bars before the newest whose features are read too; the label has no window
    lookback = max([known[name].lookback + earlier for name in names] + [_label_lookback(label)])
    memory = max([known[name].warmup + earlier for name in names] + [lookback])
    return Reach(lookback, memory, max(label.horizons))


def _label_lookback(label: Label) -> int:
    """Bars before the decision that the label's threshold and its naive forecast read."""
    longest = max(label.horizons)
    match label.kind:
        case "volatility_regime":
            return label.memory - 1 + longest
        case "direction":
            return longest
        case "triple_barrier":
            return max(label.volatility_window, longest)
        case "forward_return":
            return 0


@dataclass(frozen=True)
class SampleTimes:
    """When the samples of a stored dataset were, one element per sample.

    Attributes
    ----------
    instruments: the instrument ids.
    instrument: position in `instruments`, int32, shape (n,).
    event_time: open of the bar a sample ends at, `datetime64[us]`, UTC.
    decision_time: when it could be used.
    label_end: when its label was realised.
    """

    instruments: tuple[str, ...]
    instrument: np.ndarray
    event_time: np.ndarray
    decision_time: np.ndarray
    label_end: np.ndarray

    def __len__(self) -> int:
        return len(self.event_time)

    def of(self, instrument_id: str) -> SampleTimes:
        """The samples of one instrument; none where it has none."""
        code = self.instruments.index(instrument_id) if instrument_id in self.instruments else -1
        own = self.instrument == code
        times = {name: getattr(self, name)[own] for name in _COLUMNS[1:]}
        return SampleTimes(self.instruments, self.instrument[own], **times)


def read_sample_times(lake: Lake, fingerprint: str) -> SampleTimes:
    """When the samples of a stored dataset were; no other column of it is read."""
    table = lake.tables.read(f"datasets/{fingerprint}/samples", columns=_COLUMNS)
    instrument = table["instrument_id"].unify_dictionaries().combine_chunks()
    times = {name: table[name].to_numpy().astype(TIME) for name in _COLUMNS[1:]}
    return SampleTimes(tuple(instrument.dictionary.to_pylist()), instrument.indices.to_numpy(), **times)


@dataclass(frozen=True)
class Windows:
    """The bars that some samples read, by the opens of the first and the last one.

    Attributes
    ----------
    first, last: `datetime64[us]`, UTC, shape (n,), both included.
    """

    first: np.ndarray
    last: np.ndarray

    def touched_by(self, times: np.ndarray) -> np.ndarray:
        """Whether a window holds any of some bars, given by their opens in order; bool, shape (n,)."""
        return np.searchsorted(times, self.last, "right") > np.searchsorted(times, self.first, "left")

    def spanned_by(self, times: np.ndarray) -> np.ndarray:
        """Whether a window holds any of some bars and also the bar before it: a ratio of the two."""
        return np.searchsorted(times, self.last, "right") > np.searchsorted(times, self.first, "right")

    def ending_by(self, opens: np.ndarray) -> Windows:
        """The same windows, none of them going on after its own time in `opens`; NaT is no limit."""
        return Windows(self.first, np.fmin(self.last, opens))

    def overlaps(self, start: np.datetime64, end: np.datetime64) -> np.ndarray:
        """Whether a window and the span from `start` to `end`, both included, have a time in common."""
        overlap: np.ndarray = (self.first <= end) & (self.last >= start)
        return overlap


def windows(samples: np.ndarray, bars: np.ndarray, n_before: int, n_after: int) -> Windows:
    """The windows of samples that end at the bars opening at `samples`.

    Parameters
    ----------
    samples: opens of the bars the samples end at, in any order, `datetime64[us]`, shape (n,).
    bars: opens of the bars of the series as the samples saw it, increasing, shape (m,), m > 0.
    n_before, n_after: how many bars around it each of them reads.

    >>> days = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]").astype("datetime64[us]")
    >>> found = windows(days[[0, 5]], days, n_before=2, n_after=1)
    >>> found.first.astype("datetime64[D]").tolist(), found.last.astype("datetime64[D]").tolist()
    ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 4)], [datetime.date(2020, 1, 2), datetime.date(2020, 1, 7)])
    """
    at = np.searchsorted(bars, samples)
    first = bars[np.clip(at - n_before, 0, len(bars) - 1)]
    return Windows(first, bars[np.minimum(at + n_after, len(bars) - 1)])
