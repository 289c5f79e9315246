"""Rows go behind rows: never between, never twice, never of other code; history is not touched."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.dying import Died

from trimtab.errors import FeatureError, NotFoundError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.store import (
    MadeFrom,
    append_rows,
    appending,
    latest_row,
    lineage,
    read_features,
    table_name,
    write_family,
)
from trimtab.features.store.files import TableChangedError, open_table, part_names
from trimtab.storage.lake import Lake
from trimtab.storage.tables import TableStore

NAMES = ("return_1", "rsi_14", "sma_distance_20")
BARS = random_walk(400)
SERIES = BARS.series
WHOLE = compute(BARS, NAMES)
TABLE = table_name("technical", SERIES)


def rows_of(first: int, last: int, block: FeatureBlock = WHOLE) -> FeatureBlock:
    rows = slice(first, last)
    return FeatureBlock(
        block.series, block.event_time[rows], block.known_time[rows], block.names, np.asfortranarray(block.values[rows])
    )


def assert_holds(lake: Lake, n: int) -> None:
    """The table, read whole and by its newest row, is the first n rows."""
    block = read_features(lake, SERIES, NAMES)
    assert block.values.tobytes("F") == np.asfortranarray(WHOLE.values[:n]).tobytes("F")
    assert (block.event_time == WHOLE.event_time[:n]).all() and (block.known_time == WHOLE.known_time[:n]).all()
    row = latest_row(lake, SERIES, NAMES)
    assert np.array_equal(row.values, WHOLE.values[n - 1], equal_nan=True)
    assert row.rows_before == n - 1


@pytest.fixture
def written(lake: Lake) -> Lake:
    """A lake with the first 300 rows."""
    write_family(lake, SERIES, "technical", rows_of(0, 300))
    return lake


def test_appended_rows_are_read_as_if_written_at_once(written: Lake) -> None:
    report = append_rows(written, SERIES, "technical", rows_of(300, 301))
    assert (report.rows, report.n_rows, report.n_files) == (1, 301, 2)
    append_rows(written, SERIES, "technical", rows_of(301, 310))
    assert_holds(written, 310)


def test_the_history_is_not_rewritten(written: Lake) -> None:
    base = written.tables.path(TABLE)
    before = (base.stat().st_ino, base.read_bytes())
    append_rows(written, SERIES, "technical", rows_of(300, 301))
    assert (base.stat().st_ino, base.read_bytes()) == before


def test_many_appends_are_gathered_and_lose_nothing(written: Lake) -> None:
    base, files = written.tables.path(TABLE), []
    before = base.stat().st_ino
    for n in range(300, 374):
        report = append_rows(written, SERIES, "technical", rows_of(n, n + 1))
        files.append(report.n_files)
        assert report.n_rows == n + 1
        assert len(part_names(written, TABLE)) == report.n_files - 1  # what was gathered is gone
    assert files[:5] == [2, 3, 4, 2, 3]
    assert max(files) <= 1 + 3 * 4  # three of each size: 1, 4, 16, 64
    assert base.stat().st_ino == before
    assert_holds(written, 374)


def test_a_base_takes_in_what_has_grown_to_a_quarter_of_it(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", rows_of(0, 40))
    base = lake.tables.path(TABLE)
    before = base.stat().st_ino
    for n in range(40, 50):
        assert base.stat().st_ino == before
        report = append_rows(lake, SERIES, "technical", rows_of(n, n + 1))
    assert report.n_files == 1 and base.stat().st_ino != before
    assert part_names(lake, TABLE) == []
    assert_holds(lake, 50)
    append_rows(lake, SERIES, "technical", rows_of(50, 52))
    assert_holds(lake, 52)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_killed_between_two_steps_of_gathering_the_rows_are_there_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The process dies instead of a write or a removal; the next append goes on as if nothing had happened."""
    for n_before in (103, 115, 124):  # before gathering once, twice, and renewing the base
        write_family(lake, SERIES, "technical", rows_of(0, 100))
        for n in range(100, n_before):
            append_rows(lake, SERIES, "technical", rows_of(n, n + 1))
        with monkeypatch.context() as patch:
            _die_after(patch, steps)
            with suppress(Died):
                append_rows(lake, SERIES, "technical", rows_of(n_before, n_before + 1))
        n = len(read_features(lake, SERIES, NAMES))
        assert n in (n_before, n_before + 1)
        assert_holds(lake, n)
        append_rows(lake, SERIES, "technical", rows_of(n, n + 2))
        assert_holds(lake, n + 2)


