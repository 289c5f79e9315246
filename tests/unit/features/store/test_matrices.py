"""A matrix holds, for each instrument and time, the newest row that was known: proved against a plain search."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.config import Settings
from trimtab.errors import ConfigurationError, FeatureError, NotFoundError, SchemaError, UnknownNameError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.store import MatrixReader, append_rows, layout, matrix, table_name, write_family
from trimtab.features.store.as_of import KnownRows
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake, open_lake

DAY = np.timedelta64(86_400_000_000, "us")
START = np.datetime64("2020-01-01", "us")
TECHNICAL, STATE = ("return_1", "rsi_14"), ("drawdown_60",)
NAMES = ("rsi_14", "drawdown_60", "return_1")
ONE, OTHER = Series("ONE", Timeframe.DAY), Series("OTHER", Timeframe.DAY)


def block_of(series: Series, known_days: list[int], names: tuple[str, ...], size: float = 1.0) -> FeatureBlock:
    """Rows of consecutive days; feature k of row r is size * (r + k / 10)."""
    rows = np.arange(len(known_days))
    values = np.asfortranarray(size * (rows[:, None] + np.arange(len(names)) / 10.0))
    return FeatureBlock(series, START + rows * DAY, START + np.array(known_days, int) * DAY, names, values)


def written(lake: Lake, series: Series, known_days: list[int], size: float = 1.0) -> dict[str, np.ndarray]:
    """Write two families of a series; the truth of each feature by row."""
    technical, state = (
        block_of(series, known_days, TECHNICAL, size),
        block_of(series, known_days, STATE, -size),
    )
    write_family(lake, series, "technical", technical)
    write_family(lake, series, "market_state", state)
    return {name: block.column(name) for block in (technical, state) for name in block.names}


def newest_known(known_days: list[int], day: int) -> int | None:
    """The plain search: the last row that was known."""
    found = [row for row, known in enumerate(known_days) if known <= day]
    return found[-1] if found else None


HISTORY = st.lists(st.integers(0, 30), max_size=25)


@settings(max_examples=25, deadline=None)
@given(HISTORY, HISTORY, st.lists(st.integers(-1, 31), min_size=1, max_size=8), st.integers(1, 5), st.booleans())
def test_every_cell_is_the_newest_row_known_at_its_time(
    one: list[int], other: list[int], days: list[int], rows_at_once: int, is_grown: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(layout, "FEWEST_PER_GROUP", rows_at_once)  # so that rows lie in several groups
        lake = open_lake(Settings(data_dir=Path(folder)))
        reader = MatrixReader(lake)
        histories = {ONE: one, OTHER: other}
        times = START + np.array(days) * DAY
        if is_grown:  # the reader has seen an older state of the files
            for series, known in histories.items():
                written(lake, series, known[: len(known) // 2], 7.0)
            reader.matrix([ONE, OTHER], NAMES, times)
        truth = {series: written(lake, series, known) for series, known in histories.items()}
        found = reader.matrix([ONE, OTHER], NAMES, times)
        for i, (series, known) in enumerate(histories.items()):
            for t, day in enumerate(days):
                row = newest_known(known, day)
                if row is None:
                    assert np.isnan(found.values[t, i]).all()
                    assert np.isnat(found.event_time[t, i]) and np.isnat(found.known_time[t, i])
                else:
                    assert found.values[t, i].tolist() == [truth[series][name][row] for name in NAMES]
                    assert found.event_time[t, i] == START + row * DAY
                    assert found.known_time[t, i] == START + known[row] * DAY


def test_a_late_bar_does_not_hide_a_newer_one_known_before_it(lake: Lake) -> None:
    written(lake, ONE, [9, 3, 4])  # the first bar became known after the others
    found = matrix(lake, [ONE], ["return_1"], START + np.array([3, 4, 9, 20]) * DAY)
    assert found.values[:, 0, 0].tolist() == [1.0, 2.0, 2.0, 2.0]


def test_a_row_of_which_nobody_knows_when_it_was_known_is_never_used() -> None:
    rows = KnownRows.of(np.array(["2020-01-05", "NaT", "2020-01-03"], "datetime64[us]"))
    times = np.array(["2020-01-02", "2020-01-03", "2020-01-05", "9999-12-31"], "datetime64[us]")
    assert rows.at(times).tolist() == [-1, 2, 2, 2]


def test_the_present_moment_counts_as_known(lake: Lake) -> None:
    written(lake, ONE, [1, 2])
    tick = np.timedelta64(1, "us")
    found = matrix(lake, [ONE], ["return_1"], np.array([START + 2 * DAY - tick, START + 2 * DAY]))
    assert found.values[:, 0, 0].tolist() == [0.0, 1.0]


def test_a_row_that_is_too_old_does_not_count(lake: Lake) -> None:
    written(lake, ONE, [1, 2])  # the second bar is over on day 2
    found = matrix(lake, [ONE], ["return_1"], START + np.array([2, 5, 6]) * DAY, max_age=timedelta(days=3))
    assert found.values[:, 0, 0].tolist()[:2] == [1.0, 1.0] and np.isnan(found.values[2, 0, 0])
    assert np.isnat(found.event_time[2, 0])


def test_times_may_be_datetimes_in_any_order_and_any_zone(lake: Lake) -> None:
    written(lake, ONE, [1, 2])
    later, earlier = datetime(2020, 1, 3, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)
    assert matrix(lake, [ONE], ["return_1"], [later, earlier]).values[:, 0, 0].tolist() == [1.0, 0.0]
    with pytest.raises(SchemaError, match="no time zone"):
        matrix(lake, [ONE], ["return_1"], [datetime(2020, 1, 2)])
    with pytest.raises(ConfigurationError, match="1 of 2 decision times are missing"):
        matrix(lake, [ONE], ["return_1"], np.array(["2020-01-01", "NaT"], "datetime64[us]"))


def test_a_kept_reader_sees_what_was_written_appended_and_gathered_since(lake: Lake) -> None:
    bars = random_walk(120)
    whole = compute(bars, TECHNICAL)

    def part(a: int, b: int) -> FeatureBlock:
        times = (whole.event_time[a:b], whole.known_time[a:b])
        return FeatureBlock(bars.series, *times, whole.names, whole.values[a:b])

    write_family(lake, bars.series, "technical", part(0, 40))
    reader, far = MatrixReader(lake), bars.known_time[-1:]
    for n in range(40, 120):
        assert reader.matrix([bars.series], TECHNICAL, far).values[0, 0].tolist() == whole.values[n - 1].tolist()
        append_rows(lake, bars.series, "technical", part(n, n + 1))
    write_family(lake, bars.series, "technical", part(0, 50))
    assert reader.matrix([bars.series], TECHNICAL, far).event_time[0, 0] == bars.event_time[49]
    assert reader._kept._size == sum(array.nbytes for array in reader._kept._arrays.values()) == 50 * 2 * 8


def test_only_rows_that_all_families_have_count(lake: Lake) -> None:
    written(lake, ONE, [1, 2, 3])
    write_family(lake, ONE, "technical", block_of(ONE, [1, 2, 3, 4], TECHNICAL))
    far = START + np.array([30]) * DAY
    assert matrix(lake, [ONE], TECHNICAL, far).event_time[0, 0] == START + 3 * DAY
    assert matrix(lake, [ONE], NAMES, far).event_time[0, 0] == START + 2 * DAY


def test_families_of_different_histories_are_not_joined(lake: Lake) -> None:
    written(lake, ONE, [1, 2, 3])
    write_family(lake, ONE, "technical", block_of(ONE, [1, 7, 8], TECHNICAL))
    with pytest.raises(FeatureError, match="hold different bars"):
        matrix(lake, [ONE], NAMES, START + np.array([30]) * DAY)


def test_what_was_never_computed_or_is_unknown_is_said(lake: Lake) -> None:
    written(lake, ONE, [1, 2, 3])
    far = START + np.array([30]) * DAY
    with pytest.raises(NotFoundError, match="technical features of OTHER__1d"):
        matrix(lake, [ONE, OTHER], NAMES, far)
    with pytest.raises(NotFoundError, match="feature 'rsi_7' of ONE__1d is not in table"):
        matrix(lake, [ONE], ["rsi_7"], far)
    with pytest.raises(UnknownNameError, match="rsi"):
        matrix(lake, [ONE], ["rsi"], far)


def test_columns_of_other_code_are_refused_by_a_kept_reader_too(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    written(lake, ONE, [1, 2, 3])
    reader, far = MatrixReader(lake), START + np.array([30]) * DAY
    reader.matrix([ONE], NAMES, far)
    newer = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], version=5)}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: newer)
    with pytest.raises(FeatureError, match="computed by version 1, the catalogue has 5"):
        reader.matrix([ONE], NAMES, far)


def test_a_damaged_file_is_named(lake: Lake) -> None:
    from trimtab.errors import StorageError

    written(lake, ONE, [1, 2, 3])
    path = lake.tables.path(table_name("technical", ONE))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StorageError, match=r"ONE__1d\.parquet is not a readable Parquet file"):
        matrix(lake, [ONE], NAMES, START + np.array([30]) * DAY)


def test_no_instruments_no_times_and_no_rows_are_answered(lake: Lake) -> None:
    written(lake, ONE, [])
    far = START + np.array([30]) * DAY
    assert np.isnan(matrix(lake, [ONE], NAMES, far).values).all()
    assert matrix(lake, [], NAMES, far).values.shape == (1, 0, 3)
    assert matrix(lake, [ONE], NAMES, []).values.shape == (0, 1, 3)


def test_a_reader_keeps_no_more_than_it_may(lake: Lake) -> None:
    written(lake, ONE, list(range(1, 200)))
    written(lake, OTHER, list(range(1, 200)))
    reader, far = MatrixReader(lake, keep_bytes=5_000), START + np.array([50, 300]) * DAY
    for _ in range(2):
        found = reader.matrix([ONE, OTHER], NAMES, far)
        assert found.values[1, :, 2].tolist() == [198.0, 198.0]
    assert reader._kept._size <= 5_000
    assert sum(array.nbytes for array in reader._kept._arrays.values()) == reader._kept._size


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the open files of a process are listed on Linux")
def test_no_file_stays_open_and_values_read_later_are_those_of_the_same_files(tmp_path: Path) -> None:
    lake = open_lake(Settings(data_dir=tmp_path))
    truth = written(lake, ONE, [0, 1, 2])
    more = block_of(ONE, [0, 1, 2, 3], TECHNICAL)
    last = FeatureBlock(ONE, more.event_time[3:], more.known_time[3:], more.names, more.values[3:])
    append_rows(lake, ONE, "technical", last)
    reader, at = MatrixReader(lake), np.array([START + 2 * DAY])

    def open_in_the_lake() -> list[str]:
        links = (each.resolve() for each in Path("/proc/self/fd").iterdir())
        return [str(each) for each in links if str(each).startswith(str(tmp_path.resolve()))]

    first = reader.matrix([ONE], ["return_1", "drawdown_60"], at)
    assert open_in_the_lake() == []
    later = reader.matrix([ONE], ["rsi_14", "drawdown_60"], at)  # another column of a file that was let go of
    assert open_in_the_lake() == []
    assert first.values[0, 0].tolist() == [truth["return_1"][2], truth["drawdown_60"][2]]
    assert later.values[0, 0].tolist() == [truth["rsi_14"][2], truth["drawdown_60"][2]]
