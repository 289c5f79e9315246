"""Holidays that follow another calendar than the civil one, for exchange-calendars under pandas 3.1.

exchange-calendars 4.13 finds Orthodox Easter and the Hebrew holidays by offsets that override
`_apply`. pandas 3.1 asks `_add_datetime` instead: Athens, Bucharest, Belgrade and Nicosia cannot
be built, and Tel Aviv silently takes every holiday to be Western Easter. With pandas 3.0 all is
well. Remove this module when exchange-calendars defines `_add_datetime` itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any


@cache
def ask_moveable_feasts() -> None:
    """Let pandas ask the offsets of exchange-calendars again; nothing where it does already."""
    from exchange_calendars import tase_holidays
    from exchange_calendars.pandas_extensions import offsets
    from pandas.tseries.offsets import BaseOffset

    if not hasattr(BaseOffset, "_add_datetime"):
        return
    for root in (tase_holidays._HolidayOffset, offsets.OrthodoxEaster):
        for kind in _with_subclasses(root):
            if "_apply" in vars(kind) and "_add_datetime" not in vars(kind):
                kind._add_datetime = _by_apply


def _with_subclasses(kind: Any) -> Iterator[Any]:
    yield kind
    for below in kind.__subclasses__():
        yield from _with_subclasses(below)


def _by_apply(offset: Any, other: datetime) -> datetime:
    moved: datetime = offset._apply(other)
    return moved
