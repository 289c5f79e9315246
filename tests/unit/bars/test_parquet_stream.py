"""One series at a time out of a Parquet file: whatever the order, the bars a whole reading gives."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk

from trimtab.bars.files import read_bar_file
from trimtab.bars.parquet_stream import ParquetListing, ParquetStream, list_parquet
from trimtab.bars.schema import Bars
from trimtab.errors import SchemaError, SourceError
from trimtab.market import Series, Timeframe

NAMES = ["CCC", "AAA", "EEE", "BBB", "DDD"]


def walks(n: int = 40) -> pa.Table:
    return pa.concat_tables([random_walk(n, seed, name).to_table() for seed, name in enumerate(NAMES)])


def written(folder: Path, table: pa.Table, row_group_size: int = 32) -> Path:
    pq.write_table(table, folder / "x.parquet", row_group_size=row_group_size)
    return folder / "x.parquet"


def listed(path: Path) -> ParquetListing:
    return list_parquet(path, batch_rows=7)


def assert_same(given: Bars, wanted: Bars) -> None:
    assert given.series == wanted.series
    for (name, mine), (_, other) in zip(given.arrays(), wanted.arrays(), strict=True):
        np.testing.assert_array_equal(mine, other, err_msg=name)


def test_a_file_is_listed_without_reading_prices(tmp_path: Path) -> None:
    listing = listed(written(tmp_path, walks()))
    assert list(listing.places) == [Series(name, Timeframe.DAY) for name in NAMES]
    assert listing.places[Series("AAA", Timeframe.DAY)].runs == [(40, 80)]
    assert listing.reading.columns == read_bar_file(tmp_path / "x.parquet").columns


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mixed", [False, True], ids=["sorted by instrument", "mixed row by row"])
def test_in_any_order_the_bars_are_those_of_the_whole_file(tmp_path: Path, seed: int, mixed: bool) -> None:
    rng = np.random.default_rng(seed)
    table = walks(150) if mixed else walks()
    path = written(tmp_path, table.take(rng.permutation(len(table))) if mixed else table)
    whole, stream = read_bar_file(path).bars, ParquetStream(listed(path))
    for number in rng.integers(0, len(NAMES), 20):
        series = Series(NAMES[number], Timeframe.DAY)
        assert_same(stream.bars(series), whole[series])


def test_a_series_in_several_pieces_keeps_file_order(tmp_path: Path) -> None:
    first, second = random_walk(30, 1, "AAA"), random_walk(30, 2, "BBB")
    pieces = [first.take(slice(20, 30)), second, first.take(slice(0, 20))]
    path = written(tmp_path, pa.concat_tables([piece.to_table() for piece in pieces]))
    bars = ParquetStream(listed(path)).bars(first.series)
    np.testing.assert_array_equal(bars.close, np.r_[first.close[20:], first.close[:20]])


def test_a_series_in_more_pieces_than_are_remembered_is_still_complete(tmp_path: Path) -> None:
    table = pa.concat_tables([random_walk(200, 1, "AAA").to_table(), random_walk(200, 2, "BBB").to_table()])
    path = written(tmp_path, table.take(np.arange(400).reshape(2, 200).T.ravel()))
    listing = listed(path)
    assert listing.places[Series("AAA", Timeframe.DAY)].is_scattered
    assert_same(ParquetStream(listing).bars(Series("AAA", Timeframe.DAY)), random_walk(200, 1, "AAA"))


def test_the_file_is_read_once_when_asked_in_its_order(tmp_path: Path) -> None:
    stream = ParquetStream(listed(written(tmp_path, walks())))
    readings = []
    for name in NAMES:
        stream.bars(Series(name, Timeframe.DAY))
        readings.append(stream._batches)
    assert all(reading is readings[0] for reading in readings)
    assert stream._batch is not None
    assert len(stream._batch) <= 7


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.string_view()])
def test_names_may_be_written_in_any_kind_of_text(tmp_path: Path, kind: pa.DataType) -> None:
    table = walks()
    for column in ("instrument_id", "timeframe"):
        table = table.set_column(table.column_names.index(column), column, table[column].cast(kind))
    path = written(tmp_path, table)
    whole, stream = read_bar_file(path).bars, ParquetStream(listed(path))
    assert_same(stream.bars(Series("BBB", Timeframe.DAY)), whole[Series("BBB", Timeframe.DAY)])


def test_a_file_of_one_series_without_name_or_timeframe_is_read_like_the_whole(tmp_path: Path) -> None:
    path = written(tmp_path, random_walk(50).to_table().drop(["instrument_id", "timeframe"]))
    listing = listed(path)
    assert listing.reading.columns["timeframe"] == "1d (from the spacing of the times)"
    ((series, bars),) = read_bar_file(path).bars.items()
    assert series == Series("x", Timeframe.DAY)
    assert_same(ParquetStream(listing).bars(series), bars)


def test_the_spacing_of_a_file_out_of_order_is_that_of_the_whole(tmp_path: Path) -> None:
    table = random_walk(42).to_table().drop(["timeframe"])
    # In pieces of seven rows there is no step of one day.
    path = written(tmp_path, table.take(np.r_[0:42:2, 1:42:2]))
    assert listed(path).reading.timeframe is Timeframe.DAY


def with_times(table: pa.Table, times: list[object]) -> pa.Table:
    return table.set_column(table.column_names.index("event_time"), "event_time", pa.array(times))


@pytest.mark.parametrize("n_midnights", [20, 19], ids=["all at midnight", "all but the last at midnight"])
def test_how_times_are_written_is_decided_over_the_whole_file(tmp_path: Path, n_midnights: int) -> None:
    hours = ["00:00"] * n_midnights + ["01:00"] * (20 - n_midnights)
    times = [f"2024-01-{day + 1:02d} {hour}:00-05:00" for day, hour in enumerate(hours)]
    table = with_times(random_walk(20).to_table().drop(["known_time"]), times)
    path = written(tmp_path, table, row_group_size=5)
    ((series, bars),) = read_bar_file(path).bars.items()
    assert_same(ParquetStream(listed(path)).bars(series), bars)
    assert str(bars.event_time[0]) == (
        "2024-01-01T00:00:00.000000" if n_midnights == 20 else "2024-01-01T05:00:00.000000"
    )


def test_whole_numbers_are_counted_in_one_unit_over_the_whole_file(tmp_path: Path) -> None:
    # 1970-03-27 in milliseconds has fewer digits than a later time in seconds would have.
    times = np.array(["1970-03-27", "1980-01-01", "2024-01-01"], "datetime64[ms]").astype(np.int64).tolist()
    path = written(tmp_path, with_times(random_walk(3).to_table().drop(["known_time"]), times), row_group_size=1)
    bars = ParquetStream(list_parquet(path, batch_rows=1)).bars(Series("AAA", Timeframe.DAY))
    assert bars.event_time.astype("datetime64[D]").astype(str).tolist() == ["1970-03-27", "1980-01-01", "2024-01-01"]


class TestWhatIsWrongIsSaidBeforeAnyBarIsUsed:
    def test_a_time_that_is_none_names_its_row_in_the_file(self, tmp_path: Path) -> None:
        times = ["2024-01-02"] * 19 + ["yesterday"]
        path = written(tmp_path, with_times(random_walk(20).to_table().drop(["known_time"]), times))
        with pytest.raises(SchemaError, match="holds 'yesterday' in row 20"):
            listed(path)

    def test_a_time_of_day_without_a_zone(self, tmp_path: Path) -> None:
        times = [np.datetime64("2024-01-02", "us")] * 19 + [np.datetime64("2024-01-02T09:30", "us")]
        path = written(tmp_path, with_times(random_walk(20).to_table(), times))
        with pytest.raises(SchemaError, match=r"carry no time zone \(2024-01-02T09:30:00\)"):
            listed(path)

    def test_an_instrument_that_is_missing_names_its_row_in_the_file(self, tmp_path: Path) -> None:
        table = random_walk(20).to_table()
        names = pa.array(["AAA"] * 19 + [None])
        path = written(tmp_path, table.set_column(0, "instrument_id", names))
        with pytest.raises(SchemaError, match="column 'instrument_id' is empty in row 20"):
            listed(path)

    def test_an_instrument_written_in_two_ways(self, tmp_path: Path) -> None:
        names = pa.array(["BTC-USDT"] * 10 + ["BTC/USDT"] * 10)
        path = written(tmp_path, random_walk(20).to_table().set_column(0, "instrument_id", names))
        with pytest.raises(SchemaError, match="writes instrument BTC-USDT in two ways"):
            listed(path)

    def test_a_file_without_rows(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="has columns but no rows"):
            listed(written(tmp_path, random_walk(1).to_table().slice(0, 0)))


class TestAFileThatIsNoLongerWhatItWas:
    def test_it_vanished(self, tmp_path: Path) -> None:
        stream = ParquetStream(listed(written(tmp_path, walks())))
        (tmp_path / "x.parquet").unlink()
        with pytest.raises(SourceError, match=r"x\.parquet vanished while it was being read"):
            stream.bars(Series("AAA", Timeframe.DAY))

    def test_it_was_replaced_between_two_series(self, tmp_path: Path) -> None:
        stream = ParquetStream(listed(written(tmp_path, walks())))
        stream.bars(Series("CCC", Timeframe.DAY))
        pq.write_table(walks(), tmp_path / "new.parquet", row_group_size=32)
        (tmp_path / "new.parquet").replace(tmp_path / "x.parquet")
        with pytest.raises(SourceError, match=r"x\.parquet changed while it was being read"):
            stream.bars(Series("AAA", Timeframe.DAY))

    def test_it_was_cut_in_place(self, tmp_path: Path) -> None:
        path = written(tmp_path, walks())
        stream = ParquetStream(listed(path))
        os.truncate(path, path.stat().st_size // 2)
        with pytest.raises(SourceError, match=r"x\.parquet changed while it was being read"):
            stream.bars(Series("DDD", Timeframe.DAY))

    def test_a_page_of_prices_is_damaged(self, tmp_path: Path) -> None:
        path = written(tmp_path, walks(4_000), row_group_size=20_000)
        content = bytearray(path.read_bytes())
        column = pq.ParquetFile(path).metadata.row_group(0).column(4)
        content[column.data_page_offset : column.data_page_offset + 40] = b"\xff" * 40
        path.write_bytes(bytes(content))
        with pytest.raises(SourceError, match=r"x\.parquet cannot be read"):
            ParquetStream(listed(path)).bars(Series("CCC", Timeframe.DAY))
