"""The offsets of exchange-calendars, asked by pandas, against the calendars they follow."""

from __future__ import annotations

import pandas as pd
from dateutil.easter import EASTER_ORTHODOX, easter
from exchange_calendars.pandas_extensions.offsets import OrthodoxEaster
from exchange_calendars.tase_holidays import Passover
from pyluach.dates import HebrewDate

from trimtab.market.moveable_feasts import ask_moveable_feasts

YEARS = range(1995, 2030)


def test_orthodox_easter_is_that_of_the_julian_calendar() -> None:
    ask_moveable_feasts()
    begins = pd.DatetimeIndex([f"{year}-01-01" for year in YEARS])
    assert [moment.date() for moment in begins + OrthodoxEaster()] == [easter(year, EASTER_ORTHODOX) for year in YEARS]


def test_passover_is_that_of_the_hebrew_calendar() -> None:
    ask_moveable_feasts()
    found = Passover.dates("1995-01-01", "2029-12-31")
    assert [day.date() for day in found] == [HebrewDate(year + 3760, 1, 15).to_pydate() for year in YEARS]
