"""The feature store as others meet it: killed writers, other readers of the files, the command line, real bars."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk
from fakes.command_line import trimtab
from fakes.feature_writer import FAMILY, NAMES, SERIES, block_of

from trimtab.errors import NotFoundError
from trimtab.features.catalogue import feature_sets
from trimtab.features.engine import compute
from trimtab.features.store import (
    MatrixReader,
    append_rows,
    latest_row,
    matrix,
    read_event_times,
    read_features,
    table_name,
    write_family,
)
from trimtab.market import Series
from trimtab.storage.lake import Lake

TESTS = Path(__file__).resolve().parents[1]
FAR = np.array(["2100-01-01"], "datetime64[us]")


@contextmanager
def writing(lake: Lake) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        [sys.executable, "-m", "fakes.feature_writer", str(lake.root)],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def assert_whole(lake: Lake, reader: MatrixReader) -> int:
    """The table, the matrix and the newest row each show rows 0 to n - 1 of one moment; the rows of the table."""
    block = read_features(lake, SERIES, NAMES)
    n = len(block)
    wanted = block_of(0, n)
    assert np.array_equal(block.values, wanted.values) and np.array_equal(block.event_time, wanted.event_time)
    if n:
        row = latest_row(lake, SERIES, NAMES)
        assert row.values.tolist() == block_of(row.rows_before, row.rows_before + 1).values[0].tolist()
        assert row.rows_before >= n - 1
        cell = reader.matrix([SERIES], NAMES, FAR)
        assert cell.values[0, 0, 0] >= row.rows_before
        assert cell.event_time[0, 0] == block_of(int(cell.values[0, 0, 0]), int(cell.values[0, 0, 0]) + 1).event_time[0]
    return n


@pytest.mark.slow
def test_a_writer_killed_again_and_again_leaves_every_stored_row_and_no_torn_one(lake: Lake) -> None:
    chance, acknowledged, kills = random.Random(5), 0, 0
    reader = MatrixReader(lake)
    for _ in range(5):
        with writing(lake) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(chance.randint(1, 12))]
            until = time.monotonic() + chance.uniform(0.0, 0.05)
            while time.monotonic() < until:
                assert_whole(lake, reader)  # beside the writer
            assert process.poll() is None
            process.kill()
            kills += 1
            said += process.stdout.read().splitlines()
        acknowledged = max([acknowledged, *(int(line) for line in said if line.strip())])
        n = assert_whole(lake, reader)
        assert n >= acknowledged  # what was said to be stored is stored
        assert latest_row(lake, SERIES, NAMES).rows_before == n - 1
    assert kills == 5 and acknowledged > 20


@pytest.mark.slow
def test_a_reader_beside_a_writer_sees_whole_tables_only(lake: Lake) -> None:
    reader, seen = MatrixReader(lake), set()
    with writing(lake) as process:
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + 3.0
        while time.monotonic() < until:
            seen.add(assert_whole(lake, reader))
        assert process.poll() is None
    assert len(seen) > 5


def test_other_programs_read_the_tables_without_trimtab(lake: Lake) -> None:
    bars = random_walk(300)
    block = compute(bars, feature_sets()["technical"])
    tail = compute(bars, block.names)
    write_family(lake, bars.series, "technical", compute(bars.take(slice(0, 299)), block.names))
    from trimtab.features.engine import FeatureBlock

    last = FeatureBlock(tail.series, tail.event_time[-1:], tail.known_time[-1:], tail.names, tail.values[-1:])
    append_rows(lake, bars.series, "technical", last)
    base = lake.tables.path(table_name("technical", bars.series))
    frame = pd.read_parquet(base)
    assert frame["rsi_14"].to_numpy().tobytes() == block.column("rsi_14")[:299].tobytes()
    assert str(frame["event_time"].dt.tz) == "UTC"
    everything = f"['{base}', '{base.with_suffix('')}/*.parquet']"
    query = f"select count(*), max(event_time), last(rsi_14 order by event_time) from read_parquet({everything})"
    n, newest, value = duckdb.sql(query).fetchall()[0]
    assert n == 300 and value == block.column("rsi_14")[-1]
    assert newest.astimezone(UTC).replace(tzinfo=None) == bars.event_time[-1].item()


@pytest.fixture
def stored(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with features of two series, which the command line reads."""
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(lake.root))
    for seed, instrument in enumerate(("AAA", "BBB")):
        bars = random_walk(300, seed=seed, instrument=instrument)
        for family in ("technical", "market_state"):
            write_family(lake, bars.series, family, compute(bars, feature_sets()[family]))
    return lake


MATRIX = (
    "features",
    "matrix",
    "--instrument",
    "AAA",
    "--instrument",
    "BBB",
    "--feature",
    "rsi_14",
    "--feature",
    "drawdown_60",
)


