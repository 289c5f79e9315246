"""`trimtab bars list`: what is stored."""

from __future__ import annotations

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table


def list_stored(as_json: bool = AS_JSON) -> None:
    """Every stored series: how many bars, from when to when, versions, bars in quarantine."""
    from trimtab.bars.quarantine import Quarantine
    from trimtab.bars.store import BarStore
    from trimtab.bars.times import as_datetime
    from trimtab.config import load_settings
    from trimtab.storage.lake import open_lake

    lake = open_lake(load_settings())
    store, quarantine = BarStore(lake), Quarantine(lake)
    rows = []
    for series in store.series():
        bars = store.current(series)
        rows.append(
            {
                "instrument_id": series.instrument_id,
                "timeframe": series.timeframe.value,
                "bars": len(bars),
                "first": as_datetime(bars.event_time[0]),
                "last": as_datetime(bars.event_time[-1]),
                "versions": store.n_versions(series),
                "quarantined": quarantine.count(series),
            }
        )
    if as_json:
        print_json({"series": rows})
    elif rows:
        print_table(f"Bars in {lake.root}", rows)
    else:
        typer.echo(f"No bars are stored in {lake.root}; run: trimtab bars ingest --source sample")
