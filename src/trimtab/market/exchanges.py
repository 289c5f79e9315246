"""What the package exchange-calendars knows of an exchange, as arrays.

The only place that asks it. Importing it takes most of a second and building twenty years of one
exchange a tenth, so both happen on first use and the years are kept.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market.moveable_feasts import ask_moveable_feasts

if TYPE_CHECKING:
    from pandas.tseries.offsets import CustomBusinessDay

# Rounded, so that many series of about the same years share one calendar.
_BLOCK_YEARS = 20
# Seoul opens an hour late on the first session of a year, and exchange-calendars takes the last one it
# builds for such: a block is built with a margin that is cut off again.
_MARGIN = np.timedelta64(31, "D")
_DAY = np.dtype("datetime64[D]")
_TIME = np.dtype("datetime64[us]")
# Before, exchanges traded on Saturdays by rules nobody has written down; after, nobody knows.
_EARLIEST, _LATEST = np.datetime64("1900-01-01"), np.datetime64("2199-12-31")
_EVERY_DAY = "1111111"


class ExchangeSessions(NamedTuple):
    """Sessions of an exchange, one element per session, sorted.

    Attributes
    ----------
    label: the date the exchange names the session by, at 00:00 UTC, `datetime64[us]`.
    open, close: when trading begins and ends, UTC. An exchange far to the east or with a night
        session opens before 00:00 UTC of its label.
    break_start, break_end: the midday break, NaT where there is none.
    """

    label: np.ndarray
    open: np.ndarray
    close: np.ndarray
    break_start: np.ndarray
    break_end: np.ndarray


def resolve_exchange(name: str) -> str:
    """The code of an exchange, from the code or from a usual alias (NYSE, LSE, TASE).

    Raises `UnknownNameError` listing every code.

    >>> resolve_exchange("LSE")
    'XLON'
    """
    import exchange_calendars

    codes = exchange_calendars.get_calendar_names(include_aliases=False)
    if name not in exchange_calendars.get_calendar_names(include_aliases=True):
        raise UnknownNameError("calendar", name, {*codes, "24/7", "weekdays"})
    resolved: str = exchange_calendars.resolve_alias(name)
    return resolved


@lru_cache(maxsize=128)
def known_days(name: str) -> tuple[np.datetime64, np.datetime64]:
    """The first and the last date for which the sessions of an exchange are known, `datetime64[D]`."""
    kind = _class_of(resolve_exchange(name))
    first, last = (kind.bound_min(), kind.bound_max()) if kind else (None, None)
    return (
        max(_EARLIEST, np.datetime64(first.date())) if first is not None else _EARLIEST,
        min(_LATEST, np.datetime64(last.date())) if last is not None else _LATEST,
    )


def exchange_sessions(name: str, first: np.datetime64, last: np.datetime64) -> ExchangeSessions:
    """All sessions labelled from `first` to `last`, and those of the years around them.

    Raises `ConfigurationError` where exchange-calendars does not know these years.
    """
    earliest, latest = known_days(name)
    if first < earliest or last > latest:
        raise ConfigurationError(
            f"calendar {name} knows sessions from {earliest} to {latest}, and was asked from {first} to {last}; "
            "leave out the bars beyond, or name another calendar for them, such as weekdays"
        )
    years = range(_block(max(first - 7, earliest)), _block(min(last + 7, latest)) + 1, _BLOCK_YEARS)
    blocks = [_sessions_of_block(name, year) for year in years]
    return blocks[0] if len(blocks) == 1 else ExchangeSessions(*map(np.concatenate, zip(*blocks, strict=True)))


def _block(day: np.datetime64) -> int:
    year = int(str(day)[:4])
    return year - year % _BLOCK_YEARS


@lru_cache(maxsize=128)
def _sessions_of_block(name: str, first_year: int) -> ExchangeSessions:
    earliest, latest = known_days(name)
    first = max(np.datetime64(f"{first_year}-01-01"), earliest)
    last = min(np.datetime64(f"{first_year + _BLOCK_YEARS - 1}-12-31"), latest)
    try:
        built = _build(resolve_exchange(name), str(max(first - _MARGIN, earliest)), str(min(last + _MARGIN, latest)))
    except (ValueError, NotImplementedError, ArithmeticError) as error:
        raise ConfigurationError(
            f"calendar {name} cannot be built from {first} to {last} by the installed exchange-calendars and pandas "
            f"({type(error).__name__}: {str(error)[:80]}); name another calendar, such as weekdays"
        ) from error
    days = built.sessions.to_numpy().astype(_DAY)
    hours = (built.opens_nanos, built.closes_nanos, built.break_starts_nanos, built.break_ends_nanos)
    kept = (days >= first) & (days <= last)
    return ExchangeSessions(days[kept].astype(_TIME), *(_as_times(each)[kept] for each in hours))


def _as_times(nanoseconds: np.ndarray) -> np.ndarray:
    return nanoseconds.view("datetime64[ns]").astype(_TIME)


def _build(code: str, first: str, last: str) -> Any:
    import exchange_calendars

    ask_moveable_feasts()
    kind = _class_of(code)
    with warnings.catch_warnings():
        # What pandas wants to change is for exchange-calendars to hear, not for whoever loads bars.
        warnings.simplefilter("ignore", DeprecationWarning)
        if kind is None or not hasattr(kind, "special_weekmasks"):
            return exchange_calendars.get_calendar(code, start=first, end=last)
        return _with_its_weekends(kind, first, last)(start=first, end=last)


def _class_of(code: str) -> Any | None:
    """The class behind a code; None for the few that are named otherwise and have no bounds."""
    try:
        module = import_module(f"exchange_calendars.exchange_calendar_{code.lower()}")
    except ModuleNotFoundError:
        return None
    return getattr(module, f"{code}ExchangeCalendar", None)


def _with_its_weekends(kind: Any, first: str, last: str) -> Any:
    """The class of an exchange whose weekend moved or that traded on some Saturdays.

    exchange-calendars 4.13 describes such years by an offset that pandas 3.1 no longer asks: the
    Sundays of Tel Aviv and the Saturday sessions of Mumbai and Moscow are missing. The same days
    are said here as a week of seven days less the days that were closed.
    """

    class WithItsWeekends(kind):
        @property
        def day(self) -> CustomBusinessDay:
            from pandas.tseries.offsets import CustomBusinessDay

            closed = _closed_weekdays(self.weekmask, self.special_weekmasks, first, last)
            holidays = [*self.adhoc_holidays, *closed]
            return CustomBusinessDay(holidays=holidays, calendar=self.regular_holidays, weekmask=_EVERY_DAY)

    return WithItsWeekends


def _closed_weekdays(usual: str, exceptions: list[tuple[Any, Any, str]], first: str, last: str) -> np.ndarray:
    """The dates that the masks close, where each exception is (first, last, mask) or open at an end."""
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    is_open = np.is_busday(days, weekmask=usual)
    for begin, end, mask in exceptions:
        concerned = np.ones(len(days), bool)
        if begin is not None:
            concerned &= days >= np.datetime64(begin.date())
        if end is not None:
            concerned &= days <= np.datetime64(end.date())
        is_open[concerned] = np.is_busday(days[concerned], weekmask=mask)
    closed: np.ndarray = days[~is_open]
    return closed
