"""`trimtab bars compact`: fewer files, every version kept."""

from __future__ import annotations

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
        print_table(f"Compacted {sum(row['compacted'] is True for row in rows)} of {len(rows)} series", rows)
    else:
        typer.echo("No bars are stored; run: trimtab bars ingest --source sample")
