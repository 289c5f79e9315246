"""Times at the edges of bars: aware `datetime` for people, `datetime64[us]` (UTC) in arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from trimtab.errors import ConfigurationError, SchemaError
from trimtab.market import Series


def as_time(moment: datetime) -> np.datetime64:
    """The numpy time of an aware `datetime`; a naive one raises `SchemaError`.

    >>> as_time(datetime(2020, 1, 2, tzinfo=UTC))
    np.datetime64('2020-01-02T00:00:00.000000')
    """
    if moment.tzinfo is None:
        raise SchemaError(f"time {moment.isoformat()} carries no time zone; give it in UTC")
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def as_datetime(time: np.datetime64) -> datetime:
    """The aware `datetime` of a numpy time.

    >>> as_datetime(np.datetime64("2020-01-02T14:30")).isoformat()
    '2020-01-02T14:30:00+00:00'
    """
    moment: datetime = time.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def iso(time: np.datetime64) -> str | None:
    """ISO 8601 in UTC, or None where there is no time.

    >>> iso(np.datetime64("2020-01-02T14:30", "us"))
    '2020-01-02T14:30:00Z'
    """
    return None if np.isnat(time) else as_datetime(time).isoformat().replace("+00:00", "Z")


def first_known(series: Series, event_time: np.ndarray, publication_lag: timedelta) -> np.ndarray:
    """When the first version of each bar could have been known: its close plus the source's lag."""
    lag = np.timedelta64(publication_lag // timedelta(microseconds=1), "us")
    known: np.ndarray = event_time + series.timeframe.duration_us + lag
    return known


def parse_moment(text: str) -> datetime:
    """A moment that a person wrote: a date (00:00 UTC) or a time with its zone, as UTC.

    A time of day without a zone is refused, because an hour of difference moves bars.

    >>> parse_moment("2020-03-09T09:30:00-04:00").isoformat(), parse_moment("2020-03-09").isoformat()
    ('2020-03-09T13:30:00+00:00', '2020-03-09T00:00:00+00:00')
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigurationError(
            f"'{text}' is no time; write 2020-01-02 for a session or 2020-01-02T14:30:00Z for a moment"
        ) from None
    if moment.tzinfo is None and (len(text.strip()) > len("2020-01-02")):
        raise ConfigurationError(
            f"the time {text} carries no time zone; write {text}Z if it is UTC, or add its offset, such as {text}-05:00"
        )
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