def _die_after(patch: pytest.MonkeyPatch, steps: int) -> None:
    left = [steps]

    def step_before(function: Callable[..., Any]) -> Callable[..., Any]:
        def dying(*arguments: Any, **named: Any) -> Any:
            if left[0] == 0:
                raise Died("at a write or a removal")
            left[0] -= 1
            return function(*arguments, **named)

        return dying

    patch.setattr(appending, "write_table", step_before(appending.write_table))
    patch.setattr(appending, "write_head", step_before(appending.write_head))
    patch.setattr(TableStore, "delete", step_before(TableStore.delete))


@pytest.mark.parametrize("first", [0, 150, 299])
def test_rows_that_the_table_has_or_has_passed_are_refused(written: Lake, first: int) -> None:
    with pytest.raises(FeatureError, match="the table reaches"):
        append_rows(written, SERIES, "technical", rows_of(first, 305))
    assert_holds(written, 300)


def test_rows_of_other_code_are_refused(written: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], parameters=(("n", 99),))}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: newer)
    with pytest.raises(FeatureError, match="'rsi_14' of AAA__1d was computed by other code"):
        append_rows(written, SERIES, "technical", rows_of(300, 301))


def test_a_feature_too_few_or_too_many_is_refused(written: Lake) -> None:
    later = BARS.take(slice(300, 400))
    with pytest.raises(FeatureError, match=r"'rsi_14' of table .* is not among the 2 features"):
        append_rows(written, SERIES, "technical", compute(later, ["return_1", "sma_distance_20"]))
    with pytest.raises(NotFoundError, match="feature 'return_5' of AAA__1d is not in table"):
        append_rows(written, SERIES, "technical", compute(later, [*NAMES, "return_5"]))
    with pytest.raises(FeatureError, match="not in the family"):
        append_rows(written, SERIES, "technical", compute(later, ["doji"]))
    assert_holds(written, 300)


def test_columns_may_come_in_any_order(written: Lake) -> None:
    block = rows_of(300, 302)
    turned = FeatureBlock(SERIES, block.event_time, block.known_time, block.names[::-1], block.values[:, ::-1])
    append_rows(written, SERIES, "technical", turned)
    assert_holds(written, 302)


def test_nothing_to_append_changes_nothing(written: Lake) -> None:
    assert append_rows(written, SERIES, "technical", rows_of(300, 300)).n_files == 1
    assert_holds(written, 300)


def test_a_table_that_was_never_written_is_not_appended_to(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="there is no table"):
        append_rows(lake, SERIES, "technical", rows_of(0, 10))


def test_an_empty_table_takes_its_first_rows(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", rows_of(0, 0))
    append_rows(lake, SERIES, "technical", rows_of(0, 5))
    assert_holds(lake, 5)


def test_writing_the_family_again_replaces_what_was_appended(written: Lake) -> None:
    append_rows(written, SERIES, "technical", rows_of(300, 305))
    write_family(written, SERIES, "technical", rows_of(0, 302))
    assert part_names(written, TABLE) == []
    assert_holds(written, 302)
    append_rows(written, SERIES, "technical", rows_of(302, 303))
    assert_holds(written, 303)


def test_what_a_killed_replacement_left_is_neither_read_nor_counted(written: Lake) -> None:
    append_rows(written, SERIES, "technical", rows_of(300, 305))
    (part,) = part_names(written, TABLE)
    left = written.tables.path(part).read_bytes()
    write_family(written, SERIES, "technical", rows_of(0, 301))
    written.tables.path(part).parent.mkdir(exist_ok=True)
    written.tables.path(part).write_bytes(left)
    assert_holds(written, 301)
    append_rows(written, SERIES, "technical", rows_of(301, 302))
    assert_holds(written, 302)
    assert part not in part_names(written, TABLE)


def test_the_footer_of_one_file_is_never_laid_over_the_bytes_of_another(written: Lake) -> None:
    append_rows(written, SERIES, "technical", rows_of(300, 301))
    table = open_table(written, TABLE)
    write_family(written, SERIES, "technical", rows_of(0, 200))
    for file in table.files:
        with pytest.raises(TableChangedError):
            table.read(file, ["return_1"])


def test_float32_at_rest_stays_float32_and_is_read_as_float64(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", rows_of(0, 300), at_rest=np.float32)
    append_rows(lake, SERIES, "technical", rows_of(300, 310))
    block = read_features(lake, SERIES, NAMES)
    rounded = WHOLE.values[:310].astype(np.float32).astype(np.float64)
    assert block.values.dtype == np.float64
    assert np.array_equal(block.values, rounded, equal_nan=True)
    assert latest_row(lake, SERIES, NAMES).values.tolist() == rounded[-1].tolist()
    wide = lake.tables.read(TABLE).schema.field("return_1").type
    part = lake.tables.read(part_names(lake, TABLE)[0]).schema.field("return_1").type
    assert str(wide) == str(part) == "float"


def test_rows_from_too_few_bars_are_refused(written: Lake) -> None:
    short = compute(BARS.take(slice(295, 310)), NAMES)
    with pytest.raises(FeatureError, match=r"'rsi_14' has no value in the row of .* 300 rows are before it"):
        append_rows(written, SERIES, "technical", rows_of(5, 10, short))
    assert_holds(written, 300)
    append_rows(written, SERIES, "technical", rows_of(300, 305))
    values = rows_of(305, 310).values.copy(order="F")
    values[3, 0] = np.nan
    with pytest.raises(FeatureError, match=r"'return_1' has no value in the row of .* 308 rows are before it"):
        append_rows(written, SERIES, "technical", replace(rows_of(305, 310), values=values))
    assert_holds(written, 305)


def test_rows_within_the_look_back_may_lack_values(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", rows_of(0, 10))
    append_rows(lake, SERIES, "technical", rows_of(10, 30))  # sma_distance_20 begins at row 19
    assert_holds(lake, 30)
    write_family(lake, SERIES, "technical", rows_of(0, 10))
    late = replace(rows_of(10, 30), values=np.full((20, 3), np.nan))
    with pytest.raises(FeatureError, match="'return_1' has no value"):
        append_rows(lake, SERIES, "technical", late)


def test_what_the_catalogue_excuses_may_be_absent(written: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    values = rows_of(300, 301).values.copy(order="F")
    values[0, 1] = np.nan
    excused = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], unknown_when="no figures were filed")}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: excused)
    assert append_rows(written, SERIES, "technical", replace(rows_of(300, 301), values=values)).rows == 1


