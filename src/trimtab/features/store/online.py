"""The newest row of each table in a small file of its own, so that serving does not open the table.

`features/technical/AAPL__1d.latest.json` is written after the table. It carries the stamp of the table's
files: a copy that is behind (its writer was killed in between) is recognised and the row is read from
the table itself, so what is served is always what the table holds.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.bars.freshness import Freshness, freshness
from trimtab.bars.schema import TIME
from trimtab.bars.times import as_datetime
from trimtab.errors import NotEnoughDataError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.store.code_identity import require_identities
from trimtab.features.store.files import OpenTable, Stamp, base_path, consistently, open_table, stamp_of
from trimtab.features.store.layout import table_name, times_of
from trimtab.features.store.matrices import matrix
from trimtab.market import Series
from trimtab.market.calendar import SessionCalendar
from trimtab.storage.atomic import TEMPORARY_SUFFIX
from trimtab.storage.lake import Lake

_ALL_TIMES = np.array(["9999-12-31"], TIME)


@dataclass(frozen=True)
class LatestRow:
    """The newest feature row of a series.

    Attributes
    ----------
    series: instrument and timeframe.
    event_time: open of the bar the row ends at, UTC.
    known_time: when it could first be used, UTC; with the present it says how fresh the row is.
    names: the features.
    values: float64, shape (k,), in the order of `names`.
    rows_before: rows of the table before this one: whether a look-back can be over.
    """

    series: Series
    event_time: datetime
    known_time: datetime
    names: tuple[str, ...]
    values: np.ndarray
    rows_before: int = 0

    def freshness(
        self, now: datetime, calendar: SessionCalendar, publication_lag: timedelta = timedelta(0)
    ) -> Freshness:
        """How many bars the market should have given since this row (`trimtab.bars.freshness`)."""
        return freshness(self.series, self.event_time, now, calendar, publication_lag)


@dataclass(frozen=True)
class Head:
    """The end of a table: all that appending to it, or serving from it, has to know.

    Attributes
    ----------
    n_rows, base_rows: rows of the table, and of its base alone.
    event_time, known_time: of its last row, `datetime64[us]`; NaT without rows.
    values: of its last row by feature, in the order of the columns; empty without rows.
    identities: of its features.
    at_rest: name of the type the values are stored in.
    covers: the last append that the base covers.
    """

    n_rows: int
    base_rows: int
    event_time: np.datetime64
    known_time: np.datetime64
    values: dict[str, float]
    identities: dict[str, str]
    at_rest: str
    covers: int


def latest_row(lake: Lake, series: Series, names: Sequence[str]) -> LatestRow:
    """The newest stored row of a series, of the newest bar that all the families asked for hold.

    Raises `NotEnoughDataError` when the tables are empty, `UnknownNameError` for a name that is not in
    the catalogue, `NotFoundError` for a family or column that has not been computed and `FeatureError`
    for one that other code has computed.
    """
    names = resolve(names=names)
    known = catalogue()
    families = {known[name].family for name in names}
    heads = {family: head_of(lake, table_name(family, series)) for family in families}
    for family, head in heads.items():
        asked = [name for name in names if known[name].family == family]
        require_identities(head.identities, asked, series, table_name(family, series))
    if not heads or not all(head.n_rows for head in heads.values()):
        raise NotEnoughDataError(f"{series} has no feature rows yet; ingest bars and compute the features first")
    if len({(head.event_time, head.known_time) for head in heads.values()}) > 1:
        return _newest_common(lake, series, names, min(head.n_rows for head in heads.values()))
    some = next(iter(heads.values()))
    return LatestRow(
        series,
        as_datetime(some.event_time),
        as_datetime(some.known_time),
        names,
        np.array([heads[known[name].family].values[name] for name in names], np.float64),
        some.n_rows - 1,
    )


def head_of(lake: Lake, name: str) -> Head:
    """The end of a table, from its small file where that is as new as the table, else from the table."""
    base = base_path(lake, name)
    stamp, head = _read_head(_head_path(base)) or (None, None)
    if head is not None and stamp == stamp_of(base):
        return head
    return consistently(name, lambda: _head_from(open_table(lake, name)))


def write_head(lake: Lake, name: str, head: Head) -> None:
    """Write the small file of a table, after the table, by whoever holds its lock.

    It is renamed into place but not forced to the disk, and a disk that refuses it stops nobody: what is lost
    or behind is recognised by its stamp, and the table has the same row.
    """
    base = base_path(lake, name)
    path = _head_path(base)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    with contextlib.suppress(OSError):
        temporary.write_text(_as_text(head, stamp_of(base)))
        temporary.replace(path)


def _head_path(base: Path) -> Path:
    return base.with_name(f"{base.name.removesuffix('.parquet')}.latest.json")


def _as_text(head: Head, stamp: Stamp) -> str:
    document = {
        "event_time": str(head.event_time),
        "known_time": str(head.known_time),
        "rows": head.n_rows,
        "base_rows": head.base_rows,
        "values": {name: None if math.isnan(value) else value for name, value in head.values.items()},
        "identities": head.identities,
        "at_rest": head.at_rest,
        "covers": head.covers,
        "files": [list(stamp.base), list(stamp.parts)],
    }
    return json.dumps(document)


def _read_head(path: Path) -> tuple[Stamp, Head] | None:
    """None where there is no such file, or one that cannot be understood: the table has the same row."""
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
        stamp = Stamp(tuple(told["files"][0]), tuple(told["files"][1]))
        values = {name: math.nan if value is None else float(value) for name, value in told["values"].items()}
        event, known = (np.datetime64(told[name], "us") for name in ("event_time", "known_time"))
        about = (told["identities"], told["at_rest"], told["covers"])
        return stamp, Head(told["rows"], told["base_rows"], event, known, values, *about)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _head_from(table: OpenTable) -> Head:
    n_rows, nothing = len(table), np.datetime64("NaT", "us")
    about = (table.about.identities, table.at_rest.name, table.about.covers)
    if not n_rows:
        return Head(0, 0, nothing, nothing, {}, *about)
    file = next(each for each in reversed(table.files) if each.n_rows)
    names = table.names
    rows = table.read(file, ["event_time", "known_time", *names], file.metadata.num_row_groups - 1)
    last = rows.slice(rows.num_rows - 1)
    values = {name: float(last[name][0].as_py()) for name in names}
    event, known = (times_of(last[name])[0] for name in ("event_time", "known_time"))
    return Head(n_rows, table.files[0].n_rows, event, known, values, *about)


def _newest_common(lake: Lake, series: Series, names: tuple[str, ...], n_rows: int) -> LatestRow:
    """One family has a bar more than another, because it is computed first: the newest that both have."""
    found = matrix(lake, [series], names, _ALL_TIMES)
    if np.isnat(found.event_time[0, 0]):
        raise NotEnoughDataError(f"{series} has no bar for which all of these features are stored; compute them again")
    event, known = found.event_time[0, 0], found.known_time[0, 0]
    return LatestRow(series, as_datetime(event), as_datetime(known), names, found.values[0, 0], n_rows - 1)
