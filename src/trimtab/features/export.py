"""Features of a bar file as one Parquet file, one instrument in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.bars import Bars
from trimtab.bars.checks import judge
from trimtab.features.catalogue import resolve
from trimtab.features.engine import compute
from trimtab.features.store import block_table
from trimtab.market import Series
from trimtab.storage.atomic import write_atomically


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    path: the file; columns instrument_id, timeframe, event_time, then one float64 per feature.
    names: the features.
    rows: rows written per series key.
    left_out: bars that the checks did not accept, per series key.
    """

    path: Path
    names: tuple[str, ...]
    rows: dict[str, int]
    left_out: dict[str, int]


def export_features(
    bars: Mapping[Series, Bars],
    names: Sequence[str],
    path: Path,
    finished: Callable[[Series], None] = lambda series: None,
) -> ExportReport:
    """Judge raw bars, compute features on the accepted ones and write them, one row group per series.

    The file appears whole or not at all. `finished` is called after each series.
    """
    names = resolve(names=names)
    rows: dict[str, int] = {}
    left_out: dict[str, int] = {}

    def write(temporary: Path) -> None:
        with pq.ParquetWriter(temporary, _schema(names), compression="zstd") as writer:
            for series in sorted(bars):
                accepted = accepted_in_order(bars[series])
                rows[series.key], left_out[series.key] = len(accepted), len(bars[series]) - len(accepted)
                table = block_table(compute(accepted, names)).drop_columns("known_time")
                writer.write_table(table, row_group_size=max(len(accepted), 1))
                finished(series)

    write_atomically(path, write)
    return ExportReport(path, names, rows, left_out)


def accepted_in_order(bars: Bars) -> Bars:
    """The bars that the checks accept, sorted by time."""
    accepted = bars.take(judge(bars).accepted)
    return accepted.take(np.argsort(accepted.event_time, kind="stable"))


def _schema(names: Sequence[str]) -> pa.Schema:
    keys = [("instrument_id", pa.string()), ("timeframe", pa.string()), ("event_time", pa.timestamp("us", tz="UTC"))]
    return pa.schema([*keys, *((name, pa.float64()) for name in names)])
