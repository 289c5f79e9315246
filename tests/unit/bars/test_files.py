"""Reading bar files: what is accepted, how it is mapped, and how a bad file is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk

from trimtab.bars.files import BarFile, read_bar_file
from trimtab.bars.schema import Bars
from trimtab.errors import SchemaError, SourceError
from trimtab.market import Series, Timeframe

HEADER = "symbol,timeframe,ts,open,high,low,close,volume\n"


def written(folder: Path, text: str, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def only(file: BarFile) -> Bars:
    (bars,) = file.bars.values()
    return bars


def test_a_yahoo_export_is_mapped_and_says_so(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "Date,Open,High,Low,Close,Adj Close,Volume\n"
        "2020-01-02,10,12,9,11,5.5,100\n2020-01-03,11,12,9,10,5.0,100\n2020-01-06,11,12,9,10,,100\n",
        "XYZ.csv",
    )
    file = read_bar_file(path)
    bars = only(file)
    assert bars.series == Series("XYZ", Timeframe.DAY)
    assert bars.factor.tolist() == [0.5, 0.5, 1.0]
    assert bars.event_time[0] == np.datetime64("2020-01-02")
    assert bars.known_time[0] == np.datetime64("2020-01-03")
    assert file.columns["factor"] == "Adj Close / Close"
    assert file.columns["timeframe"] == "1d (from the spacing of the times)"
    assert file.columns["instrument_id"] == "the file's name (XYZ)"


def test_dividends_and_splits_are_told_by_series_and_change_no_bar(tmp_path: Path) -> None:
    text = (
        "Ticker,Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n"
        "A,2020-01-02,10,12,9,11,5.5,100,0,0\nA,2020-01-03,11,12,9,10,5.0,100,0.25,2\n"
        "B,2020-01-02,11,12,9,10,10,100,,\nB,2020-01-03,11,12,9,10,10,100,none,0\n"
    )
    file = read_bar_file(written(tmp_path, text))
    a, b = (Series(name, Timeframe.DAY) for name in "AB")
    assert list(zip(file.actions[a].kind.tolist(), file.actions[a].value.tolist(), strict=True)) == [
        ("dividend", 0.25),
        ("split", 2.0),
    ]
    assert file.actions[a].ex_time.astype("datetime64[D]").astype(str).tolist() == ["2020-01-03"] * 2
    assert len(file.actions[b]) == 0
    assert file.columns["dividend"] == "Dividends"
    assert (file.bars[a].close.tolist(), file.bars[a].factor.tolist()) == ([11.0, 10.0], [0.5, 0.5])


def test_the_dividends_of_a_real_fund_are_those_its_true_adjustment_was_made_of(shared_data: Path) -> None:
    path = shared_data / "dirty" / "yfinance_repair" / "VWILX-1d-cg-double-count-fixed.csv"
    file = read_bar_file(path)
    (bars,), (told,) = file.bars.values(), file.actions.values()
    assert len(told) == 2
    for ex_time, dividend in zip(told.ex_time, told.value, strict=True):
        at = int(np.searchsorted(bars.event_time, ex_time))
        step = bars.factor[at - 1] / bars.factor[at]
        assert step == pytest.approx(1 - dividend / bars.close[at - 1], abs=1e-6)


def test_several_series_are_told_apart_and_keep_file_order(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEADER
        + "B,1d,2020-01-03T00:00:00Z,2,2,2,2,1\n"
        + "A/USDT,1h,2020-01-03T05:00:00Z,1,1,1,1,1\n"
        + "B,1d,2020-01-02T00:00:00Z,3,3,3,3,1\n",
    )
    file = read_bar_file(path)
    assert list(file.bars) == [Series("B", Timeframe.DAY), Series("A-USDT", Timeframe.HOUR)]
    assert file.bars[Series("B", Timeframe.DAY)].close.tolist() == [2.0, 3.0]


def test_text_and_nothing_in_a_number_column_are_kept_as_nan(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "A,1d,2020-01-02,1,1,1,1,1\nA,1d,2020-01-03,oops,1,1,,1\n")
    bars = only(read_bar_file(path))
    assert np.isnan(bars.open).tolist() == [False, True]
    assert np.isnan(bars.close).tolist() == [False, True]


def test_text_late_in_a_long_file_is_still_only_a_missing_value(tmp_path: Path) -> None:
    rows = "".join(
        f"A,1m,{time}Z,1.0,1.0,1.0,1.0,1.0\n" for time in np.arange("2020-01-01T00:00:00", "2020-02-01", 60, "M8[s]")
    )
    bars = only(read_bar_file(written(tmp_path, HEADER + rows + "A,1m,2020-03-01T00:00:00Z,n/a,1,1,1,1\n")))
    assert np.flatnonzero(np.isnan(bars.open)).tolist() == [len(bars) - 1]
    assert len(bars) == 31 * 24 * 60 + 1


def test_leading_zeros_of_an_instrument_survive(tmp_path: Path) -> None:
    assert (
        only(read_bar_file(written(tmp_path, HEADER + "000001,1d,2020-01-02,1,1,1,1,1\n"))).series.instrument_id
        == "000001"
    )


def test_a_table_of_the_store_reads_back_as_it_was(tmp_path: Path) -> None:
    bars = random_walk(50)
    pq.write_table(bars.to_table(), tmp_path / "x.parquet")
    read = only(read_bar_file(tmp_path / "x.parquet"))
    assert read.series == bars.series
    for (name, given), (_, back) in zip(bars.arrays(), read.arrays(), strict=True):
        np.testing.assert_array_equal(given, back, err_msg=name)


def test_a_file_cannot_claim_that_a_bar_was_known_before_its_close(tmp_path: Path) -> None:
    bars = random_walk(3)
    table = bars.to_table()
    early = table.set_column(table.column_names.index("known_time"), "known_time", table["event_time"])
    pq.write_table(early, tmp_path / "x.parquet")
    read = only(read_bar_file(tmp_path / "x.parquet", publication_lag=timedelta(hours=1)))
    assert (read.known_time == read.event_time + np.timedelta64(25, "h")).all()


def test_pandas_reads_the_same_numbers(tmp_path: Path) -> None:
    frame = random_walk(300).to_table().to_pandas().drop(columns=["known_time", "received_time", "factor"])
    frame.to_csv(tmp_path / "x.csv", index=False)
    read, oracle = only(read_bar_file(tmp_path / "x.csv")), pd.read_csv(tmp_path / "x.csv")
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(read, name), oracle[name].to_numpy())


@pytest.mark.parametrize(
    ("column", "kind"),
    [("symbol", pa.dictionary(pa.int32(), pa.string())), ("timeframe", pa.large_string())],
)
def test_parquet_text_may_be_encoded_in_other_ways(tmp_path: Path, column: str, kind: pa.DataType) -> None:
    table = pa.table({"symbol": ["A"], "timeframe": ["1d"], "ts": pa.array([0], pa.timestamp("ms", "UTC"))})
    for name in ("open", "high", "low", "close", "volume"):
        table = table.append_column(name, pa.array([1.0]))
    table = table.set_column(table.column_names.index(column), column, table[column].cast(kind))
    pq.write_table(table, tmp_path / "x.parquet")
    assert only(read_bar_file(tmp_path / "x.parquet")).series == Series("A", Timeframe.DAY)


class TestBadFilesAreRefusedInOneSentence:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"none\.csv does not exist; check the path"):
            read_bar_file(tmp_path / "none.csv")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="is a folder; give one file"):
            read_bar_file(tmp_path)

    def test_a_column_of_prices_that_holds_no_numbers(self, tmp_path: Path) -> None:
        table = random_walk(2).to_table()
        table = table.set_column(table.column_names.index("close"), "close", pa.array([[1.0], [2.0]]))
        pq.write_table(table, tmp_path / "x.parquet")
        with pytest.raises(SchemaError, match=r"column 'close' holds list<.*>, which is no number"):
            read_bar_file(tmp_path / "x.parquet")

    @pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
    def test_zero_bytes(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(SourceError, match=r"is empty \(0 bytes\)"):
            read_bar_file(written(tmp_path, "", name))

    def test_a_header_without_rows(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="has columns but no rows"):
            read_bar_file(written(tmp_path, HEADER))

    def test_wrong_columns_names_the_missing_and_the_found(self, tmp_path: Path) -> None:
        with pytest.raises(
            SchemaError,
            match=r"no column for event_time \(or ts, timestamp, datetime\), high; its columns are: a, open, low",
        ):
            read_bar_file(written(tmp_path, "a,open,low,close,volume\n1,2,3,4,5\n"))

    def test_times_of_day_without_a_zone(self, tmp_path: Path) -> None:
        with pytest.raises(
            SchemaError, match=r"carry no time zone \(2020-01-02T14:30:00\); write them in UTC as 2020-01-02T14:30:00Z"
        ):
            read_bar_file(written(tmp_path, HEADER + "A,1h,2020-01-02 14:30:00,1,1,1,1,1\n"))

    def test_half_written_csv(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"cannot be read \(.*\); was it fully written\?"):
            read_bar_file(written(tmp_path, HEADER + "A,1d,2020-01-02,1,1,1,1,1\nA,1d,2020-"))

    def test_half_written_parquet(self, tmp_path: Path) -> None:
        pq.write_table(random_walk(100).to_table(), tmp_path / "x.parquet")
        whole = (tmp_path / "x.parquet").read_bytes()
        (tmp_path / "x.parquet").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(SourceError, match=r"cannot be read \(.*\); was it fully written\?"):
            read_bar_file(tmp_path / "x.parquet")

    def test_times_that_are_no_times(self, tmp_path: Path) -> None:
        with pytest.raises(SchemaError, match="holds 'yesterday' in row 2, which is no time"):
            read_bar_file(written(tmp_path, HEADER + "A,1d,2020-01-02,1,1,1,1,1\nA,1d,yesterday,1,1,1,1,1\n"))

    def test_an_unknown_timeframe(self, tmp_path: Path) -> None:
        with pytest.raises(Exception, match="unknown timeframe '2d'"):
            read_bar_file(written(tmp_path, HEADER + "A,2d,2020-01-02,1,1,1,1,1\n"))

    def test_a_spacing_that_is_no_timeframe_asks_for_one(self, tmp_path: Path) -> None:
        text = "ts,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n2020-01-05,1,1,1,1,1\n"
        with pytest.raises(SchemaError, match="say which it is"):
            read_bar_file(written(tmp_path, text))
        assert only(read_bar_file(written(tmp_path, text), Timeframe.DAY)).series.timeframe is Timeframe.DAY

    def test_an_instrument_left_empty(self, tmp_path: Path) -> None:
        with pytest.raises(SchemaError, match="column 'symbol' is empty in row 2"):
            read_bar_file(written(tmp_path, HEADER + "A,1d,2020-01-02,1,1,1,1,1\n,1d,2020-01-03,1,1,1,1,1\n"))

    def test_another_kind_of_file(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"is no bar file; allowed endings are \.csv, \.csv\.gz, \.parquet"):
            read_bar_file(written(tmp_path, "x", "x.xlsx"))
