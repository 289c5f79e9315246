"""From shorter bars to longer ones, never across two sessions."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np

from trimtab.bars.actions.adjust import shares_held
from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import PRICES, TIME, Bars
from trimtab.bars.times import as_datetime, as_time
from trimtab.errors import ConfigurationError, SchemaError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar
from trimtab.market.sessions import Spans, week_of

_TICK = np.timedelta64(1, "us")
_DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
# No exchange has been closed for longer in living memory.
_LONGEST_CLOSURE = np.timedelta64(31, "D")
# Factors of a source that divides a rounded adjusted close by a close differ by this much without
# meaning it; then a high stays the price that was traded. The smallest dividends are a hundred times as large.
_ROUNDING = 1e-6
_TIMEFRAMES = sorted(Timeframe, key=lambda timeframe: timeframe.duration)


def resample(
    bars: Bars, timeframe: Timeframe, calendar: SessionCalendar, *, until: datetime, actions: Actions | None = None
) -> Bars:
    """Longer bars of the same instrument, each made of the bars that begin in it.

    Intraday bars step from the open of each session (with `24/7` from 00:00 UTC) and from the end of
    its break; the last one before a close may be shorter. A daily bar carries the date of its
    session at 00:00 UTC, a weekly bar the Monday of its week. Intraday bars outside every session
    (pre-market, after hours) belong to no longer bar; `n_outside` counts them. Resampling in several steps
    (1m to 5m to 1h) gives what resampling in one step gives.

    Open is the first, high the highest, low the lowest, close the last price, volume the sum. Where
    the factor changes within a bar, prices and volume are put on the level of its last bar first.
    `known_time` is when the last part of the bar was known, and not before the bar is over;
    `received_time` that of the part received last.

    Parameters
    ----------
    bars: one series by time, no time twice, as `BarStore.stored` returns them.
    timeframe: longer than that of the bars.
    calendar: the sessions the instrument trades in.
    until: bars that are not over by then are left out. `complete_until` says how far bars reach.
    actions: of the instrument, where its prices are as traded. A week with a split is told in the
        shares of its end throughout, as `trimtab.bars.actions.adjust` reads it. Dividends change nothing
        here: open and high of a week may be from before a dividend that its close is after.

    Raises `ConfigurationError` for a timeframe that is not longer and for bars that straddle two
    longer ones (hours from 10:00 in sessions from 09:30), `SchemaError` for bars that are not in order.

    >>> from datetime import UTC
    >>> times = np.datetime64("2024-01-01", "us") + np.arange(36) * np.timedelta64(3_600_000_000, "us")
    >>> price = np.arange(36.0)
    >>> hours = Bars.build(Series("BTC-USDT", Timeframe.HOUR), times, price, price, price, price, price)
    >>> days = resample(hours, Timeframe.DAY, SessionCalendar("24/7"), until=datetime(2024, 1, 2, 12, tzinfo=UTC))
    >>> days.open.tolist(), days.close.tolist(), days.volume.tolist()
    ([0.0], [23.0], [276.0])
    """
    series = _longer(bars.series, timeframe)
    _refuse_disorder(bars)
    members = _members(bars, timeframe, calendar)
    members = members.take(members.end <= as_time(until))
    if len(members.row) == 0:
        return Bars.empty(series)
    parts = bars.take(members.row)
    if actions is not None and timeframe is Timeframe.WEEK:
        parts = _scaled(parts, _shares_of_the_end(members, actions))
    return _combined(series, parts, members)


def n_outside(bars: Bars, calendar: SessionCalendar) -> int:
    """How many intraday bars lie outside every session, and so in no longer bar; 0 for daily bars."""
    if bars.series.timeframe in (Timeframe.DAY, Timeframe.WEEK):
        return 0
    _, overlaps = calendar.spans_around(bars.event_time).at(bars.event_time, bars.series.timeframe.duration_us)
    return int((~overlaps).sum())


def complete_until(bars: Bars, calendar: SessionCalendar, now: datetime) -> datetime:
    """Until when the bars are all there, at most `now`: the next time at which one is expected.

    A longer bar that ends after it still lacks parts, even when it is over: they have not been
    fetched, or their source publishes late. After the last bar of a session that is the next open,
    so the day is complete. After a last bar that had no trade it is the next open, too, but only once a
    later bar has come.

    >>> from datetime import UTC
    >>> times = np.array(["2024-03-08T20:58", "2024-03-08T20:59"], "datetime64[us]")
    >>> bars = Bars.build(Series("AAPL", Timeframe.MINUTE), times, *(np.ones(2) for _ in range(5)))
    >>> complete_until(bars, SessionCalendar("XNYS"), datetime(2024, 3, 31, tzinfo=UTC)).isoformat()
    '2024-03-11T13:30:00+00:00'
    """
    if len(bars) == 0:
        return now
    last = bars.event_time[-1]
    _, latest = calendar.known_days()
    horizon = min(last + _LONGEST_CLOSURE, latest.astype(TIME))
    recent = bars.event_time[bars.event_time >= last - _LONGEST_CLOSURE]
    phase = calendar.phase_of(bars.series, recent) if bars.series.timeframe.duration_us < _DAY else None
    expected = calendar.expected_event_times(bars.series, last + _TICK, horizon, phase)
    return min(now, as_datetime(expected[0])) if len(expected) else now


class _Members(NamedTuple):
    """The bars that become part of a longer one.

    `row` of the bar, `label` of its session, `begin` and `end` of the longer bar.
    """

    row: np.ndarray
    label: np.ndarray
    begin: np.ndarray
    end: np.ndarray

    def take(self, selection: np.ndarray) -> _Members:
        return _Members(*(column[selection] for column in self))


def _longer(series: Series, timeframe: Timeframe) -> Series:
    if timeframe.duration <= series.timeframe.duration or timeframe.duration % series.timeframe.duration:
        longer = [each.value for each in _TIMEFRAMES if each.duration > series.timeframe.duration]
        possible = f"{series.timeframe} bars can become {', '.join(longer)}" if longer else "there are no longer bars"
        raise ConfigurationError(
            f"{series} cannot be resampled to {timeframe}: what happened within a bar is not known; {possible}"
        )
    return Series(series.instrument_id, timeframe)


def _refuse_disorder(bars: Bars) -> None:
    times = bars.event_time
    # A time that is missing compares as false.
    wrong = np.flatnonzero(~(times[1:] > times[:-1]))
    if len(wrong) or np.isnat(times).any():
        where = f" after {times[wrong[0]]}" if len(wrong) else ""
        raise SchemaError(
            f"{bars.series}: only bars by time, each time once, can be resampled, which fails{where}; "
            "judge and store them first"
        )


def _members(bars: Bars, timeframe: Timeframe, calendar: SessionCalendar) -> _Members:
    if bars.series.timeframe is Timeframe.DAY:
        dates = bars.event_time.astype("datetime64[D]").astype(TIME)
        return _of_dates(np.arange(len(bars)), dates, timeframe)
    spans, step = calendar.spans_around(bars.event_time), bars.series.timeframe.duration_us
    position, overlaps = spans.at(bars.event_time, step)
    rows, spans = np.flatnonzero(overlaps), spans.take(position[overlaps])
    if timeframe.duration_us >= _DAY:
        return _of_dates(rows, spans.label, timeframe)
    return _Members(rows, spans.label, *_steps_of(bars, rows, spans, timeframe))


def _of_dates(rows: np.ndarray, labels: np.ndarray, timeframe: Timeframe) -> _Members:
    begin = labels if timeframe is Timeframe.DAY else week_of(labels)
    # The contract on time: a day is usable a day after its date, whenever its session closed.
    return _Members(rows, labels, begin, begin + timeframe.duration_us)


def _steps_of(bars: Bars, rows: np.ndarray, spans: Spans, timeframe: Timeframe) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of the step of its session in which each bar of `rows` begins."""
    length = timeframe.duration_us
    # A bar may begin before the open (10:00 is in the hour from 09:30 on) and end after the close.
    begins = np.maximum(bars.event_time[rows], spans.open)
    ends = np.minimum(bars.event_time[rows] + bars.series.timeframe.duration_us, spans.close)
    begin = begins - (begins - spans.open) % length
    end = np.minimum(begin + length, spans.close)
    straddles = np.flatnonzero(ends > end)
    if len(straddles):
        first = straddles[0]
        raise ConfigurationError(
            f"{bars.series} cannot be resampled to {timeframe}: the bar at {_moment(bars.event_time[rows[first]])} "
            f"lies partly after {_moment(end[first])}, in steps from the open at {_moment(spans.open[first])}; "
            "begin with shorter bars, resample to 1d, or name another calendar"
        )
    return begin, end


