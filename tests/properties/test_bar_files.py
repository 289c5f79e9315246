"""However a file is cut, mixed and asked: each series is its rows in file order, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.file_times import read_times, watch_times
from trimtab.bars.parquet_stream import ParquetStream, list_parquet
from trimtab.bars.sources.duckdb import DuckDBBars
from trimtab.bars.spacing import StepCount
from trimtab.errors import SchemaError
from trimtab.market import Series, Timeframe

NAMES = ("AAA", "BTC/USDT", "C-C", "000001")
FRAMES = ("1d", "1h")


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Instrument and timeframe of every row: runs of any length, in any order."""
    run = st.tuples(st.sampled_from(NAMES), st.sampled_from(FRAMES), st.integers(1, 90))
    return [(name, frame) for name, frame, n in draw(st.lists(run, min_size=1, max_size=12)) for _ in range(n)]


def table_of(keys: list[tuple[str, str]]) -> pa.Table:
    """Bars whose close is the number of their row, so that a row is known wherever it turns up."""
    number = np.arange(len(keys), dtype=np.float64)
    days = np.datetime64("2000-01-01", "us") + np.arange(len(keys)) * np.timedelta64(1, "D")
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), number)
    names, frames = [name for name, _ in keys], [frame for _, frame in keys]
    return pa.table(
        {"symbol": names, "timeframe": frames, "ts": pa.array(days).cast(pa.timestamp("us", "UTC")), **columns}
    )


@settings(deadline=None, max_examples=60)
@given(
    keys=rows(),
    group_rows=st.integers(1, 100),
    batch_rows=st.integers(1, 100),
    asked=st.lists(st.integers(0, 99), max_size=12),
)
def test_a_streamed_series_is_its_rows(
    keys: list[tuple[str, str]], group_rows: int, batch_rows: int, asked: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        pq.write_table(table_of(keys), path, row_group_size=group_rows)
        listing = list_parquet(path, batch_rows=batch_rows)
        wanted = {key: [row for row, other in enumerate(keys) if other == key] for key in dict.fromkeys(keys)}
        by_series = {Series(name.replace("/", "-"), Timeframe(frame)): wanted[name, frame] for name, frame in wanted}
        assert list(listing.places) == list(by_series)
        stream = ParquetStream(listing)
        for number in [*asked, *range(len(by_series))]:
            series = list(by_series)[number % len(by_series)]
            assert stream.bars(series).close.tolist() == by_series[series]


@settings(deadline=None, max_examples=15)
@given(keys=rows())
def test_duckdb_gives_the_same_rows(keys: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        pq.write_table(table_of(keys), path)
        source, stream = DuckDBBars(path), ParquetStream(list_parquet(path))
        assert source.instruments() == sorted(stream.listing.places)
        for series in source.instruments():
            assert source.fetch(series).close.tolist() == stream.bars(series).close.tolist()


WAYS = (
    "2024-01-0{}",
    "2024-01-0{}T00:00:00Z",
    "2024-01-0{} 00:00:00-05:00",
    "2024-01-0{} 09:30:00+01:00",
    "",
    "2024-01-0{} 09:30",
)


@given(
    parts=st.lists(
        st.lists(st.tuples(st.sampled_from(WAYS), st.integers(1, 9)), min_size=1, max_size=4), min_size=1, max_size=4
    )
)
def test_a_time_column_in_parts_is_read_or_refused_as_in_one_piece(parts: list[list[tuple[str, int]]]) -> None:
    texts = [[way.format(day) for way, day in part] for part in parts]
    whole = pa.chunked_array([[text for part in texts for text in part]], pa.string())

    def in_parts() -> tuple[list[str], str]:
        watch = watch_times(pa.string(), "x")
        for part in texts:
            watch.see(pa.chunked_array([part], pa.string()))
        how = watch.format()
        return [str(time) for part in texts for time in how.read(pa.chunked_array([part], pa.string()))], how.note

    try:
        times, note = read_times(whole, "x")
    except SchemaError as error:
        refused = str(error)
    else:
        assert in_parts() == (times.astype(str).tolist(), note)
        return
    try:
        in_parts()
    except SchemaError as error:
        assert str(error) == refused
    else:
        raise AssertionError(f"in parts it was read, in one piece refused: {refused}")


@given(
    days=st.lists(st.integers(0, 40), min_size=1, max_size=30),
    cuts=st.lists(st.integers(0, 30), max_size=4),
    n_groups=st.integers(1, 3),
)
def test_the_spacing_in_parts_is_that_of_the_whole_unless_it_says_otherwise(
    days: list[int], cuts: list[int], n_groups: int
) -> None:
    times = np.array(days, "datetime64[D]").astype("datetime64[us]")
    group = np.arange(len(days), dtype=np.int64) % n_groups
    whole, in_parts = StepCount(), StepCount()
    whole.see(times, group)
    for some in np.split(np.arange(len(days)), sorted(min(cut, len(days)) for cut in cuts)):
        in_parts.see(times[some], group[some])
    assert whole.is_exact
    if in_parts.is_exact:
        assert in_parts._steps == whole._steps
        assert in_parts.timeframe() == whole.timeframe()
