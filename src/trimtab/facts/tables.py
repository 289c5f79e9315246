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
        columns[name] = _lists(array) if name == "embedding" else _column(name, array)
    return pa.table(columns)


def texts_of(table: pa.Table, instrument_id: str) -> Texts:
    """Read back a table of `texts_table`; every point keeps its own numbers, and a shorter one has NaN after them."""
    return Texts.build(
        instrument_id,
        _times(table, "event_time"),
        _texts(table, "channel"),
        table["text"].to_pylist(),
        table["score"].to_numpy(),
        table["confidence"].to_numpy(),
        _texts(table, "scorer"),
        _points(table),
        _times(table, "known_time"),
        _times(table, "received_time"),
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


def point_lengths(embedding: np.ndarray) -> np.ndarray:
    """How many numbers each point has before the NaN that fill its row, int64; 0 where all is unknown.

    >>> point_lengths(np.array([[1.0, 2.0], [1.0, np.nan], [np.nan, np.nan]])).tolist()
    [2, 1, 0]
    """
    known = ~np.isnan(embedding)
    if known.shape[1] == 0:
        return np.zeros(len(known), np.int64)
    lengths = known.shape[1] - np.argmax(known[:, ::-1], axis=1)
    return np.where(known.any(axis=1), lengths, 0)


def _lists(embedding: np.ndarray) -> pa.Array:
    import pyarrow as pa

    points = [row[:length] for row, length in zip(embedding, point_lengths(embedding), strict=True)]
    return pa.array(points, pa.list_(pa.float32()))


def _points(table: pa.Table) -> np.ndarray:
    """Points of several embedders differ in length; the longest decides how wide the array is."""
    import pyarrow.compute as pc

    column = table["embedding"].combine_chunks()
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    points = np.full((len(lengths), int(lengths.max(initial=0))), np.nan, np.float32)
    points[np.arange(points.shape[1]) < lengths[:, None]] = np.asarray(column.flatten())
    return points
