"""The bitemporal store: what is appended, what is seen at which time, what survives a full disk."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes.actions import actions_of
from fakes.bars import random_walk

from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.store import AppendReport, BarStore
from trimtab.bars.views import views
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
    vintage = np.full(30, 0.5)
    vintage[-1] = 1.0
    assert store.append(replace(bars, factor=vintage), LATER) == AppendReport(
        0, restated=29, unchanged=1, readjusted=29
    )
    assert (store.as_known_at(bars.series, RECEIVED).factor == 1.0).all()
    corrected = with_close(replace(bars, factor=np.full(30, 0.4)), 3, 77.0)
    assert store.append(corrected, LATER) == AppendReport(0, restated=30, unchanged=0, readjusted=29)


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


def test_what_trimtab_held_is_another_question_than_what_could_be_known(store: BarStore, bars: Bars) -> None:
    store.append(bars.take(slice(0, 20)), RECEIVED)
    store.append(bars.take(slice(5, 30)), LATER)
    store.append(with_close(bars, 3, 77.0), LATER + timedelta(days=1))
    assert len(store.as_known_at(bars.series, RECEIVED - timedelta(days=1))) == 30
    assert len(store.as_received_at(bars.series, RECEIVED - timedelta(days=1))) == 0
    assert len(store.as_received_at(bars.series, RECEIVED)) == 20
    assert len(store.as_received_at(bars.series, LATER - timedelta(microseconds=1))) == 20
    held = store.as_received_at(bars.series, LATER)
    assert (len(held), held.close[3]) == (30, bars.close[3])
    assert store.as_received_at(bars.series, LATER + timedelta(days=1)).close[3] == 77.0


def test_a_bar_that_a_person_released_is_known_from_then_and_not_from_its_close(store: BarStore, bars: Bars) -> None:
    store.append(bars.take(np.r_[0:10, 11:30]), RECEIVED)
    report = store.append(bars.take(slice(9, 11)), LATER, known_at_receipt=True)
    assert report == AppendReport(new=1, restated=0, unchanged=1)
    before = store.as_known_at(bars.series, LATER - timedelta(microseconds=1))
    assert bars.event_time[10] not in before.event_time
    assert len(store.as_known_at(bars.series, LATER)) == 30
    # What came after the bar was decided without it, so its release is a revision of the past.
    assert store.revision_times(bars.series).tolist() == [datetime(2024, 1, 3, 9, 30)]
    assert len(store.revised(bars.series)) == 0


def test_a_released_bar_is_not_known_before_its_close(store: BarStore, bars: Bars) -> None:
    store.append(bars, datetime(2020, 1, 10, tzinfo=UTC), known_at_receipt=True)
    assert store.current(bars.series).known_time[[3, 20]].tolist() == [
        datetime(2020, 1, 10),
        datetime(2020, 1, 22),
    ]


def test_a_late_bar_that_could_have_been_known_is_no_revision(store: BarStore, bars: Bars) -> None:
    store.append(bars.take(np.r_[0:10, 11:30]), RECEIVED)
    store.append(bars, LATER)
    assert len(store.revision_times(bars.series)) == 0


def test_revised_bars_are_asked_for_by_span(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    store.append(with_close(bars, 20, 78.0), LATER)
    store.append(with_close(with_close(bars, 20, 78.0), 3, 77.0), LATER + timedelta(days=1))
    assert store.revised(bars.series).close.tolist() == [78.0, 77.0]
    day = bars.event_time[3].item().replace(tzinfo=UTC)
    assert store.revised(bars.series, day, day).close.tolist() == [77.0]
    assert len(store.revised(bars.series, day + timedelta(microseconds=1), day + timedelta(days=16))) == 0
    assert store.revised(bars.series, end=day + timedelta(days=17)).close.tolist() == [78.0, 77.0]
    assert len(store.revised(random_walk(3, instrument="BBB").series)) == 0


def test_the_oldest_and_newest_bars_of_an_instrument_are_looked_for_at_every_timeframe(
    store: BarStore, bars: Bars
) -> None:
    assert store.seen("AAA") == (None, None)
    store.append(bars, RECEIVED)
    hourly = Bars.build(Series("AAA", Timeframe.HOUR), bars.event_time + np.timedelta64(5, "h"), *[bars.close] * 5)
    store.append(hourly.take(slice(0, 30)), RECEIVED)
    assert store.seen("AAA") == (np.datetime64("2020-01-01", "us"), np.datetime64("2020-01-30T05:00", "us"))
    assert store.seen("AA") == (None, None)


def test_actions_adjust_what_is_read_and_never_what_is_stored(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    before = files(store)
    store.actions.append(actions_of(("2020-01-11", "split", 2.0)), RECEIVED, last_seen=None)
    assert store.current(bars.series).factor.tolist() == [0.5] * 10 + [1.0] * 20
    assert store.current(bars.series, "raw").factor.tolist() == [1.0] * 30
    assert store.stored(bars.series).factor.tolist() == [1.0] * 30
    assert (store.history(bars.series, datetime(2020, 1, 4, tzinfo=UTC)).factor == 1.0).all()
    assert files(store) == before
    # The factor that was read is not the one that was stored: appended, it would be a new vintage.
    assert store.append(store.stored(bars.series), LATER).unchanged == 30
    # Before the bar of the ex-date is known there is nothing to be comparable with.
    assert (store.as_known_at(bars.series, datetime(2020, 1, 11, tzinfo=UTC)).factor == 1.0).all()
    assert (store.as_known_at(bars.series, datetime(2020, 1, 12, tzinfo=UTC)).factor[:10] == 0.5).all()


def test_actions_of_an_instrument_adjust_all_its_timeframes(store: BarStore, bars: Bars) -> None:
    hourly = Bars.build(Series("AAA", Timeframe.HOUR), bars.event_time + np.timedelta64(15, "h"), *[bars.close] * 5)
    store.append(hourly, RECEIVED)
    store.actions.append(actions_of(("2020-01-11", "split", 2.0)), RECEIVED, last_seen=None)
    assert store.current(hourly.series).factor.tolist() == [0.5] * 10 + [1.0] * 20


def test_an_action_told_late_is_a_revision_and_one_told_in_time_is_none(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    store.actions.append(actions_of(("2020-01-11", "split", 2.0)), RECEIVED, last_seen=None)
    assert len(store.revision_times(bars.series)) == 0
    told = actions_of(("2020-01-21", "dividend", 1.0))
    store.actions.append(told, LATER, last_seen=store.seen("AAA")[1])
    assert store.revision_times(bars.series).tolist() == [datetime(2024, 1, 3, 9, 30)]
    first, last = views(store, bars.series)
    assert first.factor[19] == 1.0
    assert last.factor[19] == pytest.approx(1 - 1 / bars.close[19], rel=1e-15)


def test_the_fingerprint_covers_the_actions(store: BarStore, bars: Bars) -> None:
    store.append(bars, RECEIVED)
    seen = [store.fingerprint(bars.series)]
    for value in (2.0, 3.0, 1.0):
        store.actions.append(actions_of(("2020-01-11", "split", value)), RECEIVED, last_seen=None)
        seen.append(store.fingerprint(bars.series))
    assert len(set(seen)) == 4


def test_the_fingerprint_of_bars_is_what_it_was_in_the_first_release(store: BarStore) -> None:
    """A fingerprint is recorded with every dataset and model: another one would disown them all."""
    days = np.arange("2020-01-06", "2020-01-09", dtype="datetime64[D]")
    close = np.array([100.0, 101.5, 99.25])
    store.append(Bars.build(Series("AAA", Timeframe.DAY), days, *[close] * 4, np.array([1.0, 2.0, 3.0])), RECEIVED)
    assert (
        store.fingerprint(Series("AAA", Timeframe.DAY))
        == "c024c680fb1946d0e95158329489f9cd3c627be63fd1ecebbc8b4e66a868586e"
    )


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