def test_the_matrix_of_the_command_line_is_that_of_the_library(stored: Lake, tmp_path: Path) -> None:
    at = ("--at", "2020-06-01T00:00Z", "--at", "2019-01-01")
    rows = trimtab(*MATRIX, *at, "--json").document["rows"]
    series = [Series.parse("AAA__1d"), Series.parse("BBB__1d")]
    found = matrix(stored, series, ["rsi_14", "drawdown_60"], [datetime(2020, 6, 1, tzinfo=UTC)])
    assert [row["values"]["rsi_14"] for row in rows[:2]] == found.values[0, :, 0].tolist()
    assert rows[0]["event_time"] == "2020-05-31T00:00:00Z" and rows[0]["known_time"] == "2020-06-01T00:00:00Z"
    assert rows[2]["event_time"] is None and rows[2]["values"] == {"rsi_14": None, "drawdown_60": None}
    assert "drawdown" in trimtab(*MATRIX, *at).out
    for name in ("matrix.parquet", "matrix.csv"):
        assert trimtab(*MATRIX, *at, "--out", tmp_path / name).code == 0
    written = pd.read_parquet(tmp_path / "matrix.parquet")
    assert written["rsi_14"].tolist()[:2] == found.values[0, :, 0].tolist()
    assert list(pd.read_csv(tmp_path / "matrix.csv")["instrument_id"]) == ["AAA", "BBB"] * 2


def test_a_whole_set_is_asked_for_by_its_name(stored: Lake) -> None:
    answer = trimtab("features", "matrix", "--instrument", "AAA", "--set", "market_state", "--at", "2020-06-01")
    assert answer.code == 0, answer.err
    assert set(feature_sets()["market_state"][:40]) <= set(answer.out.split())
    answer = trimtab("features", "matrix", "--instrument", "AAA", "--set", "technical", "--at", "2020-06-01")
    n = len(feature_sets()["technical"])
    assert f"{n - 40} more features are left out" in answer.out


