"""Which column of a file is what: our own names and those of common exports."""

from __future__ import annotations

import re
from collections.abc import Sequence

from trimtab.errors import SchemaError

REQUIRED = ("event_time", "open", "high", "low", "close", "volume")

# In order of preference: the first that a file has is taken. Written as `plain_name` leaves them.
_ALIASES = {
    "instrument_id": ("instrumentid", "instrument", "symbol", "ticker"),
    "timeframe": ("timeframe", "interval"),
    "event_time": ("eventtime", "ts", "timestamp", "datetime", "date", "time", "opentime"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume", "vol"),
    "factor": ("factor",),
    "adjusted_close": ("adjclose", "adjustedclose"),
    "known_time": ("knowntime",),
    "dividend": ("dividends", "dividend"),
    "split": ("stocksplits", "stocksplit", "splits"),
    "capital_gain": ("capitalgains", "capitalgain"),
}


def plain_name(column: str) -> str:
    """A column name without capitals, spaces and signs.

    >>> plain_name("Adj Close")
    'adjclose'
    """
    return re.sub(r"[^a-z0-9]", "", column.lower())


def map_columns(found: Sequence[str], where: str) -> dict[str, str]:
    """Our name -> the file's column, for every column that is known.

    Raises `SchemaError` naming the missing and the found columns, or one that is there twice.

    >>> map_columns(["Date", "Open", "High", "Low", "Close", "Volume"], "x.csv")["event_time"]
    'Date'
    """
    by_plain: dict[str, str] = {}
    for column in found:
        by_plain.setdefault(plain_name(column), column)
    mapping = {
        ours: next(by_plain[alias] for alias in aliases if alias in by_plain)
        for ours, aliases in _ALIASES.items()
        if any(alias in by_plain for alias in aliases)
    }
    missing = [name for name in REQUIRED if name not in mapping]
    if missing:
        wanted = ", ".join(
            f"{name} (or {', '.join(_ALIASES[name][1:4])})" if _ALIASES[name][1:] else name for name in missing
        )
        raise SchemaError(f"{where} has no column for {wanted}; its columns are: {', '.join(found) or 'none'}")
    twice = next((column for column in mapping.values() if found.count(column) > 1), None)
    if twice is not None:
        raise SchemaError(f"{where} has the column '{twice}' twice; leave out the one that is not meant")
    return mapping
