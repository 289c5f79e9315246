"""Features of a bar file as one Parquet file, in the memory of a row group and an instrument per worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.bars import Bars
from trimtab.bars.checks import judge
from trimtab.bars.sources.files import BarFiles
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.parallel import in_order
from trimtab.features.store import block_table
from trimtab.features.surroundings import SURROUNDINGS
from trimtab.market import Series
from trimtab.storage.atomic import write_atomically

KEYS = ("instrument_id", "timeframe", "event_time")
ROW_GROUP_BYTES = 32 * 2**20

_Made = tuple[FeatureBlock, int]  # the features of a series, and how many of its bars were refused


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    Attributes
    ----------
    path: the file; columns instrument_id, timeframe, event_time, then one number per feature.
    names: the features.
    rows: rows written per series key.
    left_out: bars that the checks did not accept, per series key.
    unknown: the features that are NaN in every row because they read what a file of bars does not hold.
    """

    path: Path
    names: tuple[str, ...]
    rows: dict[str, int]
    left_out: dict[str, int]
    unknown: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What the unknown features read, in words."""
        known = catalogue()
        needs = {need for name in self.unknown for need in known[name].needs}
        return tuple(SURROUNDINGS[need] for need in SURROUNDINGS if need in needs)


class SeriesOfFile(Mapping[Series, Bars]):
    """The series of a bar file, each read when it is asked for."""

    def __init__(self, source: BarFiles) -> None:
        self._source, self._series = source, source.instruments()

    def __getitem__(self, series: Series) -> Bars:
        return self._source.fetch(series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)


def export_features(
    bars: Mapping[Series, Bars],
    names: Sequence[str],
    path: Path,
    finished: Callable[[Series], None] = lambda series: None,
    *,
    n_workers: int = 1,
    dtype: Any = np.float64,
) -> ExportReport:
    """Judge raw bars, compute features on the accepted ones and write them, series after series.

    The file appears whole or not at all. While some series are written the next are computed, at most
    `n_workers` at once.

    Parameters
    ----------
    bars: by series; a lazy mapping such as `SeriesOfFile` is asked for one series at a time.
    finished: called for each series that is written.
    dtype: of the features in the file; float32 halves it.
    """
    names = resolve(names=names)
    ordered = sorted(bars)
    rows: dict[str, int] = {}
    left_out: dict[str, int] = {}

    def write(temporary: Path) -> None:
        made = in_order(partial(_computed, names, dtype), (bars[series] for series in ordered), n_workers)
        with closing(made), _writer(temporary, names, dtype) as writer:
            for group in _row_groups(made):
                _write_group(writer, [block for block, _ in group])
                for block, refused in group:
                    rows[block.series.key], left_out[block.series.key] = len(block), refused
                    finished(block.series)

    write_atomically(path, write)
    # A file holds many instruments but does not say which are peers of which.
    unknown = tuple(name for name in names if catalogue()[name].needs)
    return ExportReport(path, names, rows, left_out, unknown)


def accepted_in_order(bars: Bars) -> Bars:
    """The bars that the checks accept, sorted by time."""
    accepted = bars.take(judge(bars).accepted)
    return accepted.take(np.argsort(accepted.event_time, kind="stable"))


def _computed(names: tuple[str, ...], dtype: Any, bars: Bars) -> _Made:
    accepted = accepted_in_order(bars)
    return compute(accepted, names, dtype), len(bars) - len(accepted)


def _row_groups(made: Iterable[_Made]) -> Iterator[list[_Made]]:
    """Neighbouring series until they fill a row group: each group of a file costs 2 KB of memory per column."""
    group: list[_Made] = []
    for block, refused in made:
        group.append((block, refused))
        if sum(each.values.nbytes for each, _ in group) >= ROW_GROUP_BYTES:
            yield group
            group = []
    if group:
        yield group


def _write_group(writer: pq.ParquetWriter, blocks: Sequence[FeatureBlock]) -> None:
    table = pa.concat_tables([block_table(block).select([*KEYS, *block.names]) for block in blocks])
    writer.write_table(table, row_group_size=max(table.num_rows, 1))


def _writer(path: Path, names: Sequence[str], dtype: Any) -> pq.ParquetWriter:
    # A dictionary of thousands of different numbers costs more than the numbers: files without are
    # written 2.4 times as fast and are 16 % smaller.
    return pq.ParquetWriter(path, _schema(names, dtype), compression="zstd", use_dictionary=list(KEYS[:2]))


def _schema(names: Sequence[str], dtype: Any) -> pa.Schema:
    keys = zip(KEYS, (pa.string(), pa.string(), pa.timestamp("us", tz="UTC")), strict=True)
    number = pa.from_numpy_dtype(dtype)
    return pa.schema([*keys, *((name, number) for name in names)])
