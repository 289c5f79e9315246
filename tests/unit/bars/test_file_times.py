"""The many ways a file writes times, and the ones that are refused."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from trimtab.bars.file_times import read_times, watch_times
from trimtab.errors import SchemaError


def column(values: list[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["2020-01-02", "2020-01-03"], "2020-01-02"),
        (["2020-01-02T14:30:00Z"], "2020-01-02T14:30"),
        (["2020-01-02 14:30:00+00:00"], "2020-01-02T14:30"),
        (["2020-01-02T14:30:00.123456Z"], "2020-01-02T14:30:00.123456"),
        (["2020-01-02T14:30:00.123456789Z"], "2020-01-02T14:30:00.123456"),
        (["2020-01-02 09:30:00-05:00"], "2020-01-02T14:30"),
        (["2022-01-03 00:00:00-05:00", "2022-07-01 00:00:00-04:00"], "2022-01-03"),
        (["2022-01-03 00:00:00+00:00"], "2022-01-03"),
        ([1577975400], "2020-01-02T14:30"),
        ([1577975400000], "2020-01-02T14:30"),
        ([1577975400000000], "2020-01-02T14:30"),
        ([1577975400000000000], "2020-01-02T14:30"),
        ([20200102, 20200103], "2020-01-02"),
        ([date(2020, 1, 2)], "2020-01-02"),
        ([datetime(2020, 1, 2)], "2020-01-02"),
    ],
)
def test_these_are_understood(values: list[object], first: str) -> None:
    times, _ = read_times(column(values), "x.csv")
    assert times.dtype == np.dtype("datetime64[us]")
    assert times[0] == np.datetime64(first)


def test_midnight_of_an_exchange_is_the_session_and_not_the_moment() -> None:
    zoned = column([datetime(2022, 1, 3, 5)], pa.timestamp("us", "UTC")).cast(pa.timestamp("us", "America/New_York"))
    times, note = read_times(zoned, "x.parquet")
    assert times[0] == np.datetime64("2022-01-03")
    assert note == "session dates in America/New_York"


def test_a_missing_time_is_kept_as_no_time() -> None:
    times, _ = read_times(column(["2020-01-02", "", None]), "x.csv")
    assert np.isnat(times).tolist() == [False, True, True]


@pytest.mark.parametrize(
    "values",
    [
        ["2020-01-02 14:30:00"],
        ["2020-01-02", "2020-01-02T14:30"],
        ["2020-01-02T14:30:00Z", "2020-01-02T15:30:00"],
        [datetime(2020, 1, 2, 14, 30)],
    ],
)
def test_a_time_of_day_without_a_zone_is_refused(values: list[object]) -> None:
    with pytest.raises(SchemaError, match="carry no time zone"):
        read_times(column(values), "x.csv")


def test_the_refusal_says_every_way_to_write_what_was_meant() -> None:
    with pytest.raises(SchemaError, match="no time zone") as caught:
        read_times(column(["2020-01-02 14:30:00"]), "x.csv: column 'ts'")
    assert str(caught.value) == (
        "x.csv: column 'ts': times carry no time zone (2020-01-02T14:30:00); write them in UTC as 2020-01-02T14:30:00Z, "
        "or with their offset as 2020-01-02T09:30:00-05:00; a session is a date alone, 2020-01-02"
    )


PARTS: list[list[list[object]]] = [
    [["2022-01-03 00:00:00-05:00"], ["2022-07-01 00:00:00-04:00"]],
    [["2022-01-03 00:00:00-05:00"], ["2022-07-01 01:00:00-04:00"]],
    [["2022-01-03 01:00:00-05:00"], ["2022-07-01 00:00:00-04:00"]],
    [["2022-01-03 00:00:00-05:00"], ["2022-07-01 00:00:00Z"]],
    [["", None], ["2020-01-02"]],
    [["2020-01-02T14:30:00Z"], ["2020-01-02T14:30:00.123456789Z"]],
    [[7_344_000_000], [1_577_975_400_000]],
    [[1_577_975_400_000], [7_344_000_000]],
    [[20_200_102], [20_200_103]],
]


@pytest.mark.parametrize("parts", PARTS)
def test_seen_in_parts_a_column_is_read_as_in_one_piece(parts: list[list[object]]) -> None:
    whole = column([value for part in parts for value in part])
    times, note = read_times(whole, "x")
    watch = watch_times(whole.type, "x")
    for part in parts:
        watch.see(column(part, whole.type))
    how = watch.format()
    assert how.note == note
    in_parts = [how.read(column(part, whole.type)) for part in parts]
    np.testing.assert_array_equal(np.concatenate(in_parts), times)


@pytest.mark.parametrize("parts", [["2020-01-02T14:30:00Z", "2020-01-02"], ["2020-01-02", "2020-01-03T14:30:00Z"]])
def test_parts_that_do_not_agree_about_the_zone_are_refused(parts: list[str]) -> None:
    watch = watch_times(pa.string(), "x.csv")
    for part in parts:
        watch.see(column([part]))
    with pytest.raises(SchemaError, match="carry no time zone"):
        watch.format()


def test_a_value_that_is_no_time_is_named_by_its_row_in_the_whole() -> None:
    watch = watch_times(pa.string(), "x.csv")
    watch.see(column(["2020-01-02", "soon"]))
    with pytest.raises(SchemaError, match="holds 'soon' in row 102"):
        watch.format().read(column(["2020-01-02", "soon"]), first_row=100)


@pytest.mark.parametrize("values", [["1/4/1999"], ["soon"], [17], [1.5], ["", ""], [20201399]])
def test_what_could_only_be_guessed_is_refused(values: list[object]) -> None:
    with pytest.raises(SchemaError, match=r"x\.csv"):
        read_times(column(values), "x.csv")
