"""`BarSource`: where raw bars come from."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from trimtab.bars.schema import Bars
from trimtab.errors import SourceError, UnknownNameError
from trimtab.market import Series


@runtime_checkable
class BarSource(Protocol):
    """Delivers raw bars of one series at a time; promises nothing about their quality.

    A source answers completely or raises: half an answer is never returned, so nothing half
    can be stored. `known_time` of what it delivers is the close plus its publication lag.
    """

    @property
    def name(self) -> str:
        """The name it is opened by, used in messages."""
        ...

    def instruments(self) -> list[Series]:
        """What it can deliver, sorted; empty where that cannot be known beforehand."""
        ...

    def fetch(self, series: Series, since: datetime | None = None) -> Bars:
        """Raw bars with `event_time` at or after `since` (all of them when absent).

        Raises `UnknownSeriesError` for what it does not have and `SourceError` for an empty
        answer or one that cannot be read; both name the source and the series.
        """
        ...


class UnknownSeriesError(UnknownNameError, SourceError):
    """A source does not have the series it was asked for; lists what it has."""

    def __init__(self, source: str, series: Series, available: list[Series]) -> None:
        super().__init__("series", series.key, (each.key for each in available), where=f"source '{source}': ")


def refuse_empty(source: str, series: Series, bars: Bars, since: datetime | None) -> Bars:
    """The bars, or `SourceError` when there are none."""
    if len(bars) == 0:
        after = "" if since is None else f" since {since.isoformat()}"
        raise SourceError(
            f"source '{source}' has no bars of {series.key}{after}; ask for an earlier time or another series"
        )
    return bars