def _combined(series: Series, parts: Bars, members: _Members) -> Bars:
    """One bar for each run of parts with the same begin."""
    is_first = np.r_[True, members.begin[1:] != members.begin[:-1]]
    starts = np.flatnonzero(is_first)
    lasts = np.r_[starts[1:], len(parts)] - 1
    level = _scaled(parts, _relative(parts.factor, np.repeat(parts.factor[lasts], lasts - starts + 1)))
    return Bars(
        series=series,
        event_time=members.begin[starts],
        open=level.open[starts],
        high=np.maximum.reduceat(level.high, starts),
        low=np.minimum.reduceat(level.low, starts),
        close=level.close[lasts],
        volume=_decimal(np.add.reduceat(level.volume, starts)),
        factor=parts.factor[lasts],
        known_time=np.maximum(np.maximum.reduceat(parts.known_time, starts), members.end[starts]),
        received_time=np.maximum.reduceat(parts.received_time, starts),
    )


def _decimal(sums: np.ndarray) -> np.ndarray:
    """Sums to fifteen significant digits: decimal amounts, which floats cannot add exactly, come out the same in any order."""
    size = np.floor(np.log10(np.where(sums > 0, sums, 1.0)))
    scale = 10.0 ** (14 - size)
    decimal: np.ndarray = np.where(np.isfinite(scale), np.round(sums * scale) / scale, sums)
    return decimal


def _relative(factor: np.ndarray, last: np.ndarray) -> np.ndarray:
    relative = factor / last
    return np.where(np.abs(relative - 1.0) < _ROUNDING, 1.0, relative)


def _shares_of_the_end(members: _Members, actions: Actions) -> np.ndarray:
    """Per part, what of it is one share of the end of its longer bar: 0.25 before a split of four for one, else 1."""
    by: np.ndarray = shares_held(actions, members.label) / shares_held(actions, members.end - _TICK)
    return by


def _scaled(bars: Bars, by: np.ndarray) -> Bars:
    """Prices times and volume divided by a number per bar; the factor stays."""
    if (by == 1.0).all():
        return bars
    arrays = dict(bars.arrays())
    for name in PRICES:
        arrays[name] = arrays[name] * by
    arrays["volume"] = bars.volume / by
    return Bars(bars.series, **arrays)


def _moment(time: np.datetime64) -> str:
    return f"{time.astype('datetime64[m]')}Z"
