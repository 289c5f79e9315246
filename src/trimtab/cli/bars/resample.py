"""`trimtab bars resample`: longer bars from stored shorter ones."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from trimtab.cli.bars.options import AS_JSON, CALENDAR
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.market import Series


def resample(
    *,
    instrument: str = typer.Option(..., "--instrument", help="Whose bars."),
    shorter: str = typer.Option(..., "--from", help="Timeframe of the stored bars, such as 1m."),
    longer: str = typer.Option(..., "--to", help="Timeframe to make of them: 5m, 15m, 1h, 4h, 1d or 1w."),
    calendar: str | None = CALENDAR,
    as_json: bool = AS_JSON,
) -> None:
    """Make longer bars of stored ones and store them, never across two sessions.

    A bar whose parts are not all stored yet waits for the next call. A short bar that was restated
    since becomes a restated long one.
    """
    from trimtab.bars.resampling import complete_until, n_outside
    from trimtab.bars.resampling import resample as resample_bars
    from trimtab.bars.store import BarStore
    from trimtab.config import load_settings
    from trimtab.errors import NotEnoughDataError
    from trimtab.market import Series, Timeframe
    from trimtab.market.calendar import calendar_for, parse_calendar
    from trimtab.storage.lake import open_lake

    series, timeframe = Series(instrument, Timeframe.parse(shorter)), Timeframe.parse(longer)
    given = parse_calendar(calendar) if calendar else None
    lake = open_lake(load_settings())
    store, now = BarStore(lake), lake.clock.now()
    bars = store.stored(series)
    if len(bars) == 0:
        raise NotEnoughDataError(_sentence(series, store.series()))
    market = given or calendar_for(series, bars.event_time)
    until = complete_until(bars, market, now)
    made = resample_bars(bars, timeframe, market, until=until, actions=store.actions.current(instrument))
    report = store.append(made, now)
    row = {
        "instrument_id": instrument,
        "from": series.timeframe.value,
        "to": timeframe.value,
        "calendar": market.name,
        "parts": len(bars),
        "outside_sessions": n_outside(bars, market),
        "bars": len(made),
        **asdict(report),
        "complete_until": until,
    }
    if as_json:
        print_json(row)
    else:
        print_table(f"Resampled {series} to {timeframe}", [row])


def _sentence(series: Series, stored: list[Series]) -> str:
    has = ", ".join(each.key for each in stored if each.instrument_id == series.instrument_id) or "nothing"
    return f"no bars of {series} are stored (of {series.instrument_id}: {has}); ingest them first"
