"""The feature store: one Parquet table per family and series, and its latest row.

A table carries the versions of the features it holds; reading one that an older version of the code
has written is refused, so old and new numbers are never mixed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.bars.schema import TIME
from trimtab.errors import FeatureError, NotEnoughDataError, NotFoundError
from trimtab.features.catalogue import catalogue, resolve, versions
from trimtab.features.engine import FeatureBlock
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_json, fingerprint_table
from trimtab.storage.lake import Lake

KEYS = ("instrument_id", "timeframe", "event_time", "known_time")
_VERSIONS = b"trimtab.feature_versions"


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
    """

    series: Series
    event_time: datetime
    known_time: datetime
    names: tuple[str, ...]
    values: np.ndarray


def table_name(family: str, series: Series) -> str:
    """The name of the table of a family and series in the lake."""
    return f"features/{family}/{series.key}"


def block_table(block: FeatureBlock) -> pa.Table:
    """A block as an Arrow table: the keys, then one float64 column per feature."""
    n = len(block)
    columns = {
        "instrument_id": pa.array([block.series.instrument_id] * n, pa.string()),
        "timeframe": pa.array([block.series.timeframe.value] * n, pa.string()),
        "event_time": _utc(block.event_time),
        "known_time": _utc(block.known_time),
        **{name: pa.array(block.values[:, j]) for j, name in enumerate(block.names)},
    }
    return pa.table(columns)


def write_family(lake: Lake, series: Series, family: str, block: FeatureBlock) -> str:
    """Replace the table of one family and series; returns the fingerprint of content and versions.

    Raises `FeatureError` when the block belongs to another series or holds features of another family.
    """
    known = catalogue()
    strangers = [name for name in block.names if known[name].family != family]
    if strangers:
        raise FeatureError(
            f"'{strangers[0]}' is not in the family '{family}' but in '{known[strangers[0]].family}'; write each family to its own table"
        )
    if block.series != series:
        raise FeatureError(f"the block holds {block.series}, not {series}; write each series to its own table")
    made_by = versions(block.names)
    table = block_table(block)
    lake.tables.write(table_name(family, series), table.replace_schema_metadata({_VERSIONS: json.dumps(made_by)}))
    return fingerprint_json([fingerprint_table(table), made_by])


def read_features(lake: Lake, series: Series, names: Sequence[str]) -> FeatureBlock:
    """Read features of a series across families, columns in the order of `names`.

    Raises `UnknownNameError` for a name that is not in the catalogue, `NotFoundError` when a table
    or column has not been computed, `FeatureError` when it was computed by another version of a
    feature or the tables of the families do not hold the same bars.
    """
    names = resolve(names=names)
    by_family: dict[str, list[str]] = {}
    for name in names:
        by_family.setdefault(catalogue()[name].family, []).append(name)
    tables = {family: _read_family(lake, series, family, chosen) for family, chosen in by_family.items()}
    times = {family: (_times(t, "event_time"), _times(t, "known_time")) for family, t in tables.items()}
    event_time, known_time = next(iter(times.values()), (np.empty(0, TIME), np.empty(0, TIME)))
    for family, (events, knowns) in times.items():
        if not (np.array_equal(events, event_time) and np.array_equal(knowns, known_time)):
            raise FeatureError(
                f"{series}: the tables of {', '.join(tables)} hold different bars (first seen in '{family}'); compute the families again"
            )
    values = np.empty((len(event_time), len(names)), order="F")
    for column, name in enumerate(names):
        values[:, column] = tables[catalogue()[name].family][name].to_numpy()
    return FeatureBlock(series, event_time, known_time, names, values)


def latest_row(lake: Lake, series: Series, names: Sequence[str]) -> LatestRow:
    """The newest stored row of a series; `NotEnoughDataError` when the tables are empty."""
    block = read_features(lake, series, names)
    if not len(block):
        raise NotEnoughDataError(f"{series} has no feature rows yet; ingest bars and compute the features first")
    return LatestRow(
        series, _moment(block.event_time[-1]), _moment(block.known_time[-1]), block.names, block.values[-1].copy()
    )


def quality(block: FeatureBlock) -> dict[str, Any]:
    """How usable a block is, as JSON values.

    `rows`, `features`; `completeness`: share of values present among those after each feature's
    lookback; `within_bounds`: share of present values inside the catalogue's bounds; `infinite`: how
    many are infinite; `incomplete` and `out_of_bounds`: features below 1.0 with their share;
    `last_event_time`, `last_known_time`: what freshness is judged from. Shares are None where
    nothing could be counted.
    """
    complete = {name: _completeness(block, name) for name in block.names}
    inside = {name: _within_bounds(block, name) for name in block.names}
    return {
        "rows": len(block),
        "features": len(block.names),
        "completeness": _pooled(complete),
        "within_bounds": _pooled(inside),
        "infinite": int(np.isinf(block.values).sum()),
        "incomplete": _below_one(complete),
        "out_of_bounds": _below_one(inside),
        "last_event_time": _moment(block.event_time[-1]).isoformat() if len(block) else None,
        "last_known_time": _moment(block.known_time[-1]).isoformat() if len(block) else None,
    }


def _read_family(lake: Lake, series: Series, family: str, names: list[str]) -> pa.Table:
    name = table_name(family, series)
    table = lake.tables.read(name)
    made_by = json.loads((table.schema.metadata or {}).get(_VERSIONS, b"{}"))
    for each, version in versions(names).items():
        if each not in table.column_names:
            raise NotFoundError(f"feature '{each}' of {series} is not in table '{name}'; compute the features again")
        if made_by.get(each) != version:
            raise FeatureError(
                f"feature '{each}' of {series} was computed by version {made_by.get(each)}, the catalogue has {version}; compute the features again"
            )
    return table.select([*KEYS, *names])


def _completeness(block: FeatureBlock, name: str) -> tuple[int, int]:
    after = block.column(name)[catalogue()[name].lookback :]
    return int((~np.isnan(after)).sum()), len(after)


def _within_bounds(block: FeatureBlock, name: str) -> tuple[int, int]:
    low, high = catalogue()[name].bounds
    values = block.column(name)
    present = values[~np.isnan(values)]
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    return int(((present >= low) & (present <= high)).sum()), len(present)


def _pooled(counts: dict[str, tuple[int, int]]) -> float | None:
    total = sum(n for _, n in counts.values())
    return sum(good for good, _ in counts.values()) / total if total else None


def _below_one(counts: dict[str, tuple[int, int]]) -> dict[str, float]:
    return {name: good / n for name, (good, n) in counts.items() if good < n}


def _utc(times: np.ndarray) -> pa.Array:
    return pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


def _times(table: pa.Table, name: str) -> np.ndarray:
    return table[name].cast(pa.timestamp("us")).to_numpy().astype(TIME)


def _moment(time: Any) -> datetime:
    moment: datetime = time.astype(TIME).item()
    return moment.replace(tzinfo=UTC)