@pytest.mark.parametrize("which", [["--feature", "rsi_14"], ["--set", "market_state"]])
def test_the_matrix_fits_eighty_columns(stored: Lake, which: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    whose = ("--instrument", "AAA", "--instrument", "BBB")
    out = trimtab("features", "matrix", *whose, *which, "--at", "2020-06-01", "--at", "2020-07-01").out
    assert out.splitlines() and max(map(len, out.splitlines())) <= 80
    assert "2020-07-01" in out and "AAA" in out and "BBB" in out


def test_no_stored_table_is_replaced_by_a_matrix(stored: Lake) -> None:
    path = stored.tables.path("features/technical/AAA__1d")
    before = path.read_bytes()
    answer = trimtab(*MATRIX, "--at", "2020-06-01", "--out", path)
    assert answer.code == 1 and "is a file of the stored data" in answer.sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("matrix", "--instrument", "ZZZ", "--feature", "rsi_14", "--at", "2020-06-01"), "unknown series with stored"),
        (("matrix", "--instrument", "AAA", "--feature", "rsi", "--at", "2020-06-01"), "unknown feature 'rsi'"),
        (("matrix", "--instrument", "AAA", "--feature", "rsi_14", "--at", "2020-06-01T10:00"), "carries no time zone"),
        (("matrix", "--instrument", "AAA", "--feature", "rsi_14", "--at", "soon"), "'soon' is no time"),
        (("matrix", "--instrument", "AAA", "--feature", "doji", "--at", "2020-06-01"), 'add "candlesticks" to the sets'),
        (("matrix", "--instrument", "AAA", "--at", "2020-06-01"), "no feature was asked for"),
        (("matrix", "--instrument", "AAA", "--set", "technical", "--at", "2020-06-01", "--out", "x.txt"), "ends in neither"),
        (("matrix", "--instrument", "AAA", "--set", "technical", "--at", "2020-06-01", "--timeframe", "2d"), "timeframe"),
        (("latest", "ZZZ__1d"), "unknown series with stored features 'ZZZ__1d'"),
        (("latest", "AAA"), "is not a series key"),
        (("latest", "AAA__1d", "--feature", "rsi"), "unknown feature 'rsi'"),
        (("latest", "AAA__1d", "--feature", "doji"), "run `trimtab run`"),
        (("validate", "ZZZ__1d"), "unknown series with stored features"),
        (("validate", "--required", "rsi"), "unknown feature 'rsi'"),
        (("validate", "--now", "2020-06-01T10:00"), "carries no time zone"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_in_one_sentence(
    stored: Lake, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = trimtab("features", *arguments)
    assert answer.code == 1 and sentence in answer.sentence


def test_the_latest_row_is_shown_with_what_is_wrong_with_it(stored: Lake) -> None:
    document = trimtab("features", "latest", "AAA__1d", "--json").document
    row = latest_row(stored, Series.parse("AAA__1d"), ["rsi_14", "drawdown_60"])
    assert {name: document["values"][name] for name in row.names} == dict(zip(row.names, row.values, strict=True))
    assert document["validation"]["status"] == "passed"
    assert set(document["values"]) == {*feature_sets()["technical"], *feature_sets()["market_state"]}
    assert "rsi_14" in trimtab("features", "latest", "AAA__1d", "--feature", "rsi_14").out


def test_validate_scores_every_table_and_says_what_is_critical(stored: Lake) -> None:
    answer = trimtab("features", "validate", "--json")
    assert answer.code == 0
    assert answer.document["summary"]["by_status"] == {"passed": 4, "warning": 0, "critical": 0}
    assert all(table["quality"]["overall"] == 1.0 for table in answer.document["tables"])
    answer = trimtab("features", "validate", "AAA__1d", "--now", "2024-01-01", "--json")
    late = answer.document
    assert answer.code == 1 and answer.sentence == "2 of 2 tables are critical"
    assert [table["status"] for table in late["tables"]] == ["critical", "critical"]
    assert late["tables"][0]["quality"]["freshness"] == 0.0
    missing = trimtab("features", "validate", "AAA__1d", "--required", "doji", "--json")
    assert missing.code == 1 and missing.sentence == "1 of 3 tables are critical"
    assert missing.document["summary"]["critical"] == ["candlesticks of AAA__1d"]
    assert "1 critical" in trimtab("features", "validate", "AAA__1d", "--required", "doji").out


def test_equal_findings_are_told_once_in_eighty_columns(stored: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = trimtab("features", "validate", "--now", "2024-01-01").out
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("critical freshness") == 1
    assert "technical of AAA__1d" in out and "fresh" in out.split("finding")[0]
    assert "fresh" not in trimtab("features", "validate").out


def test_a_critical_newest_row_is_refused(stored: Lake) -> None:
    series = Series.parse("AAA__1d")
    block = read_features(stored, series, feature_sets()["technical"])
    block.values[-1, block.names.index("rsi_14")] = 1e6
    write_family(stored, series, "technical", block)
    answer = trimtab("features", "latest", "AAA__1d", "--json")
    assert answer.code == 1 and answer.sentence == "the newest row of AAA__1d has 1 critical finding"
    assert answer.document["validation"]["status"] == "critical"


def test_a_table_that_cannot_be_read_is_a_finding_beside_the_others(stored: Lake) -> None:
    path = stored.tables.path("features/technical/AAA__1d")
    path.write_bytes(path.read_bytes()[:1000])
    answer = trimtab("features", "validate", "--json")
    assert answer.code == 1 and answer.sentence == "1 of 4 tables are critical"
    assert answer.document["summary"]["critical"] == ["technical of AAA__1d"]
    assert answer.document["summary"]["by_status"]["passed"] == 3


def test_an_empty_lake_says_what_to_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(lake.root))
    assert "No features are stored" in trimtab("features", "validate").out
    with pytest.raises(NotFoundError):
        read_event_times(lake, SERIES, FAMILY)


@pytest.mark.slow
def test_real_daily_bars_give_the_matrix_that_pandas_gives(lake: Lake, shared_data: Path) -> None:
    names = ("rsi_14", "return_1", "atr_percent_14", "drawdown_60", "volatility_regime")
    names = tuple(name for name in names if name in feature_sets()["all"])
    frame = pd.read_parquet(
        shared_data / "equities_daily.parquet", filters=[("symbol", "in", ["AAPL", "KO", "MSFT", "XOM", "JCI"])]
    )
    times = np.arange("2004-12-20", "2017-01-20", np.timedelta64(37, "h"), dtype="datetime64[us]")
    all_series, expected = [], []
    for symbol, rows in frame.groupby("symbol"):
        bars = _bars(str(symbol), rows)
        all_series.append(bars.series)
        for family in ("technical", "market_state"):
            write_family(lake, bars.series, family, compute(bars, feature_sets()[family]))
        expected.append(_as_of(lake, bars.series, names, times))
    found = matrix(lake, all_series, names, times)
    assert np.array_equal(found.values, np.stack(expected, axis=1), equal_nan=True)
    assert np.isfinite(found.values).mean() > 0.9


def _bars(symbol: str, rows: pd.DataFrame):  # type: ignore[no-untyped-def]
    from trimtab.bars import Bars
    from trimtab.market import Timeframe

    times = rows["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    prices = (rows[name].to_numpy() for name in ("open", "high", "low", "close", "volume"))
    return Bars.build(Series(symbol, Timeframe.DAY), times, *prices)


def _as_of(lake: Lake, series: Series, names: tuple[str, ...], times: np.ndarray) -> np.ndarray:
    left = pd.DataFrame({"known_time": pd.to_datetime(times, utc=True).astype("datetime64[us, UTC]")})
    columns = {}
    for family in ("technical", "market_state"):
        own = [name for name in names if name in feature_sets()[family]]
        right = pd.read_parquet(lake.tables.path(table_name(family, series)), columns=["known_time", *own])
        joined = pd.merge_asof(left, right.sort_values("known_time"), on="known_time")
        columns |= {name: joined[name].to_numpy() for name in own}
    return np.column_stack([columns[name] for name in names])
