"""Which bar is meant: an id made of its series, its time and its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from trimtab.bars.schema import PRICES, Bars
from trimtab.storage.hashing import sha256_bytes

_WORDS = 1 + len(PRICES) + 1  # time, prices, volume: eight bytes each
_SHORTEST = 7


def bar_ids(bars: Bars, rows: Sequence[int] | np.ndarray | None = None) -> list[str]:
    """A hash of series, event time, prices and volume per bar: 16 hexadecimal digits.

    NaN is a value like another, so a bar without prices has an id too. The factor is left out: it
    belongs to a vintage of the adjustment, and the next dividend must not make another bar of it.

    Parameters
    ----------
    rows: positions of the bars that are wanted; all when absent.

    >>> from trimtab.market import Series, Timeframe
    >>> day, one = np.array(["2020-01-02"], "datetime64[us]"), np.array([1.0])
    >>> bar_ids(Bars.build(Series("A", Timeframe.DAY), day, one, one, one, one, one))
    ['2352a74e7dc5df04']
    """
    chosen = bars if rows is None else bars.take(np.asarray(rows, dtype=np.int64))
    values = np.column_stack([*(getattr(chosen, name) for name in PRICES), chosen.volume]).astype("<f8")
    # One NaN and one zero, so that the bits a parser chose do not matter.
    values[np.isnan(values)] = np.nan
    values += 0.0
    words = np.empty((len(chosen), _WORDS), "<i8")
    words[:, 0] = chosen.event_time.astype("<M8[us]").view("<i8")
    words[:, 1:] = values.view("<i8")
    series, content, width = chosen.series.key.encode(), words.tobytes(), 8 * _WORDS
    return [sha256_bytes(series + content[at : at + width])[:16] for at in range(0, len(content), width)]


def short_ids(ids: Collection[str]) -> dict[str, str]:
    """Every id and its shortest beginning that still tells all of them apart, seven digits at least.

    >>> short_ids(["aaaabbbbc", "aaaabbbbd"])
    {'aaaabbbbc': 'aaaabbbbc', 'aaaabbbbd': 'aaaabbbbd'}
    """
    distinct = set(ids)
    length = _SHORTEST
    while len({each[:length] for each in distinct}) < len(distinct):
        length += 1
    return {each: each[:length] for each in ids}
