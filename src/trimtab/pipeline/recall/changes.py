"""What happened to the bars of a span: restated, late, corrected by an action, refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.bars.quarantine import Quarantine, QuarantinedBar
from trimtab.bars.restatements import late_bars
from trimtab.bars.schema import PRICES
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime, as_time
from trimtab.market import Series
from trimtab.pipeline.recall.report import ChangedBar, QuarantinedInSpan

_VALUES = (*PRICES, "volume", "factor")
_DAY = timedelta(days=1)


def changes_in(store: BarStore, series: Series, start: datetime, end: datetime) -> list[ChangedBar]:
    """Restated and late bars, and actions told late or differently, by known time.

    A bar counts when any of it lies in the span, an action when its ex-date does.
    """
    versions, length = store.versions(series), series.timeframe.duration
    found = [change for change in _late(versions) if overlaps(change.event_time, length, start, end)]
    found += _restated(versions, start, end)
    found += [change for change in _actions(store, series) if overlaps(change.event_time, _DAY, start, end)]
    return sorted(found, key=lambda change: (change.known_time, change.event_time))


def overlaps(event_time: datetime, length: timedelta, start: datetime, end: datetime) -> bool:
    """Whether a bar of a length has any part in a span, both ends of which belong to it.

    >>> day, noon = datetime(2024, 1, 2), datetime(2024, 1, 2, 12)
    >>> overlaps(day, timedelta(days=1), noon, noon), overlaps(day, timedelta(hours=1), noon, noon)
    (True, False)
    """
    return event_time <= end and event_time + length > start


def overlapping(event_time: np.ndarray, series: Series, start: datetime, end: datetime) -> np.ndarray:
    """As `overlaps`, for many bars of a series; bool, one per time."""
    within: np.ndarray = (event_time <= as_time(end)) & (event_time + series.timeframe.duration_us > as_time(start))
    return within


def late_changes(store: BarStore, series: Series) -> list[ChangedBar]:
    """Every late bar of a series, whenever it opened."""
    return list(_late(store.versions(series)))


def _restated(versions: Bars, start: datetime, end: datetime) -> Iterator[ChangedBar]:
    """Each later version beside the one before it."""
    is_later = np.zeros(len(versions), bool)
    is_later[1:] = versions.event_time[1:] == versions.event_time[:-1]
    in_span = overlapping(versions.event_time, versions.series, start, end)
    for at in np.flatnonzero(is_later & in_span).tolist():
        yield ChangedBar(
            changed=tuple(name for name in _VALUES if _differs(getattr(versions, name), at)),
            close_before=float(versions.close[at - 1]),
            close=float(versions.close[at]),
            **_when(versions, at),
        )


def _differs(values: np.ndarray, at: int) -> bool:
    return bool(values[at] != values[at - 1]) and not np.isnan(values[[at - 1, at]]).all()


def _late(versions: Bars) -> Iterator[ChangedBar]:
    is_first = np.ones(len(versions), bool)
    is_first[1:] = versions.event_time[1:] != versions.event_time[:-1]
    first = versions.take(is_first)
    for at in np.flatnonzero(late_bars(first, np.zeros(len(first), bool))).tolist():
        yield ChangedBar(changed=("late",), close=float(first.close[at]), **_when(first, at))


def _when(bars: Bars, at: int) -> dict[str, Any]:
    times = {name: as_datetime(getattr(bars, name)[at]) for name in ("event_time", "known_time", "received_time")}
    return {"series": bars.series.key, **times}


def _actions(store: BarStore, series: Series) -> Iterator[ChangedBar]:
    """Actions that were known only after they took effect: they changed factors of the past."""
    told: Actions = store.actions.history(series.instrument_id)
    for at in np.flatnonzero(told.known_time > told.ex_time).tolist():
        yield ChangedBar(
            series=series.key,
            event_time=as_datetime(told.ex_time[at]),
            known_time=as_datetime(told.known_time[at]),
            received_time=as_datetime(told.received_time[at]),
            changed=(str(told.kind[at]),),
        )


def refused_in(
    quarantine: Quarantine, series: Series, stored: np.ndarray, start: datetime, end: datetime
) -> list[QuarantinedInSpan]:
    """Refused bars with any part in a span, each once with all its reasons, in the order they came.

    `stored`: event times of the accepted bars, `datetime64[us]`.
    """
    states = quarantine.states(series)
    by_bar: dict[str, list[QuarantinedBar]] = {}
    for kept in quarantine.list(series):
        if kept.event_time is not None and overlaps(kept.event_time, series.timeframe.duration, start, end):
            by_bar.setdefault(kept.bar, []).append(kept)
    return [
        QuarantinedInSpan(
            series=series.key,
            event_time=kept[0].event_time or start,
            received_time=kept[0].received_time,
            checks=tuple(each.check for each in kept),
            state=states[bar],
            is_stored=bool(np.isin(as_time(kept[0].event_time or start), stored)),
        )
        for bar, kept in by_bar.items()
    ]