def test_a_table_with_a_row_of_a_bar_without_a_number_goes_on(lake: Lake) -> None:
    close = BARS.close.copy()
    close[250] = np.nan
    broken = compute(replace(BARS, close=close), NAMES)
    assert np.isnan(broken.column("rsi_14")[250]) and not np.isnan(broken.column("rsi_14")[251])
    write_family(lake, SERIES, "technical", rows_of(0, 300, broken))
    append_rows(lake, SERIES, "technical", rows_of(300, 310, broken))
    assert np.array_equal(read_features(lake, SERIES, NAMES).values, broken.values[:310], equal_nan=True)


def test_rows_that_skip_bars_are_refused_where_the_caller_says_what_they_follow(written: Lake) -> None:
    with pytest.raises(FeatureError, match=r"follow the bar of .*, and '.*' reaches .*append the rows of all the bars"):
        append_rows(written, SERIES, "technical", rows_of(310, 320), follows=WHOLE.event_time[309])
    assert_holds(written, 300)
    append_rows(written, SERIES, "technical", rows_of(300, 320), follows=WHOLE.event_time[299])
    append_rows(written, SERIES, "technical", rows_of(320, 320), follows=WHOLE.event_time[5])  # no row, no matter
    assert_holds(written, 320)


def test_nothing_follows_a_bar_of_an_empty_table(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", rows_of(0, 0))
    with pytest.raises(FeatureError, match="has no row yet"):
        append_rows(lake, SERIES, "technical", rows_of(5, 6), follows=WHOLE.event_time[4])


def test_what_float32_cannot_hold_is_refused(lake: Lake) -> None:
    block = rows_of(0, 20)
    huge = replace(block, values=np.full((20, 3), 1e300, order="F"))
    with pytest.raises(FeatureError, match="too large for float32"):
        write_family(lake, SERIES, "technical", huge, at_rest=np.float32)
    with pytest.raises(FeatureError, match="float64 or float32, not int64"):
        write_family(lake, SERIES, "technical", block, at_rest=np.int64)
    assert not lake.tables.exists(TABLE)


def test_rows_out_of_order_are_refused(lake: Lake) -> None:
    block = rows_of(0, 3)
    with pytest.raises(FeatureError, match="not increasing in event_time"):
        write_family(lake, SERIES, "technical", replace(block, event_time=block.event_time[::-1]))


def test_the_lineage_is_that_of_the_newest_rows(written: Lake) -> None:
    append_rows(written, SERIES, "technical", rows_of(300, 305), made_from=MadeFrom("b2", {"figures": "f2"}))
    origin = lineage(written, SERIES, "technical")
    assert (origin.bars, origin.facts, origin.n_rows, origin.n_files) == ("b2", {"figures": "f2"}, 305, 2)
