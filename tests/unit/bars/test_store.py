"""The bitemporal store: what is appended, what is seen at which time, what survives a full disk."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk

from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.store import AppendReport, BarStore
from trimtab.errors import SchemaError, StorageError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake

RECEIVED = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
LATER = RECEIVED + timedelta(days=1)


@pytest.fixture
def store(lake: Lake) -> BarStore:
    return BarStore(lake)


@pytest.fixture
def bars() -> Bars:
    return random_walk(30)


def with_close(bars: Bars, at: int, close: float) -> Bars:
    closes = bars.close.copy()
    closes[at] = close
    return replace(bars, close=closes)


def files(store: BarStore) -> dict[str, bytes]:
    folder = store.lake.root / "bars"
    return (
        {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        if folder.exists()
        else {}
    )


def test_an_empty_store_has_nothing(store: BarStore, bars: Bars) -> None:
    assert store.series() == []
    assert len(store.current(bars.series)) == 0
    assert store.last_event_time(bars.series) is None
    assert len(store.revision_times(bars.series)) == 0


def test_first_versions_keep_the_time_they_could_be_known(store: BarStore, bars: Bars) -> None:
    assert store.append(bars, RECEIVED) == AppendReport(new=30, restated=0, unchanged=0)
    stored = store.current(bars.series)
    np.testing.assert_array_equal(stored.known_time, bars.event_time + np.timedelta64(1, "D"))
    assert (stored.received_time == np.datetime64("2024-01-02T09:30")).all()
    assert store.series() == [bars.series]
    assert store.last_event_time(bars.series) == datetime(2020, 1, 30, tzinfo=UTC)


def test_bars_received_again_change_no_byte(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    before = files(store)
    assert store.append(bars.take(slice(None, None, -1)), LATER) == AppendReport(new=0, restated=0, unchanged=30)
    assert files(store) == before


def test_a_restated_bar_is_known_from_when_it_was_received(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    assert store.append(with_close(bars, 3, 77.0), LATER) == AppendReport(new=0, restated=1, unchanged=29)
    assert store.as_known_at(bars.series, LATER - timedelta(seconds=1)).close[3] == bars.close[3]
    assert store.as_known_at(bars.series, LATER).close[3] == 77.0
    assert store.current(bars.series).close[3] == 77.0
    assert store.revision_times(bars.series).tolist() == [datetime(2024, 1, 3, 9, 30)]
    versions = store.history(bars.series, datetime(2020, 1, 4, tzinfo=UTC))
    assert versions.close.tolist() == [bars.close[3], 77.0]


def test_a_new_vintage_of_the_factor_alone_is_a_restatement(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    assert store.append(replace(bars, factor=np.full(30, 0.5)), LATER).restated == 30
    assert (store.as_known_at(bars.series, RECEIVED).factor == 1.0).all()


def test_a_value_taken_back_is_a_third_version(store: BarStore, bars: Bars) -> None:
    for number, close in enumerate((bars.close[3], 77.0, bars.close[3])):
        store.append(with_close(bars, 3, close), RECEIVED + timedelta(days=number))
    assert store.history(bars.series, datetime(2020, 1, 4, tzinfo=UTC)).close.tolist() == [
        bars.close[3],
        77.0,
        bars.close[3],
    ]


def test_versions_keep_their_order_when_the_clock_was_set_back(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    store.append(with_close(bars, 3, 77.0), LATER)
    store.append(with_close(bars, 3, 78.0), RECEIVED)
    assert store.current(bars.series).close[3] == 78.0
    assert (np.diff(store.history(bars.series, datetime(2020, 1, 4, tzinfo=UTC)).known_time) > np.timedelta64(0)).all()


def test_a_bar_is_not_seen_before_it_was_known(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    assert len(store.as_known_at(bars.series, datetime(2020, 1, 10, 23, 59, tzinfo=UTC))) == 9
    assert len(store.as_known_at(bars.series, datetime(2020, 1, 11, tzinfo=UTC))) == 10


def test_the_fingerprint_is_of_the_content_and_not_of_its_parts(store: BarStore, bars: Bars, tmp_path: object) -> None:
    other = Series("BBB", Timeframe.DAY)
    store.append(bars, RECEIVED)
    for part in (slice(20, 30), slice(0, 20)):
        store.append(replace(bars.take(part), series=other), LATER)
    assert store.fingerprint(bars.series) == store.fingerprint(other)
    store.append(with_close(bars, 3, 77.0), LATER)
    assert store.fingerprint(bars.series) != store.fingerprint(other)


def test_two_bars_with_one_time_or_a_bar_without_are_not_stored(store: BarStore, bars: Bars) -> None:
    with pytest.raises(SchemaError, match="two bars at 2020-01-01"):
        store.append(concatenate([bars, bars]), RECEIVED)
    times = bars.event_time.copy()
    times[0] = np.datetime64("NaT")
    with pytest.raises(SchemaError, match="without event time"):
        store.append(replace(bars, event_time=times), RECEIVED)
    assert files(store) == {}


def test_a_time_without_a_zone_is_refused(store: BarStore, bars: Bars) -> None:
    with pytest.raises(SchemaError, match="carries no time zone"):
        store.append(bars, datetime(2024, 1, 1))


def test_a_full_disk_leaves_the_store_as_it_was(store: BarStore, bars: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(bars.take(slice(0, 20)), RECEIVED)
    before = files(store)

    def full(table: object, where: object, **options: object) -> None:
        with open(str(where), "wb") as handle:
            handle.write(b"PAR1 half a file")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", full)
        with pytest.raises(StorageError, match="the disk is full"):
            store.append(bars, LATER)
    assert files(store) == before
    assert store.append(bars, LATER) == AppendReport(new=10, restated=0, unchanged=20)


def test_what_a_killed_writer_left_behind_is_not_read(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    folder = store.lake.root / "bars" / bars.series.key
    (folder / ".000002-abc.parquet.17.deadbeef.tmp").write_bytes(b"PAR1 half a file")
    assert len(store.current(bars.series)) == 30
    assert store.append(with_close(bars, 3, 77.0), LATER).restated == 1


def test_duckdb_reads_the_parts_without_trimtab(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    store.append(replace(bars, series=Series("BBB", Timeframe.DAY)), RECEIVED)
    query = (
        f"select instrument_id, count(*), sum(close) from '{store.lake.root}/bars/**/*.parquet' group by 1 order by 1"
    )
    rows = duckdb.sql(query).fetchall()
    assert [(name, n) for name, n, _ in rows] == [("AAA", 30), ("BBB", 30)]
    assert rows[0][2] == pytest.approx(bars.close.sum(), rel=1e-12)
