"""Compaction: fewer files, every version once, and a kill at any step changes nothing that is read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk
from fakes.dying import Died
from fakes.dying_tables import dying_lake

from trimtab.bars.schema import Bars
from trimtab.bars.store import BarStore
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.storage.lake import Lake, open_lake
from trimtab.storage.parts import Parts
from trimtab.storage.tables import TableStore

RECEIVED = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
BARS = random_walk(20)
SERIES = BARS.series
RESTATED = 6


def batch(number: int) -> Bars:
    """The first bars, then bars `number` and `number + 1` at another price; each batch has a new bar too."""
    close = BARS.close.copy()
    if number:
        close[number : number + 2] = 50.0 + number
    return replace(BARS, close=close).take(slice(0, 10 + number))


def fill(store: BarStore, first: int = 0) -> None:
    for number in range(first, RESTATED + 1):
        store.append(batch(number), RECEIVED + timedelta(days=number))


def filled(lake: Lake, max_parts: int = 64) -> BarStore:
    store = BarStore(lake, max_parts)
    fill(store)
    return store


def names(store: BarStore) -> list[str]:
    return [Path(name).name for name in store.lake.tables.names(f"bars/{SERIES.key}")]


def state(store: BarStore) -> dict[str, object]:
    """Everything a reader can ask, comparable."""
    days = [RECEIVED + timedelta(days=day, microseconds=tick) for day in range(RESTATED + 1) for tick in (-1, 0)]
    columns = lambda bars: {name: array.tolist() for name, array in bars.arrays()}  # noqa: E731 - used three times below
    return {
        "fingerprint": store.fingerprint(SERIES),
        "current": columns(store.current(SERIES)),
        "known": [columns(store.as_known_at(SERIES, day)) for day in days],
        "received": [columns(store.as_received_at(SERIES, day)) for day in days],
        "revised": columns(store.revised(SERIES)),
        "revision_times": store.revision_times(SERIES).tolist(),
        "versions": store.n_versions(SERIES),
    }


def test_two_files_hold_what_seven_parts_held(lake: Lake) -> None:
    store = filled(lake)
    before = state(store)
    report = store.compact(SERIES)
    assert (report.parts, report.superseded, report.current, report.is_changed) == (7, 17, 16, True)
    assert [name[: name.rindex("-")] for name in names(store)] == ["000007-current", "000007-superseded"]
    assert state(store) == before


def test_bars_without_older_versions_become_one_file(lake: Lake) -> None:
    store = BarStore(lake)
    for day in range(3):
        store.append(BARS.take(slice(day, day + 1)), RECEIVED)
    assert store.compact(SERIES).superseded == 0
    assert [name[: name.rindex("-")] for name in names(store)] == ["000003-current"]
    assert len(store.current(SERIES)) == 3


def test_compacting_again_finds_nothing_to_gather(lake: Lake) -> None:
    store = filled(lake)
    store.compact(SERIES)
    before = names(store)
    report = store.compact(SERIES)
    assert (report.is_changed, report.parts, report.superseded, report.current) == (False, 2, 17, 16)
    assert names(store) == before
    other = random_walk(5, instrument="BBB")
    store.append(other, RECEIVED)
    assert not store.compact(other.series).is_changed


def test_a_series_without_bars_is_compact(lake: Lake) -> None:
    report = BarStore(lake).compact(SERIES)
    assert (report.parts, report.current, report.is_changed) == (0, 0, False)


def test_the_current_bars_are_read_without_opening_superseded_versions(lake: Lake) -> None:
    store = filled(lake)
    store.compact(SERIES)
    store.append(replace(BARS, close=np.full(20, 9.0)), RECEIVED + timedelta(days=30))
    expected = store.current(SERIES)
    (superseded,) = (name for name in names(store) if "superseded" in name)
    (lake.root / "bars" / SERIES.key / f"{superseded}.parquet").write_bytes(b"not Parquet at all")
    np.testing.assert_array_equal(store.current(SERIES).close, expected.close)
    np.testing.assert_array_equal(
        store.as_known_at(SERIES, RECEIVED + timedelta(days=31)).known_time, expected.known_time
    )
    assert store.append(BARS, RECEIVED + timedelta(days=31)).restated == 20


def test_an_append_compacts_when_there_are_more_parts_than_allowed(lake: Lake) -> None:
    store, patient = BarStore(lake, max_parts=3), BarStore(open_lake(Settings(data_dir=lake.root / "other")))
    seen = []
    for number in range(RESTATED + 1):
        for each in (store, patient):
            each.append(batch(number), RECEIVED + timedelta(days=number))
        seen.append(len(names(store)))
    assert seen == [1, 2, 3, 2, 3, 4, 5]
    assert state(store) == state(patient)
    assert len(names(patient)) == 7


def test_appending_goes_on_after_the_number_of_the_compaction(lake: Lake) -> None:
    store = filled(lake)
    store.compact(SERIES)
    store.append(replace(BARS, close=np.full(20, 9.0)), RECEIVED + timedelta(days=30))
    assert [name[:6] for name in names(store)] == ["000007", "000007", "000008"]
    assert (store.current(SERIES).close == 9.0).all()
    assert store.n_versions(SERIES) == 33 + 20


def test_a_writer_killed_at_any_step_leaves_what_a_reader_and_the_next_writer_can_use(
    settings: Settings, clock: SimulatedClock, tmp_path: Path
) -> None:
    """Every write and delete of seven appends and three compactions is cut short, before and after."""
    whole = state(filled(open_lake(Settings(data_dir=tmp_path / "whole"), clock)))
    steps, n_died = 0, 0
    while True:
        lake = open_lake(Settings(data_dir=tmp_path / f"killed-{steps}"), clock)
        try:
            filled(dying_lake(lake, steps), max_parts=2)
            break
        except Died:
            n_died += 1
        store = BarStore(lake, max_parts=2)
        read = store.current(SERIES)
        assert (np.diff(read.event_time) > np.timedelta64(0)).all()
        assert store.n_versions(SERIES) == len(set(versions_of(store)))
        fill(store, first=done(store))
        assert state(store) == whole, f"killed at step {steps}"
        covered = Parts.of(store.lake.tables.names(f"bars/{SERIES.key}")).covered
        assert covered == ()
        steps += 1
    assert n_died > 30


def versions_of(store: BarStore) -> list[tuple[object, ...]]:
    """Every version by its event time and known time."""
    times = (BARS.event_time + np.timedelta64(0, "us")).tolist()
    found: list[tuple[object, ...]] = []
    for time in times:
        history = store.history(SERIES, time.replace(tzinfo=UTC))
        found += zip(history.event_time.tolist(), history.known_time.tolist(), strict=True)
    return found


def done(store: BarStore) -> int:
    """How many batches are stored as a whole: each has a bar more than the one before."""
    n_bars = len(store.current(SERIES))
    return max(n_bars - 10, 0)


def test_leftovers_of_a_killed_compaction_are_ignored_and_removed_by_the_next_writer(lake: Lake) -> None:
    store = filled(lake)
    folder = lake.root / "bars" / SERIES.key
    parts = {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
    before = state(store)
    store.compact(SERIES)
    for name, content in parts.items():  # as if it had died before it deleted anything
        (folder / name).write_bytes(content)
    (folder / "000009-superseded-abcdefabcdef.parquet").write_bytes(b"of a compaction that never happened")
    assert state(store) == before
    store.append(batch(0), RECEIVED + timedelta(days=90))
    assert [name[:6] for name in names(store)] == ["000007", "000007", "000008"]


class ListingDuringCompaction(TableStore):
    """The first listing falls into the middle of a compaction: it misses what was deleted and what was written."""

    def names(self, prefix: str = ""):  # type: ignore[no-untyped-def]  # as in the parent
        found = list(super().names(prefix))
        if not (self.root / "listed").exists():
            (self.root / "listed").touch()
            found = [name for name in found if not name.rpartition("/")[2].startswith("000001")]
            lake = open_lake(Settings(data_dir=self.root))
            BarStore(lake).compact(SERIES)
        return iter(found)


def test_a_listing_torn_by_a_compaction_is_taken_again(lake: Lake) -> None:
    expected = filled(lake).current(SERIES)
    reading = BarStore(replace(lake, tables=ListingDuringCompaction(lake.root)))
    np.testing.assert_array_equal(reading.current(SERIES).close, expected.close)


class KeepsDeleted(ListingDuringCompaction):
    """The same, on a file system where the deleted parts can still be opened for a moment."""

    def read(self, name, columns=None):  # type: ignore[no-untyped-def]  # as in the parent
        kept = self.root / "kept" / f"{name}.parquet"
        return super().read(f"kept/{name}" if kept.exists() else name, columns)


def test_parts_that_could_all_be_read_do_not_count_when_a_compaction_came_between(lake: Lake) -> None:
    store = filled(lake)
    expected = store.current(SERIES)
    kept = lake.root / "kept" / "bars" / SERIES.key
    kept.mkdir(parents=True)
    for path in (lake.root / "bars" / SERIES.key).glob("*.parquet"):
        (kept / path.name).write_bytes(path.read_bytes())
    np.testing.assert_array_equal(
        BarStore(replace(lake, tables=KeepsDeleted(lake.root))).current(SERIES).close, expected.close
    )


@pytest.mark.parametrize("compacted", [False, True])
def test_duckdb_and_pandas_read_every_version_once(lake: Lake, compacted: bool) -> None:
    import duckdb

    store = filled(lake)
    store.append(random_walk(5, instrument="BBB"), RECEIVED)
    if compacted:
        store.compact(SERIES)
    pattern = f"{lake.root}/bars/**/*.parquet"
    by_duckdb = duckdb.sql(
        f"select instrument_id, count(*), count(distinct (event_time, known_time)), sum(close) from '{pattern}' "
        "group by 1 order by 1"
    ).fetchall()
    assert [row[:3] for row in by_duckdb] == [("AAA", 33, 33), ("BBB", 5, 5)]
    frame = pd.read_parquet(lake.root / "bars" / SERIES.key)
    assert len(frame) == len(frame.drop_duplicates(["event_time", "known_time"])) == store.n_versions(SERIES)
    latest = frame.sort_values("known_time").groupby("event_time").last()
    np.testing.assert_array_equal(latest["close"].to_numpy(), store.current(SERIES).close)
    everything = pd.concat([pd.read_parquet(path) for path in (lake.root / "bars").rglob("*.parquet")])
    assert len(everything) == 38
