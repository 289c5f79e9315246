"""Files as people and programs deliver them to an inbox: whole, broken and half-written."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq

from trimtab.bars.schema import Bars

COLUMNS = ["instrument_id", "timeframe", "event_time", "open", "high", "low", "close", "volume"]


def parquet_bytes(bars: Bars) -> bytes:
    """Bars of one series as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(bars.to_table().select(COLUMNS), sink)
    return sink.getvalue()


def csv_bytes(bars: Bars, instrument: bool = True) -> bytes:
    """Bars of one series as a CSV file; without the instrument it is the name of the file that says it."""
    table = bars.to_table().select(COLUMNS if instrument else COLUMNS[1:]).to_pandas()
    table["event_time"] = table["event_time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return table.to_csv(index=False).encode()


def deliver(folder: Path, name: str, content: bytes) -> Path:
    """Put a file into a folder in one step, as a careful deliverer does."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.tmp"
    part.write_bytes(content)
    return part.replace(folder / name)
