from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.backtest.return_files import ReturnSeries, beside, read_return_file
from trimtab.errors import DatasetError, SchemaError

DAYS = np.array(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-06"], dtype="datetime64[us]")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "returns.csv"
    path.write_text(text)
    return path


def series(times: np.ndarray | None, *returns: float) -> ReturnSeries:
    return ReturnSeries(np.array(returns), times)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("column", ["ts", "date", "Timestamp"])
def test_times_are_read_beside_the_returns(tmp_path: Path, ending: str, column: str) -> None:
    path = tmp_path / f"returns{ending}"
    table = pd.DataFrame({column: pd.to_datetime(DAYS, utc=True), "return": [0.1, 0.2, -0.1, 0.0]})
    table.to_csv(path, index=False) if ending == ".csv" else table.to_parquet(path)
    found = read_return_file(path)
    np.testing.assert_array_equal(found.event_time, DAYS)
    assert found.returns.tolist() == [0.1, 0.2, -0.1, 0.0]
    assert found.notes == ()


def test_a_date_written_as_a_number_is_no_column_of_returns(tmp_path: Path) -> None:
    found = read_return_file(written(tmp_path, "date,strategy\n20200102,0.5\n20200103,0.25\n"))
    assert found.returns.tolist() == [0.5, 0.25]
    np.testing.assert_array_equal(found.event_time, DAYS[1:3])


def test_a_midnight_written_where_the_exchange_is_keeps_its_date(tmp_path: Path) -> None:
    text = "date,return\n2020-01-02 00:00:00-05:00,0.1\n2020-01-03 00:00:00-05:00,0.2\n"
    np.testing.assert_array_equal(read_return_file(written(tmp_path, text)).event_time, DAYS[1:3])


def test_unsorted_rows_are_put_in_order_of_time_and_it_is_said(tmp_path: Path) -> None:
    found = read_return_file(written(tmp_path, "date,return\n2020-01-03,0.3\n2020-01-01,0.1\n2020-01-02,0.2\n"))
    assert found.returns.tolist() == [0.1, 0.2, 0.3]
    np.testing.assert_array_equal(found.event_time, DAYS[:3])
    assert found.notes == ("returns.csv: rows were not in order of time and have been sorted",)


def test_unknown_returns_are_counted(tmp_path: Path) -> None:
    (note,) = read_return_file(written(tmp_path, "day,return\na,0.01\nb,\nc,nan\n")).notes
    assert note.startswith("returns.csv: 2 of 3 returns are not known")


def test_returns_that_may_be_per_cent_are_asked_about(tmp_path: Path) -> None:
    (note,) = read_return_file(written(tmp_path, "return\n1.5\n-0.5\n")).notes
    assert note == "returns.csv: 1 of 2 returns are above 1 (100 %); is that so, or are they per cent?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("return\n", "holds no rows"),
        ("a,b\n1,2\n", "not clear which column"),
        ("return\n1.5%\n", "must hold numbers, 0.01 for one per cent"),
        ("return\n0.1\n-1.2\n", "data row 2 is -1.2, but a simple return cannot be below -1"),
        ("return\n0.1\n0.1\n-inf\n", "data row 3 is infinite"),
        ("day,return\na,\nb,nan\n", "none of its 2 returns is known"),
        ("date,return\n2020-01-02,0.1\n2020-01-03,0.1\n2020-01-02,0.2\n", "2020-01-02T00:00:00Z occurs 2 times in"),
        ("date,return\n2020-01-02,0.1\n,0.1\n", "1 of 2 rows have no date"),
    ],
)
def test_what_is_no_series_of_returns_is_refused_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_return_file(written(tmp_path, text))


def test_a_time_of_day_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="zone"):
        read_return_file(written(tmp_path, "time,return\n2020-01-02 09:30:00,0.1\n2020-01-02 10:30:00,0.1\n"))


def test_losing_everything_is_a_return(tmp_path: Path) -> None:
    assert read_return_file(written(tmp_path, "return\n0.5\n-1\n")).returns.tolist() == [0.5, -1.0]


def test_a_benchmark_is_laid_beside_by_time_and_what_lies_outside_is_left_out() -> None:
    market, notes = beside(series(DAYS[1:3], 0.1, 0.2), series(DAYS, 1.0, 2.0, 3.0, 4.0))
    assert market.tolist() == [2.0, 3.0]
    assert notes == ("2 of 4 returns of the benchmark lie before or after and were left out",)


@pytest.mark.parametrize(
    ("own", "market", "message"),
    [
        ([0, 1, 3], [0, 1], "1 of 3 times are missing in the benchmark and 0 times .* first 2020-01-06"),
        (
            [0, 3],
            [0, 1, 3],
            "0 of 2 times are missing .* 1 times of the benchmark in the returns, the first 2020-01-02",
        ),
        ([0, 1], [2, 3], "2 of 2 times are missing"),
    ],
)
def test_periods_that_differ_are_refused(own: list[int], market: list[int], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        beside(series(DAYS[own], *[0.1] * len(own)), series(DAYS[market], *[0.1] * len(market)))


def test_without_times_rows_are_compared_and_must_be_as_many() -> None:
    market, (note,) = beside(series(None, 0.1, 0.2), series(DAYS[:2], 1.0, 2.0))
    assert market.tolist() == [1.0, 2.0]
    assert "row by row" in note
    with pytest.raises(DatasetError, match="2 returns and 1 of the benchmark"):
        beside(series(None, 0.1, 0.2), series(None, 1.0))
