"""When a market is open: sessions, their hours, and the times at which a series should have a bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trimtab.market.exchanges import ExchangeSessions, exchange_sessions, known_days
from trimtab.market.series import Series
from trimtab.market.timeframe import Timeframe

ROUND_THE_CLOCK = "24/7"
WEEKDAYS = "weekdays"
# Of the two, only the days are known; a session lasts as long as its UTC day.
_WITHOUT_EXCHANGE = (ROUND_THE_CLOCK, WEEKDAYS)
_TIME = np.dtype("datetime64[us]")
_DAY = np.dtype("datetime64[D]")
_ONE_DAY = np.timedelta64(86_400_000_000, "us")
# A session may open on the day before its label or close on the day after it.
_AROUND = np.timedelta64(2, "D")


class Spans(NamedTuple):
    """Spans of trading, one element per span, sorted and apart from each other.

    Attributes
    ----------
    label: the date of the session at 00:00 UTC, `datetime64[us]`.
    open, close: first moment of the span and first moment after it, UTC, `datetime64[us]`.
    """

    label: np.ndarray
    open: np.ndarray
    close: np.ndarray

    def take(self, selection: np.ndarray) -> Spans:
        """The spans at some positions, by mask or indices."""
        return Spans(self.label[selection], self.open[selection], self.close[selection])

    def at(self, event_time: np.ndarray, duration: np.timedelta64) -> tuple[np.ndarray, np.ndarray]:
        """For each bar the first span it overlaps, and whether it overlaps any.

        `duration` is the length of a bar, so one that begins before the open and ends after it belongs to the span.
        """
        if len(self.open) == 0:
            return np.zeros(len(event_time), np.intp), np.zeros(len(event_time), bool)
        ahead = np.searchsorted(self.close, event_time, side="right")
        position = np.minimum(ahead, len(self.open) - 1)
        overlaps = (ahead < len(self.open)) & (self.open[position] < event_time + duration)
        return position, overlaps


@dataclass(frozen=True)
class SessionCalendar:
    """The sessions of a market, named by their date at 00:00 UTC.

    `24/7` is open every UTC day around the clock. `weekdays` is open Monday to Friday: an exchange
    whose holidays and hours are not known. Any other name is an exchange of the package
    exchange-calendars (XNYS, XLON, XTKS, ...) with its holidays, half days, breaks and daylight
    saving. Names that people write are read by `parse_calendar`.

    >>> christmas = np.datetime64("2019-12-23", "us"), np.datetime64("2019-12-27", "us")
    >>> len(SessionCalendar("XNYS").sessions(*christmas)), len(SessionCalendar("24/7").sessions(*christmas))
    (4, 5)
    """

    name: str

    @property
    def knows_hours(self) -> bool:
        """Whether it says when a session opens and closes; `weekdays` only says on which days."""
        return self.name != WEEKDAYS

    def known_days(self) -> tuple[np.datetime64, np.datetime64]:
        """First and last date for which sessions are known, `datetime64[D]`; asking for others is refused."""
        if self.name in _WITHOUT_EXCHANGE:
            return np.datetime64("0001-01-01"), np.datetime64("9999-12-31")
        return known_days(self.name)

    def sessions(self, start: np.datetime64, end: np.datetime64) -> np.ndarray:
        """Session dates from `start` to `end`, both included, `datetime64[us]`.

        Raises `ConfigurationError` for years the calendar does not know.
        """
        return self.session_spans(start, end).label

    def session_spans(self, start: np.datetime64, end: np.datetime64) -> Spans:
        """Date, open and close of the sessions whose date lies from `start` to `end`, both included.

        >>> half_day = np.datetime64("2023-11-24", "us")
        >>> [str(time[0])[:16] for time in SessionCalendar("XNYS").session_spans(half_day, half_day)]
        ['2023-11-24T00:00', '2023-11-24T14:30', '2023-11-24T18:00']
        """
        table = self._table(start, end)
        return Spans(table.label, table.open, table.close)

    def trading_spans(self, start: np.datetime64, end: np.datetime64) -> Spans:
        """As `session_spans`, with a session that pauses at midday (Tokyo, Hong Kong) in two spans."""
        table = self._table(start, end)
        pauses = ~np.isnat(table.break_start)
        spans = Spans(
            np.concatenate([table.label, table.label[pauses]]),
            np.concatenate([table.open, table.break_end[pauses]]),
            np.concatenate([np.where(pauses, table.break_start, table.close), table.close[pauses]]),
        )
        return spans.take(np.argsort(spans.open, kind="stable")) if pauses.any() else spans

    def spans_around(self, event_time: np.ndarray) -> Spans:
        """The trading spans that bars at these times can belong to; those of unknown years are left out."""
        first, last = self.known_days()
        # A time that is missing compares as false.
        known = event_time[(event_time >= first) & (event_time < last + 1)]
        if len(known) == 0:
            return Spans(*(np.empty(0, _TIME) for _ in range(3)))
        return self._spans_between(known.min(), known.max())

    def session_of(self, event_time: np.ndarray) -> np.ndarray:
        """The date of the session that trades at each time, NaT where the market is closed or pauses.

        For moments; a daily bar bears the date of its session already.

        >>> times = np.array(["2024-03-08T14:29", "2024-03-08T14:30", "2024-03-08T21:00"], "datetime64[us]")
        >>> SessionCalendar("XNYS").session_of(times).astype("datetime64[D]").astype(str).tolist()
        ['NaT', '2024-03-08', 'NaT']
        """
        spans = self.spans_around(event_time)
        labels = np.full(len(event_time), np.datetime64("NaT"), _TIME)
        position, trades = spans.at(event_time, np.timedelta64(1, "us"))
        labels[trades] = spans.label[position[trades]]
        return labels

    def expected_event_times(
        self, series: Series, start: np.datetime64, end: np.datetime64, phase: np.timedelta64 | None = None
    ) -> np.ndarray:
        """Times from `start` to `end`, both included, at which the series should have a bar.

        Daily bars are expected at every session, weekly ones at the Monday of every week with a
        session. Intraday bars are expected in steps from the open of every session to its close, and
        from the end of its break; the last one before a close may be shorter (15:30 of hourly
        bars in New York). Some sources step through the UTC day instead: then `phase`
        is how far their bars begin after whole steps, and every step of which at least half is
        traded is expected. Raises `ConfigurationError` for years the calendar does not know.

        >>> hours = Series("AAPL", Timeframe.HOUR)
        >>> day = np.datetime64("2023-11-24", "us"), np.datetime64("2023-11-25", "us")
        >>> [str(time)[11:16] for time in SessionCalendar("XNYS").expected_event_times(hours, *day)]
        ['14:30', '15:30', '16:30', '17:30']
        """
        start, end = start.astype(_TIME), end.astype(_TIME)
        if series.timeframe is Timeframe.DAY:
            return self.sessions(start, end)
        if series.timeframe is Timeframe.WEEK:
            monday = week_of(np.array([start]))[0]
            weeks = np.unique(week_of(self.sessions(monday, end)))
            return weeks[weeks >= start]
        if end < start:
            return np.empty(0, _TIME)
        step = series.timeframe.duration_us
        spans = self._spans_between(start, end)
        times = _steps(spans, step) if phase is None else _steps_of_the_clock(spans, step, phase)
        return times[np.searchsorted(times, start) : np.searchsorted(times, end, side="right")]

    def phase_of(self, series: Series, event_time: np.ndarray) -> np.timedelta64 | None:
        """How intraday bars step: None from the open of a session, else their usual offset to the UTC clock.

        >>> clock = np.array(["2024-03-08T15:00", "2024-03-08T16:00"], "datetime64[us]")
        >>> SessionCalendar("XNYS").phase_of(Series("AAPL", Timeframe.HOUR), clock)
        np.timedelta64(0,'us')
        """
        spans, step = self.spans_around(event_time), series.timeframe.duration_us
        position, trades = spans.at(event_time, np.timedelta64(1, "us"))
        if not trades.any():
            return None
        inside = event_time[trades]
        if ((inside - spans.open[position[trades]]) % step == np.timedelta64(0, "us")).mean() >= 0.5:
            return None
        offsets, counts = np.unique((inside - _epoch()) % step, return_counts=True)
        usual: np.timedelta64 = offsets[np.argmax(counts)]
        return usual

    def _spans_between(self, start: np.datetime64, end: np.datetime64) -> Spans:
        """The trading spans that may overlap a span; only those around it may lie in unknown years."""
        first, last = self.known_days()
        from_day, to_day = start.astype(_DAY), end.astype(_DAY)
        begin = min(from_day, max(from_day - _AROUND, first))
        return self.trading_spans(begin.astype(_TIME), max(to_day, min(to_day + _AROUND, last)).astype(_TIME))

    def _table(self, start: np.datetime64, end: np.datetime64) -> ExchangeSessions:
        start, end = start.astype(_TIME), end.astype(_TIME)
        if end < start:
            return ExchangeSessions(*(np.empty(0, _TIME) for _ in range(5)))
        if self.name in _WITHOUT_EXCHANGE:
            return self._whole_days(start, end)
        table = exchange_sessions(self.name, start.astype(_DAY), end.astype(_DAY))
        chosen = slice(np.searchsorted(table.label, start), np.searchsorted(table.label, end, side="right"))
        return ExchangeSessions(*(column[chosen] for column in table))

    def _whole_days(self, start: np.datetime64, end: np.datetime64) -> ExchangeSessions:
        days = np.arange(start.astype(_DAY), end.astype(_DAY) + 1)
        days = days[np.is_busday(days)] if self.name == WEEKDAYS else days
        labels = days.astype(_TIME)
        labels = labels[labels >= start]
        never = np.full(len(labels), np.datetime64("NaT"), _TIME)
        return ExchangeSessions(labels, labels, labels + _ONE_DAY, never, never)


def week_of(event_time: np.ndarray) -> np.ndarray:
    """The Monday of the week of each time, at 00:00 UTC.

    >>> week_of(np.array(["2024-03-10T23:59"], "datetime64[us]")).astype("datetime64[D]").astype(str).tolist()
    ['2024-03-04']
    """
    days = event_time.astype(_DAY)
    # Day 0 of 1970 was a Thursday.
    mondays: np.ndarray = (days - (days.astype(np.int64) + 3) % 7).astype(_TIME)
    return mondays


def _epoch() -> np.datetime64:
    return np.datetime64(0, "us")


def _steps(spans: Spans, step: np.timedelta64) -> np.ndarray:
    """Every step of every span, from its open to before its close."""
    return _repeat(spans.open, -((spans.open - spans.close) // step), step)


def _steps_of_the_clock(spans: Spans, step: np.timedelta64, phase: np.timedelta64) -> np.ndarray:
    """Every step of the UTC clock of which the market trades at least half."""
    first = spans.open - (spans.open - _epoch() - phase) % step
    counts = -((first - spans.close) // step)
    times = _repeat(first, counts, step)
    traded = np.minimum(times + step, np.repeat(spans.close, counts)) - np.maximum(times, np.repeat(spans.open, counts))
    return np.unique(times[2 * traded >= step])


def _repeat(first: np.ndarray, counts: np.ndarray, step: np.timedelta64) -> np.ndarray:
    """`counts[i]` times from `first[i]` on, one step after the other."""
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    times: np.ndarray = np.repeat(first, counts) + within * step
    return times
