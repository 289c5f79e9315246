"""`trimtab bars compact`: fewer files, every version kept."""

from __future__ import annotations

from typing import Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table


def compact(
    instrument: list[str] = typer.Option([], "--instrument", help="Only this instrument; may be repeated."),
    as_json: bool = AS_JSON,
) -> None:
    """Gather the files of stored series; no version, past view or fingerprint changes.

    Happens by itself when a series has many files; asked for, reading gets fast at once.
    """
    from trimtab.bars.store import BarStore
    from trimtab.config import load_settings
    from trimtab.errors import UnknownNameError
    from trimtab.storage.lake import open_lake

    store = BarStore(open_lake(load_settings()))
    stored = store.series()
    names = {series.instrument_id for series in stored}
    for name in instrument:
        if name not in names:
            raise UnknownNameError("instrument", name, names)
    rows = []
    for series in stored:
        if not instrument or series.instrument_id in instrument:
            done = store.compact(series)
            rows.append(
                {
                    "instrument_id": series.instrument_id,
                    "timeframe": series.timeframe.value,
                    "bars": done.current,
                    "older_versions": done.superseded,
                    "files_before": done.parts,
                    "compacted": done.is_changed,
                }
            )
    if as_json:
        print_json({"series": rows})
    elif rows:
        _print(rows)
    else:
        typer.echo("No bars are stored; run: trimtab bars ingest --source sample")


def _print(rows: list[dict[str, Any]]) -> None:
    """Only what changed: in a large store nearly every series is compact already."""
    changed = [row for row in rows if row["compacted"]]
    if changed:
        columns = ("instrument_id", "timeframe", "bars", "older_versions", "files_before")
        print_table(f"Compacted {len(changed):,} of {len(rows):,} series", changed, columns)
    if left := len(rows) - len(changed):
        said = "" if changed else f"Compacted 0 of {len(rows):,} series: "
        typer.echo(f"{said}{left:,} {'was' if left == 1 else 'were'} compact already.")
