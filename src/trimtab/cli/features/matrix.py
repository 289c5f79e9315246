"""`trimtab features matrix`: stored features of many instruments as they were known at some times."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    import pyarrow as pa

    from trimtab.features.store import FeatureMatrix

SHOWN = 8  # features that fit a table; --json and --out have all


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
    series = [Series(instrument, frame) for instrument in dict.fromkeys(instruments)]
    for each in series:
        require_stored(lake, each)
    found = read_matrix(lake, series, names, times)
    if out is not None:
        _write(_table(found), out)
        typer.echo(f"Wrote {len(series)} instruments x {len(times)} times x {len(names)} features to {out}")
    elif as_json:
        print_json({"features": list(names), "rows": _rows(found, len(names))})
    else:
        _print(found)


def _print(found: FeatureMatrix) -> None:
    print_table(f"{len(found.names)} features as they were known", _rows(found, SHOWN, is_flat=True))
    if len(found.names) > SHOWN:
        typer.echo(f"{len(found.names) - SHOWN} more features are left out; --json or --out FILE has all.")


def _rows(found: FeatureMatrix, n_features: int, is_flat: bool = False) -> list[dict[str, Any]]:
    from trimtab.bars.times import as_datetime

    rows = []
    for t, decision_time in enumerate(found.decision_time):
        for i, series in enumerate(found.series):
            values = dict(zip(found.names[:n_features], found.values[t, i, :n_features].tolist(), strict=False))
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
