"""The newest row comes from a small file, and is always the one the table holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.errors import FeatureError, NotFoundError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.store import append_rows, files, latest_row, table_name, write_family
from trimtab.market.calendar import SessionCalendar
from trimtab.storage.lake import Lake

BARS = random_walk(100)
SERIES = BARS.series
TECHNICAL = compute(BARS, ("return_1", "rsi_14", "sma_distance_200"))
STATE = compute(BARS, ("drawdown_60",))


def part(block: FeatureBlock, first: int, last: int) -> FeatureBlock:
    rows = slice(first, last)
    return FeatureBlock(SERIES, block.event_time[rows], block.known_time[rows], block.names, block.values[rows])


def small_file(lake: Lake, family: str = "technical") -> Path:
    return lake.root / "features" / family / f"{SERIES.key}.latest.json"


@pytest.fixture
def written(lake: Lake) -> Lake:
    """A lake with the first 90 rows of two families."""
    write_family(lake, SERIES, "technical", part(TECHNICAL, 0, 90))
    write_family(lake, SERIES, "market_state", part(STATE, 0, 90))
    return lake


def assert_serves(lake: Lake, n: int) -> None:
    row = latest_row(lake, SERIES, ["drawdown_60", *TECHNICAL.names])
    wanted = [*STATE.values[n - 1], *TECHNICAL.values[n - 1]]
    assert np.array_equal(row.values, wanted, equal_nan=True)
    assert row.event_time == BARS.event_time[n - 1].item().replace(tzinfo=UTC)
    assert row.known_time == BARS.known_time[n - 1].item().replace(tzinfo=UTC)
    assert row.rows_before == n - 1


def test_the_table_is_not_opened(written: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a Parquet file was opened")

    monkeypatch.setattr(files.pq, "ParquetFile", refuse)
    assert_serves(written, 90)


def test_an_unknown_value_is_null_in_the_file_and_nan_when_served(written: Lake) -> None:
    told = json.loads(small_file(written).read_text(), parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert told["values"]["sma_distance_200"] is None
    assert np.isnan(latest_row(written, SERIES, ["sma_distance_200"]).values[0])


def test_a_file_left_behind_by_a_killed_writer_is_not_served(written: Lake) -> None:
    old = {family: small_file(written, family).read_bytes() for family in ("technical", "market_state")}
    append_rows(written, SERIES, "technical", part(TECHNICAL, 90, 95))
    write_family(written, SERIES, "market_state", part(STATE, 0, 95))
    for family, content in old.items():
        small_file(written, family).write_bytes(content)
    assert_serves(written, 95)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"files": 3}', b"\xff\xfe", b"null"])
def test_a_damaged_or_absent_file_costs_time_and_no_truth(written: Lake, content: bytes) -> None:
    small_file(written).write_bytes(content)
    assert_serves(written, 90)
    small_file(written).unlink()
    assert_serves(written, 90)
    append_rows(written, SERIES, "technical", part(TECHNICAL, 90, 91))
    append_rows(written, SERIES, "market_state", part(STATE, 90, 91))
    assert_serves(written, 91)


def test_while_one_family_is_ahead_the_newest_common_row_is_served(written: Lake) -> None:
    append_rows(written, SERIES, "technical", part(TECHNICAL, 90, 93))
    assert_serves(written, 90)
    assert latest_row(written, SERIES, ["rsi_14"]).rows_before == 92


def test_a_lake_that_was_copied_serves_the_same(written: Lake, tmp_path: Path) -> None:
    import shutil

    from trimtab.storage.tables import TableStore

    shutil.copytree(written.root, tmp_path / "copy", copy_function=shutil.copy)
    assert_serves(replace(written, root=tmp_path / "copy", tables=TableStore(tmp_path / "copy")), 90)


def test_freshness_counts_the_bars_since(written: Lake) -> None:
    row = latest_row(written, SERIES, ["rsi_14"])
    calendar = SessionCalendar("24/7")
    assert row.freshness(row.known_time, calendar).is_fresh
    assert row.freshness(row.known_time + timedelta(days=3, hours=1), calendar).n_behind == 3
    late = row.known_time + timedelta(days=1)
    assert row.freshness(late, calendar, publication_lag=timedelta(hours=1)).is_fresh
    assert row.freshness(datetime(2030, 1, 1, tzinfo=UTC), calendar).n_behind > 1_000


def test_the_small_file_and_the_table_say_the_same_after_every_step(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", part(TECHNICAL, 0, 40))
    for n in range(40, 100):
        append_rows(lake, SERIES, "technical", part(TECHNICAL, n, n + 1))
        served = latest_row(lake, SERIES, TECHNICAL.names)
        small_file(lake).rename(small_file(lake).with_suffix(".aside"))
        assert latest_row(lake, SERIES, TECHNICAL.names).rows_before == served.rows_before == n
        assert latest_row(lake, SERIES, TECHNICAL.names).values.tobytes() == served.values.tobytes()
        small_file(lake).with_suffix(".aside").rename(small_file(lake))
    assert table_name("technical", SERIES) == "features/technical/AAA__1d"


def test_a_row_of_other_code_or_without_a_feature_is_not_served(written: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFoundError, match="feature 'rsi_7' of AAA__1d is not in table"):
        latest_row(written, SERIES, ["rsi_7"])
    with pytest.raises(NotFoundError, match="there is no table"):
        latest_row(written, SERIES, ["doji"])
    newer = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], version=2)}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: newer)
    assert latest_row(written, SERIES, ["return_1"]).rows_before == 89
    with pytest.raises(FeatureError, match="computed by version 1, the catalogue has 2"):
        latest_row(written, SERIES, ["rsi_14"])
