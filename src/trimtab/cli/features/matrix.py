"""`trimtab features matrix`: stored features of many instruments as they were known at some times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.telling import counted, print_wrapped, refuse_lake
from trimtab.cli.output import DIGITS, column_cells, console, fit_widths, print_json, print_table

if TYPE_CHECKING:
    import pyarrow as pa

    from trimtab.features.store import FeatureMatrix

FEATURES, INSTRUMENTS = 40, 4  # in a table of features by instruments; --json and --out have all


def matrix(
    instruments: list[str] = typer.Option(..., "--instrument", help="Whose features; may be repeated."),
    timeframe: str = typer.Option("1d", "--timeframe", help="Length of the bars: 1m, 1h, 1d, ..."),
    features: list[str] = typer.Option([], "--feature", help="A feature; may be repeated."),
    sets: list[str] = typer.Option([], "--set", help="All of a feature set, such as technical; may be repeated."),
    at: list[str] = typer.Option(..., "--at", help="A decision time: 2013-01-02T21:00Z; may be repeated."),
    out: Path | None = typer.Option(None, "--out", help="Write it to this .parquet or .csv instead."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Show for each instrument the newest stored row that was known at each decision time.

    An instrument of which nothing was known yet has no values.
    """
    from trimtab.bars.times import parse_moment
    from trimtab.cli.features.stored import require_stored
    from trimtab.config import load_settings
    from trimtab.errors import ConfigurationError
    from trimtab.features.catalogue import resolve
    from trimtab.features.store import matrix as read_matrix
    from trimtab.market import Series, Timeframe
    from trimtab.storage.lake import open_lake

    names = resolve(sets=sets, names=features)
    if not names:
        raise ConfigurationError("no feature was asked for; name some with --feature or --set")
    if out is not None and out.suffix.lower() not in (".parquet", ".csv"):
        raise ConfigurationError(f"'{out}' ends in neither .parquet nor .csv; name the file so")
    times = [parse_moment(text) for text in at]
    frame, lake = Timeframe.parse(timeframe), open_lake(load_settings())
    if out is not None:
        refuse_lake(out, lake.root)
    series = [Series(instrument, frame) for instrument in dict.fromkeys(instruments)]
    for each in series:
        require_stored(lake, each)
    found = read_matrix(lake, series, names, times)
    if out is not None:
        _write(_table(found), out)
        size = (counted(len(series), "instrument"), counted(len(times), "time"), counted(len(names), "feature"))
        print_wrapped(f"Wrote {' x '.join(size)} to {out}")
    elif as_json:
        print_json({"features": list(names), "rows": _rows(found)})
    else:
        _print(found)


def _print(found: FeatureMatrix) -> None:
    """A row per instrument and time where its features fit the terminal, a row per feature where not."""
    title, rows = f"{counted(len(found.names), 'feature')} as they were known", _rows(found, is_flat=True)
    if len(found.names) <= FEATURES and _fits(rows):
        print_table(title, rows)
        return
    for t, decision_time in enumerate(dict.fromkeys(row["decision_time"] for row in rows)):
        own = rows[t * len(found.series) : (t + 1) * len(found.series)][:INSTRUMENTS]
        heads = ["feature", *(row["instrument_id"] for row in own)]
        lines = [[name, *(row[name] for row in own)] for name in ("event_time", "known_time", *found.names[:FEATURES])]
        print_table(
            f"{title} at {decision_time:%Y-%m-%d %H:%M} UTC",
            [{head: _cell(value) for head, value in zip(heads, line, strict=True)} for line in lines],
        )
    _say_left_out(len(found.names) - FEATURES, "feature")
    _say_left_out(len(found.series) - INSTRUMENTS, "instrument")


def _say_left_out(n: int, noun: str) -> None:
    if n > 0:
        are = "is" if n == 1 else "are"
        print_wrapped(f"{n} more {noun if n == 1 else noun + 's'} {are} left out; --json or --out FILE has all.")


def _cell(value: Any) -> Any:
    """A time or number as text, because a column of features holds both."""
    return column_cells([value], DIGITS)[0]


def _fits(rows: list[dict[str, Any]]) -> bool:
    available = console().width
    columns = [[name.replace("_", " "), *column_cells([row[name] for row in rows], DIGITS)] for name in rows[0]]
    return sum(fit_widths(columns, available)) + 2 * len(columns) <= available


def _rows(found: FeatureMatrix, is_flat: bool = False) -> list[dict[str, Any]]:
    from trimtab.bars.times import as_datetime

    rows = []
    for t, decision_time in enumerate(found.decision_time):
        for i, series in enumerate(found.series):
            values = dict(zip(found.names, found.values[t, i].tolist(), strict=True))
            known = {name: getattr(found, name)[t, i] for name in ("event_time", "known_time")}
            moments = {name: None if str(time) == "NaT" else as_datetime(time) for name, time in known.items()}
            head = {"decision_time": as_datetime(decision_time), "instrument_id": series.instrument_id, **moments}
            rows.append(head | (values if is_flat else {"values": values}))
    return rows


def _table(found: FeatureMatrix) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    n_times, n_series, _ = found.values.shape
    moment = pa.timestamp("us", tz="UTC")
    times = {
        "decision_time": np.repeat(found.decision_time, n_series),
        "event_time": found.event_time.reshape(-1),
        "known_time": found.known_time.reshape(-1),
    }
    columns = {name: pa.array(array, pa.timestamp("us")).cast(moment) for name, array in times.items()}
    ids = pa.array([series.instrument_id for series in found.series] * n_times, pa.string())
    values = found.values.reshape(n_times * n_series, -1)
    return pa.table(
        {"decision_time": columns.pop("decision_time"), "instrument_id": ids}
        | columns
        | {name: pa.array(np.ascontiguousarray(values[:, k])) for k, name in enumerate(found.names)}
    )


def _write(table: pa.Table, out: Path) -> None:
    import pyarrow.parquet as pq
    from pyarrow import csv

    from trimtab.storage.atomic import write_atomically

    write = pq.write_table if out.suffix.lower() == ".parquet" else csv.write_csv
    write_atomically(out, lambda temporary: write(table, temporary))
