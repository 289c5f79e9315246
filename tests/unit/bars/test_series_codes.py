"""Which series each row belongs to, over the parts of a table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from trimtab.bars.columns import REQUIRED
from trimtab.bars.file_times import TimeFormat
from trimtab.bars.series_codes import NameCodes, SeriesCodes
from trimtab.bars.tables import Reading
from trimtab.errors import SchemaError, UnknownNameError
from trimtab.market import Series, Timeframe

KEYS = {"instrument_id": "symbol", "timeframe": "interval"}


def reading(mapping: dict[str, str], **fixed: object) -> Reading:
    times = TimeFormat("dates", "x.csv", lambda column, _: np.empty(0, "datetime64[us]"))
    given = {"instrument_id": None, "timeframe": None, **fixed}
    columns = dict(zip(REQUIRED, REQUIRED, strict=True)) | mapping
    return Reading(where="x.csv", mapping=columns, columns=columns, event_time=times, known_time=None, **given)  # type: ignore[arg-type]


def part(symbols: list[str | None], intervals: list[str]) -> pa.Table:
    return pa.table({"symbol": symbols, "interval": intervals})


def test_series_are_numbered_in_the_order_they_appear_over_all_parts() -> None:
    codes = SeriesCodes(reading(KEYS))
    assert codes.codes(part(["B", "B", "A"], ["1d", "1h", "1d"])).tolist() == [0, 1, 2]
    assert codes.codes(part(["A", "C/D", "B"], ["1h", "1d", "1d"]), 3).tolist() == [3, 4, 0]
    assert [series.key for series in codes.series] == ["B__1d", "B__1h", "A__1d", "A__1h", "C-D__1d"]
    assert codes.written[4] == ("C/D", "1d")


def test_what_no_column_says_is_the_same_in_every_row() -> None:
    codes = SeriesCodes(reading({"timeframe": "interval"}, instrument_id="SPY"))
    assert codes.codes(part(["x", "x"], ["1d", "1d"])).tolist() == [0, 0]
    assert codes.series == [Series("SPY", Timeframe.DAY)]
    assert codes.written == [(None, "1d")]
    by_name = SeriesCodes(reading({"instrument_id": "symbol"}, timeframe=Timeframe.HOUR))
    by_name.codes(part(["SPY"], ["ignored"]))
    assert by_name.series == [Series("SPY", Timeframe.HOUR)]


def test_a_missing_instrument_is_named_by_its_row_in_the_whole() -> None:
    codes = SeriesCodes(reading(KEYS))
    codes.codes(part(["A"], ["1d"]))
    with pytest.raises(SchemaError, match=r"x\.csv: column 'symbol' is empty in row 9; every bar"):
        codes.codes(part(["A", None], ["1d", "1d"]), first_row=7)
    with pytest.raises(SchemaError, match="column 'symbol' is empty; every bar"):
        SeriesCodes(reading(KEYS)).codes(part([""], ["1d"]), first_row=None)


def test_one_instrument_written_in_two_ways_is_refused_even_in_different_parts() -> None:
    codes = SeriesCodes(reading(KEYS))
    codes.codes(part(["BTC/USDT"], ["1d"]))
    codes.codes(part(["BTC-USDT"], ["1h"]))  # another series
    with pytest.raises(SchemaError, match="writes instrument BTC-USDT in two ways"):
        codes.codes(part(["BTC-USDT"], ["1d"]))


def test_a_timeframe_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown timeframe '2d'"):
        SeriesCodes(reading(KEYS)).codes(part(["A"], ["2d"]))


def test_a_part_without_rows_has_no_codes() -> None:
    assert len(SeriesCodes(reading(KEYS)).codes(part([], []).cast(part(["A"], ["1d"]).schema))) == 0


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())])
def test_names_are_numbered_whatever_kind_of_text_they_are(kind: pa.DataType) -> None:
    names = NameCodes()
    assert names.codes(pa.chunked_array([pa.array(["b", None, "a", "b"]).cast(kind)])).tolist() == [0, 1, 2, 0]
    assert names.names == ["b", "", "a"]


def test_a_name_that_stands_in_a_dictionary_and_in_no_row_is_none() -> None:
    names = NameCodes()
    encoded = pa.DictionaryArray.from_arrays(pa.array([2, 0]), pa.array(["a", "", "c"]))
    assert names.codes(pa.chunked_array([encoded])).tolist() == [0, 1]
    assert names.names == ["c", "a"]
