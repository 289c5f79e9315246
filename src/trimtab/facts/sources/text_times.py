"""Times of texts: moments with a zone, or days that are over only at their end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import SchemaError
from trimtab.facts.schema import TIME

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = np.timedelta64(86_400_000_000, "us")
_WRITE = "write 2020-01-31T14:30:00Z, or 2020-01-31 where only the day is known"


@dataclass(frozen=True)
class TextTimes:
    """When texts were published, `datetime64[us]`, UTC, shape (n,).

    Attributes
    ----------
    event_time: the moment, or the start of the day.
    known_time: the moment, or the end of the day.
    by_day: whether all are days.
    """

    event_time: np.ndarray
    known_time: np.ndarray
    by_day: bool


def text_times(column: pa.ChunkedArray, precision: np.ndarray | None, where: str) -> TextTimes:
    """Times of a column, as text, timestamps, dates or seconds since 1970.

    Days are what the column `precision` calls "day", and a whole column of midnights, in whichever zone they were
    written: nobody believes that all was said at midnight. `where` names the column in errors. Raises
    `SchemaError` for a missing time, one that cannot be understood, and a moment without a zone.
    """
    moments, at_midnight, zoned = _parsed(column, where)
    if np.isnat(moments).any():
        n = int(np.isnat(moments).sum())
        raise SchemaError(f"{where} has no time in {n} rows; fill them in or leave those rows out")
    if not zoned and not at_midnight.all():
        at = moments[int(np.argmin(at_midnight))]
        raise SchemaError(f"{where} holds {at}, which has a time of day and no zone; {_WRITE}")
    days = np.full(len(moments), bool(at_midnight.all()))
    if precision is not None:
        days |= precision == "day"
    start = np.where(at_midnight, moments, _floored(moments))
    return TextTimes(np.where(days, start, moments), np.where(days, start + _DAY, moments), bool(days.all()))


def _floored(moments: np.ndarray) -> np.ndarray:
    return moments.astype("datetime64[D]").astype(TIME)


def _parsed(column: pa.ChunkedArray, where: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Times in UTC, which of them are midnight where they were written, and whether they carry a zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_integer(kind):
        moments = _seconds(column.to_numpy(), where)
        return moments, moments == _floored(moments), True
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return _of_text([None if each is None else str(each).strip() for each in column.to_pylist()], where)
    zone = kind.tz if pa.types.is_timestamp(kind) else None
    moments = column.cast(pa.timestamp("us", zone), safe=False)
    local = (pc.local_timestamp(moments) if zone else moments).to_numpy().astype(TIME)
    return moments.to_numpy().astype(TIME), local == _floored(local), zone is not None


def _seconds(counts: np.ndarray, where: str) -> np.ndarray:
    if len(counts) and not (np.nanmin(counts) >= 1e8 and np.nanmax(counts) <= 4.2e9):
        raise SchemaError(f"{where} holds {counts[0]}, which are no seconds between 1973 and 2103; {_WRITE}")
    return counts.astype("datetime64[s]").astype(TIME)


def _of_text(values: list[str | None], where: str) -> tuple[np.ndarray, np.ndarray, bool]:
    import pandas as pd

    given = [each for each in values if each]
    if given and all(each.isdigit() and len(each) in (9, 10) for each in given):
        moments = _seconds(np.array([int(each) if each else -1 for each in values]), where)
        return moments, moments == _floored(moments), True
    naive = [each for each in given if not _has_zone(each)]
    if naive and len(naive) < len(given):
        raise SchemaError(f"{where} holds '{naive[0]}' without a zone beside times that have one; {_WRITE}")
    try:
        parsed = pd.to_datetime(pd.Series([each or None for each in values], dtype="str"), utc=True, format="ISO8601")
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise SchemaError(f"{where} holds something that is no time ({reason}); {_WRITE}") from None
    at_midnight = np.array([_clock(each or "") in ("", "00:00", "00:00:00") for each in values], dtype=bool)
    return parsed.dt.tz_localize(None).to_numpy().astype(TIME), at_midnight, not naive


_ZONE = re.compile(r"(?:Z|UTC|[+-]\d\d(?::?\d\d)?)$", re.IGNORECASE)


def _has_zone(text: str) -> bool:
    """Whether a time ends in Z or an offset.

    >>> [_has_zone(each) for each in ("2020-01-31T14:30:00Z", "2020-01-31 14:30+01:00", "2020-01-31")]
    [True, True, False]
    """
    return _ZONE.search(text[10:].strip()) is not None


def _clock(text: str) -> str:
    """The time of day as it was written, without zone and fractions.

    >>> _clock("2020-01-31 00:00:00.000-05:00"), _clock("2020-01-31")
    ('00:00:00', '')
    """
    return _ZONE.sub("", text[11:].strip()).strip().split(".")[0]
