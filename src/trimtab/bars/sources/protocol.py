"""`BarSource`: where raw bars come from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import Bars
from trimtab.bars.times import as_time
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.market import Series

HAS_NO_SERIES = "source '{source}' has no bars of {series}{span}; ask for another span or another series"


@runtime_checkable
class BarSource(Protocol):
    """Delivers raw bars of one series at a time; promises nothing about their quality.

    A source answers completely or raises: half an answer is never returned, so nothing half
    can be stored. `known_time` of what it delivers is the close plus its publication lag. Sources
    derive from this class and override what is not true of them.

    Attributes
    ----------
    name: the name it is opened by, used in messages.
    is_live: whether it grows by itself, so that bars can be stale; False for a fixed history.
    overlap: for a source that is dear to ask, how many stored bars at the end are asked for again,
        because the source revises them; None asks for the whole history every time, so that
        everything it restates is seen.
    """

    name: str
    is_live: bool = False
    overlap: int | None = None

    def instruments(self) -> list[Series]:
        """What it can deliver, sorted; empty where that cannot be known beforehand."""
        ...

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars with `since` ≤ `event_time` ≤ `until` (no limit where absent; both with a zone).

        Raises `UnknownSeriesError` for what it does not have and `SourceError` for an empty
        answer or one that cannot be read; all name the source, the series and the span.
        """
        ...

    def actions(self, series: Series) -> Actions:
        """Splits and dividends of the instrument; none where the source does not tell any.

        Only a source whose prices are as traded (not adjusted for these actions) tells them.
        """
        return Actions.empty(series.instrument_id)

    def claims(self, series: Series) -> Actions:
        """Splits and dividends that the prices and the factor of the last `fetch` account for, as the source says.

        They are never stored, which would count them twice; the checks hold them against the factor.
        """
        return Actions.empty(series.instrument_id)

    def calendar(self, series: Series) -> str | None:
        """The name of the calendar the instrument trades by, where the source knows it."""
        return None


class UnknownSeriesError(UnknownNameError, SourceError):
    """A source does not have the series it was asked for; lists what it has."""

    def __init__(self, source: str, series: Series, available: list[Series]) -> None:
        super().__init__("series", series.key, (each.key for each in available), where=f"source '{source}': ")


def check_span(since: datetime | None, until: datetime | None, now: datetime | None = None) -> None:
    """Refuse a span that ends before it starts or, given the time, one that lies in the future.

    >>> check_span(datetime(2021, 1, 2, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
    Traceback (most recent call last):
    trimtab.errors.ConfigurationError: the span ends (2021-01-01T00:00:00+00:00) before it starts (2021-01-02T00:00:00+00:00); give a start that is earlier than the end
    """
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            raise ConfigurationError(
                f"the time {moment.isoformat()} carries no time zone; write it in UTC ({moment.isoformat()}Z) or with its offset"
            )
    if since is not None and until is not None and until < since:
        raise ConfigurationError(
            f"the span ends ({until.isoformat()}) before it starts ({since.isoformat()}); "
            "give a start that is earlier than the end"
        )
    if since is not None and now is not None and since > now:
        raise ConfigurationError(
            f"the span starts in the future ({since.isoformat()}, and it is {now.isoformat(timespec='seconds')}); "
            "no bar can be known there yet"
        )


def within(bars: Bars, since: datetime | None, until: datetime | None) -> Bars:
    """The bars of a span, both ends included; a bar without a time is kept for the checks."""
    chosen = np.ones(len(bars), bool)
    if since is not None:
        chosen &= ~(bars.event_time < as_time(since))
    if until is not None:
        chosen &= ~(bars.event_time > as_time(until))
    return bars if chosen.all() else bars.take(chosen)


def refuse_empty(
    source: str, series: Series, bars: Bars, since: datetime | None, until: datetime | None = None
) -> Bars:
    """The bars, or `SourceError` when there are none."""
    if len(bars) == 0:
        raise SourceError(HAS_NO_SERIES.format(source=source, series=series.key, span=say_span(since, until)))
    return bars


def say_span(since: datetime | None, until: datetime | None) -> str:
    """A span as the end of a sentence.

    >>> say_span(datetime(2020, 1, 2, tzinfo=UTC), None)
    ' since 2020-01-02T00:00:00Z'
    """
    return "".join(
        f" {word} {moment.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"
        for word, moment in (("since", since), ("until", until))
        if moment is not None
    )
