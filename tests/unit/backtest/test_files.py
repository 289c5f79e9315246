from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trimtab.backtest.files import read_signal_file
from trimtab.errors import DatasetError, SchemaError

HEAD = "instrument_id,event_time,position\n"


def signals(folder: Path, text: str) -> Path:
    path = folder / "signals.csv"
    path.write_text(text)
    return path


def test_rows_may_come_in_any_order_and_instruments_mixed(tmp_path: Path) -> None:
    text = HEAD + "BBB,2024-01-03,1\nAAA,2024-01-05,0\nAAA,2024-01-02,2\nBBB,2024-01-02,-1\n"
    found = read_signal_file(signals(tmp_path, text))
    assert found["AAA"].target.tolist() == [2.0, 0.0]
    assert found["BBB"].target.tolist() == [-1.0, 1.0]
    assert found["AAA"].event_time.tolist() == np.array(["2024-01-02", "2024-01-05"], "datetime64[us]").tolist()


def test_other_names_of_the_columns_are_understood_and_a_slash_becomes_a_hyphen(tmp_path: Path) -> None:
    found = read_signal_file(signals(tmp_path, "Symbol,Date,Weight\nBTC/USDT,2024-01-02,0.5\n"))
    assert found["BTC-USDT"].target.tolist() == [0.5]


def test_an_empty_position_is_unknown(tmp_path: Path) -> None:
    found = read_signal_file(signals(tmp_path, HEAD + "AAA,2024-01-02,1\nAAA,2024-01-03,\n"))
    np.testing.assert_array_equal(found["AAA"].target, [1.0, np.nan])


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        (HEAD, DatasetError, "holds no rows"),
        ("", DatasetError, "cannot be read"),
        ("event_time,position\n2024-01-02,1\n", DatasetError, "no column 'instrument_id'"),
        (HEAD + ",2024-01-02,1\nAAA,2024-01-02,1\n", DatasetError, "1 row has no instrument_id"),
        (HEAD + "AAA,,1\nAAA,2024-01-03,1\n", DatasetError, "1 row has no event_time"),
        (HEAD + "AAA,2024-01-02,long\n", DatasetError, "column 'position' must hold numbers"),
        (HEAD + "AAA,2024-01-02,True\n", DatasetError, "column 'position' must hold numbers"),
        (HEAD + "AAA,2024-01-02,inf\n", DatasetError, "AAA: the position at 2024-01-02T00:00:00.000000Z is infinite"),
        (HEAD + "AAA,2024-01-02,1\nAAA,2024-01-02,2\n", DatasetError, "AAA: two positions are given for 2024-01-02"),
        (HEAD + "AAA,2024-01-02 10:00:00,1\n", SchemaError, "no time zone"),
        ("instrument,date,position,position\nAAA,2024-01-02,1,2\n", DatasetError, "several columns 'position'"),
        (HEAD + "AAA,2024-01-02\n", DatasetError, "cannot be read"),
        (HEAD + "AAA,soon,1\n", SchemaError, "event_time"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, text: str, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence) as raised:
        read_signal_file(signals(tmp_path, text))
    assert "\n" not in str(raised.value)


def test_a_column_of_another_type_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "signals.parquet"
    pq.write_table(pa.table({"instrument_id": ["A"], "event_time": [pa.scalar(1.5)], "position": [1.0]}), path)
    with pytest.raises(SchemaError, match="event_time"):
        read_signal_file(path)
    pq.write_table(pa.table({"instrument_id": ["A"], "event_time": ["2024-01-02"], "position": [[1.0]]}), path)
    with pytest.raises(DatasetError, match="must hold numbers"):
        read_signal_file(path)


def test_an_instrument_is_kept_as_it_is_written(tmp_path: Path) -> None:
    found = read_signal_file(signals(tmp_path, HEAD + "600519,2024-01-02,1\n000001,2024-01-02,1\n"))
    assert list(found) == ["000001", "600519"]
    assert list(read_signal_file(signals(tmp_path, HEAD + "NA,2024-01-02,1\n"))) == ["NA"]


@pytest.mark.parametrize("name", ["signals.txt", "none.csv"])
def test_a_file_of_another_kind_or_none_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "signals.txt").write_text(HEAD)
    with pytest.raises(DatasetError, match=name):
        read_signal_file(tmp_path / name)
