from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from trimtab.errors import NotFoundError, StorageError
from trimtab.storage.tables import TableStore


def test_a_table_comes_back_as_it_went_in_and_any_tool_can_read_it(tmp_path: Path) -> None:
    import duckdb

    store = TableStore(tmp_path)
    path = store.write("bars/AAPL__1d", pa.table({"x": [1.0, 2.0]}))
    assert store.read("bars/AAPL__1d")["x"].to_pylist() == [1.0, 2.0]
    assert duckdb.sql(f"select sum(x) from '{path}'").fetchall() == [(3.0,)]
    assert list(store.names("bars")) == ["bars/AAPL__1d"]


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    first = store.write("a", pa.table({"x": [1.0, 2.0]})).read_bytes()
    assert store.write("b", pa.table({"x": [1.0, 2.0]})).read_bytes() == first


def test_a_name_may_not_leave_the_root(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="points outside"):
        TableStore(tmp_path / "lake").path("../secret")


def test_absent_and_damaged_tables_are_told_apart(tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    with pytest.raises(NotFoundError, match="there is no table 'a'"):
        store.read("a")
    store.path("a").write_bytes(b"PAR1 not really")
    with pytest.raises(StorageError, match="is not a readable Parquet file"):
        store.read("a")
