"""`trimtab bars show`: the bars as they were known, or held, at a time, in a view of their prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from trimtab.bars import Bars
    from trimtab.bars.actions.adjust import Adjustment
    from trimtab.bars.store import BarStore
    from trimtab.market import Series

_ENDS = 20  # bars printed from the start, and as many from the end


def show(
    *,
    instrument: str = typer.Option(..., "--instrument", help="Whose bars."),
    timeframe: str = typer.Option("1d", "--timeframe", help="Length of the bars: 1m, 1h, 1d, ..."),
    since: str | None = typer.Option(None, "--from", help="First event time: 2020-01-02 or 2020-01-02T14:30:00Z."),
    until: str | None = typer.Option(None, "--to", help="Last event time, included; written like --from."),
    as_of: str | None = typer.Option(None, "--as-of", help="The bars and actions that could be known at this time."),
    received_by: str | None = typer.Option(None, "--received-by", help="What was in the store at this time."),
    adjustment: str = typer.Option("raw", "--adjustment", help="raw (as traded), split, or total_return."),
    out: Path | None = typer.Option(None, "--out", help="Write them to this .parquet or .csv instead."),
    as_json: bool = AS_JSON,
) -> None:
    """Show stored bars: as they are now, as they could be known at a time, or as they were held at a time.

    Features are computed from the total_return view of what could be known.
    """
    from trimtab.bars.actions.adjust import parse_adjustment
    from trimtab.bars.export import check_export_path, export_bars
    from trimtab.bars.store import BarStore
    from trimtab.bars.times import parse_moment
    from trimtab.config import load_settings
    from trimtab.market import Series, Timeframe
    from trimtab.storage.lake import open_lake

    if out is not None:
        check_export_path(out)
    series, how = Series(instrument, Timeframe.parse(timeframe)), parse_adjustment(adjustment)
    start, end, known, held = (parse_moment(text) if text else None for text in (since, until, as_of, received_by))
    bars = _view(BarStore(open_lake(load_settings())), series, how, known, held)
    bars = _in_span(bars, start, end)
    if out is not None:
        export_bars(bars.adjusted(), out)
    rows = [] if out is not None else _rows(bars)
    document = {"series": series.key, "adjustment": how, "as_of": known, "received_by": held}
    if as_json:
        print_json(document | {"n_bars": len(bars), "out": out, "bars": rows})
    elif out is not None:
        typer.echo(f"Wrote {len(bars)} bars of {series} ({how}) to {out}")
    else:
        when = f", as of {as_of}" if as_of else f", received by {received_by}" if received_by else ""
        _print(f"{series}, {how} prices{when}: {len(rows):,} bars", rows)


def _print(title: str, rows: list[dict[str, Any]]) -> None:
    """The first and the last bars, because where a history begins matters as much as where it ends."""
    left_out = len(rows) - 2 * _ENDS
    if left_out <= 0:
        print_table(title, rows)
        return
    print_table(title, [*rows[:_ENDS], dict.fromkeys(rows[0], ...), *rows[-_ENDS:]])
    typer.echo(f"{left_out:,} bars between the first and the last {_ENDS} are left out; --json or --out FILE has all.")


def _view(
    store: BarStore, series: Series, how: Adjustment, as_of: datetime | None, received_by: datetime | None
) -> Bars:
    from trimtab.errors import ConfigurationError, NotEnoughDataError, UnknownNameError

    if as_of and received_by:
        raise ConfigurationError("--as-of and --received-by are two axes of time; give one of them")
    if series not in (stored := store.series()):
        raise UnknownNameError("series", series.key, (each.key for each in stored))
    if as_of:
        bars = store.as_known_at(series, as_of, how)
    elif received_by:
        bars = store.as_received_at(series, received_by, how)
    else:
        bars = store.current(series, how)
    if len(bars) == 0:
        what = f"was known at {as_of:%Y-%m-%d %H:%M}" if as_of else f"had been received at {received_by:%Y-%m-%d %H:%M}"
        raise NotEnoughDataError(f"no bar of {series} {what} UTC; give a later time")
    return bars


def _in_span(bars: Bars, start: datetime | None, end: datetime | None) -> Bars:
    from trimtab.bars.sources.protocol import check_span, within
    from trimtab.bars.times import iso
    from trimtab.errors import NotEnoughDataError

    check_span(start, end)
    chosen = within(bars, start, end)
    if len(chosen) == 0:
        raise NotEnoughDataError(
            f"no bar of {bars.series} lies in that span; there are bars from {iso(bars.event_time[0])} "
            f"to {iso(bars.event_time[-1])}"
        )
    return chosen


def _rows(bars: Bars) -> list[dict[str, Any]]:
    from trimtab.bars.schema import PRICES
    from trimtab.bars.times import as_datetime

    adjusted = bars.adjusted()
    return [
        {"event_time": as_datetime(bars.event_time[at])}
        | {name: float(getattr(adjusted, name)[at]) for name in (*PRICES, "volume")}
        | {"applied_factor": float(bars.factor[at])}
        | {name: as_datetime(getattr(bars, name)[at]) for name in ("known_time", "received_time")}
        for at in range(len(bars))
    ]
