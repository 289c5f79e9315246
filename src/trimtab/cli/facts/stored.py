"""`trimtab facts list`: what is stored about whom."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.facts.store import FactStore


def list_stored(as_json: bool = AS_JSON) -> None:
    """Every instrument with facts: how many figures and texts, from when to when, when the newest was known."""
    from trimtab.config import load_settings
    from trimtab.facts.store import FactStore
    from trimtab.storage.lake import open_lake

    lake = open_lake(load_settings())
    store = FactStore(lake)
    rows = [_row(store, name) for name in store.instruments()]
    if as_json:
        print_json({"instruments": rows})
    elif rows:
        print_table(f"Facts in {lake.root}", [{name: _day(value) for name, value in row.items()} for row in rows])
    else:
        typer.echo(f"No facts are stored in {lake.root}; run: trimtab facts ingest FILE --format ...")


def _day(value: Any) -> Any:
    """A time as its day, so that a row fits a terminal; --json has the time of day."""
    return value.date() if isinstance(value, datetime) else value


def _row(store: FactStore, instrument_id: str) -> dict[str, Any]:
    import numpy as np

    from trimtab.bars.times import as_datetime

    figures, texts = store.figures(instrument_id), store.texts(instrument_id)
    events = np.concatenate([figures.period_end, texts.event_time])
    known = np.concatenate([figures.known_time, texts.known_time])
    return {
        "instrument_id": instrument_id,
        "figures": len(figures),
        "concepts": len(np.unique(figures.concept)),
        "texts": len(texts),
        "first_event": as_datetime(events.min()),
        "last_event": as_datetime(events.max()),
        "newest_known": as_datetime(known.max()),
    }
