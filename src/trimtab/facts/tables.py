"""Facts as Arrow tables, and back: what the store writes and anybody may read without trimtab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trimtab.facts.schema import Figures, Texts, arrays_of

if TYPE_CHECKING:
    import pyarrow as pa


def figures_table(figures: Figures) -> pa.Table:
    """One row per statement: the instrument, then the columns of `Figures`; a level has no period_start."""
    import pyarrow as pa

    columns = {"instrument_id": pa.array([figures.instrument_id] * len(figures), pa.string())}
    columns |= {name: _column(name, array) for name, array in arrays_of(figures)}
    return pa.table(columns)


def figures_of(table: pa.Table, instrument_id: str) -> Figures:
    """Read back a table of `figures_table` that holds figures of one instrument."""
    return Figures.build(
        instrument_id,
        _texts(table, "concept"),
        _times(table, "period_start"),
        _times(table, "period_end"),
        table["value"].to_numpy(),
        _times(table, "known_time"),
        _times(table, "received_time"),
        _texts(table, "document"),
    )


def texts_table(texts: Texts) -> pa.Table:
    """One row per text: the instrument, then the columns of `Texts`; the embedding is a list of float32."""
    import pyarrow as pa

    columns = {"instrument_id": pa.array([texts.instrument_id] * len(texts), pa.string())}
    for name, array in arrays_of(texts):
        is_point = name == "embedding"
        columns[name] = pa.array(list(array), pa.list_(pa.float32())) if is_point else _column(name, array)
    return pa.table(columns)


def texts_of(table: pa.Table, instrument_id: str) -> Texts:
    """Read back a table of `texts_table`; points of another length than the newest ones are unknown (NaN)."""
    received = _times(table, "received_time")
    return Texts.build(
        instrument_id,
        _times(table, "event_time"),
        _texts(table, "channel"),
        table["text"].to_pylist(),
        table["score"].to_numpy(),
        table["confidence"].to_numpy(),
        _texts(table, "scorer"),
        _points(table, received),
        _times(table, "known_time"),
        received,
    )


def _column(name: str, array: np.ndarray) -> pa.Array:
    import pyarrow as pa

    if array.dtype.kind == "M":
        return pa.array(array, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    return pa.array(array) if array.dtype.kind == "f" else pa.array(array.tolist(), pa.string())


def _texts(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].to_pylist(), dtype=np.str_)


def _times(table: pa.Table, name: str) -> np.ndarray:
    import pyarrow as pa

    times: np.ndarray = table[name].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    return times


def _points(table: pa.Table, received: np.ndarray) -> np.ndarray:
    """Points of two embedders do not lie in one space, so the length of the newest rows decides."""
    import pyarrow.compute as pc

    column = table["embedding"].combine_chunks()
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    if len(lengths) == 0:
        return np.empty((0, 0), np.float32)
    d = int(lengths[np.flatnonzero(received == received.max())].max())
    points = np.full((len(lengths), d), np.nan, np.float32)
    if d:
        points[lengths == d] = np.asarray(column.filter(lengths == d).flatten()).reshape(-1, d)
    return points
