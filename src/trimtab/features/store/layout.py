"""How a block of features lies in a Parquet file, and what the file says about itself.

Values are written with byte-stream-split and without dictionaries, because no two floats are alike; in LZ4,
which is read more than twice as fast as zstd here and is no larger; and in groups of 1,024 rows or more,
so that the last rows of some columns are read without the history before them, while the footer of a
long history stays small (measured in docs/feature_store.md).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.bars.schema import TIME
from trimtab.errors import FeatureError
from trimtab.features.engine import FeatureBlock
from trimtab.market import Series
from trimtab.storage.atomic import write_atomically
from trimtab.storage.lake import Lake

KEYS = ("instrument_id", "timeframe", "event_time", "known_time")
FEWEST_PER_GROUP, MOST_PER_GROUP, GROUPS = 1_024, 16_384, 32
AT_REST = (np.dtype(np.float64), np.dtype(np.float32))
_ABOUT = b"trimtab.features"


@dataclass(frozen=True)
class About:
    """What a file of features says about itself.

    Attributes
    ----------
    identities: of each column, the version and code that computed it (`code_identity.identity`).
    lineage: what its rows were made from, when and by which code, as JSON values (`origin.Lineage`).
    covers: of a base, the last append whose rows it holds or has replaced (`ranges`); 0 of a part.
    """

    identities: dict[str, str]
    lineage: dict[str, Any] = field(default_factory=dict)
    covers: int = 0

    def metadata(self) -> dict[bytes, bytes]:
        """As the metadata of a Parquet file."""
        return {_ABOUT: json.dumps(self.__dict__).encode()}

    @classmethod
    def of(cls, metadata: dict[bytes, bytes] | None) -> About:
        """Read back; a file that says nothing was written before files said anything."""
        told = (metadata or {}).get(_ABOUT)
        return cls({}) if told is None else cls(**json.loads(told))


def table_name(family: str, series: Series) -> str:
    """The name of the table of a family and series in the lake; rows appended later are in a folder of that name."""
    return f"features/{family}/{series.key}"


def block_table(block: FeatureBlock, at_rest: Any = None) -> pa.Table:
    """A block as an Arrow table: the keys, then one column per feature.

    `at_rest` is float64 or float32; absent, the type of the block. Raises `FeatureError` for another
    type, and for a value that float32 cannot hold.
    """
    n = len(block)
    columns = {
        "instrument_id": pa.repeat(pa.scalar(block.series.instrument_id, pa.string()), n),
        "timeframe": pa.repeat(pa.scalar(block.series.timeframe.value, pa.string()), n),
        "event_time": _utc(block.event_time),
        "known_time": _utc(block.known_time),
        **{name: pa.array(_stored(block.values[:, j], name, at_rest)) for j, name in enumerate(block.names)},
    }
    return pa.table(columns)


def write_table(lake: Lake, name: str, table: pa.Table, about: About) -> None:
    """Write a table of features atomically, in the layout of the store."""
    told = table.replace_schema_metadata(about.metadata())
    encodings = {each: "BYTE_STREAM_SPLIT" for each in table.column_names if each not in KEYS}

    def write(temporary: Any) -> None:
        pq.write_table(
            told,
            temporary,
            compression="lz4",
            row_group_size=rows_per_group(table.num_rows),
            use_dictionary=["instrument_id", "timeframe"],
            column_encoding={**encodings, **dict.fromkeys(("event_time", "known_time"), "DELTA_BINARY_PACKED")},
        )

    write_atomically(lake.tables.path(name), write)


def rows_per_group(n: int) -> int:
    """Rows that are read at once from a file of n rows: about a thirty-second part of it, within limits.

    >>> rows_per_group(3_000), rows_per_group(100_000), rows_per_group(1_000_000)
    (1024, 3125, 16384)
    """
    return min(max(n // GROUPS, FEWEST_PER_GROUP), MOST_PER_GROUP)


def times_of(column: pa.ChunkedArray) -> np.ndarray:
    """A column of times as `datetime64[us]`."""
    return column.cast(pa.timestamp("us")).to_numpy().astype(TIME, copy=False)


def _utc(times: np.ndarray) -> pa.Array:
    return pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


def _stored(values: np.ndarray, name: str, at_rest: Any) -> np.ndarray:
    kind = values.dtype if at_rest is None else np.dtype(at_rest)
    if kind not in AT_REST:
        raise FeatureError(f"features are stored as float64 or float32, not {kind}; choose one of the two")
    if kind == values.dtype:
        return values
    with np.errstate(over="ignore"):
        stored = values.astype(kind)
    if np.isinf(stored).any() and not np.isinf(values).any():
        raise FeatureError(f"feature '{name}' has values too large for float32; store its family as float64")
    return stored
