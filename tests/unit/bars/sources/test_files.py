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
