"""A file or a folder of files as a source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk

from trimtab.bars.sources import SOURCES, open_source
from trimtab.bars.sources.files import BarFiles
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.market import Series, Timeframe


def test_a_series_may_be_spread_over_the_files_of_a_folder(tmp_path: Path) -> None:
    bars = random_walk(40)
    for name, part in (("a", slice(0, 25)), ("b", slice(25, 40))):
        pq.write_table(bars.take(part).to_table(), tmp_path / f"{name}.parquet")
    pq.write_table(random_walk(5, instrument="BBB").to_table(), tmp_path / "c.parquet")
    (tmp_path / "readme.txt").write_text("not bars")
    (tmp_path / ".hidden.parquet").write_bytes(b"half")
    source = BarFiles(tmp_path)
    assert source.instruments() == [Series("AAA", Timeframe.DAY), Series("BBB", Timeframe.DAY)]
    np.testing.assert_array_equal(source.fetch(bars.series).close, bars.close)


def test_it_says_how_the_columns_of_each_file_are_read(tmp_path: Path) -> None:
    pq.write_table(random_walk(5).to_table(), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("Date,Open,High,Low,Close,Volume\n2020-01-02,1,1,1,1,1\n2020-01-03,1,1,1,1,1\n")
    first, second = BarFiles(tmp_path).columns
    assert first["event_time"] == "event_time (times with a zone)"
    assert second["instrument_id"] == "the file's name (b)"


def test_no_more_than_one_file_is_held_open(tmp_path: Path) -> None:
    for seed, name in enumerate(("AAA", "BBB", "CCC")):
        random_walk(30, seed, name).to_table().to_pandas().to_csv(tmp_path / f"{name}.csv", index=False)
    source = BarFiles(tmp_path)
    for series in [*source.instruments(), *reversed(source.instruments())]:
        wanted = random_walk(30, ("AAA", "BBB", "CCC").index(series.instrument_id), series.instrument_id)
        np.testing.assert_array_equal(source.fetch(series).close, wanted.close)
        assert source._last_opened.path == tmp_path / f"{series.instrument_id}.csv"


def test_a_csv_file_that_changed_is_refused_when_it_is_needed_again(tmp_path: Path) -> None:
    for seed, name in enumerate(("AAA", "BBB")):
        random_walk(30, seed, name).to_table().to_pandas().to_csv(tmp_path / f"{name}.csv", index=False)
    source = BarFiles(tmp_path)
    first, second = source.instruments()
    source.fetch(second)
    random_walk(31, 0, "AAA").to_table().to_pandas().to_csv(tmp_path / "AAA.csv", index=False)
    with pytest.raises(SourceError, match=r"AAA\.csv changed while it was being read"):
        source.fetch(first)


def test_actions_of_a_file_are_not_applied_to_prices_that_are_adjusted_already(tmp_path: Path) -> None:
    (tmp_path / "X.csv").write_text(
        "Date,Open,High,Low,Close,Volume,Stock Splits\n2020-01-02,1,1,1,1,1,0\n2020-01-03,1,1,1,1,1,2\n"
    )
    assert len(BarFiles(tmp_path).actions(Series("X", Timeframe.DAY))) == 0


def test_one_unreadable_file_of_a_folder_fails_the_request(tmp_path: Path) -> None:
    pq.write_table(random_walk(5).to_table(), tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 half")
    with pytest.raises(SourceError, match=r"b\.parquet cannot be read"):
        BarFiles(tmp_path).fetch(Series("AAA", Timeframe.DAY))


def test_a_folder_without_bar_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no bar file; put \.csv"):
        BarFiles(tmp_path).instruments()


def test_the_source_needs_a_path() -> None:
    with pytest.raises(ConfigurationError, match="source 'files' needs a path"):
        open_source("files")


def test_an_unknown_source_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="unknown source 'smaple'; did you mean 'sample'") as caught:
        open_source("smaple")
    assert caught.value.allowed == sorted(SOURCES)
