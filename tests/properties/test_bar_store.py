"""The bitemporal store against a naive model, with compactions in between."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from fakes.naive_versions import NaiveVersions
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.schema import Bars
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

SERIES = Series("AAA", Timeframe.DAY)
START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Batch:
    """Hours since the batch before (clocks may be set back), closes and factors of some days, what follows."""

    step: int
    days: dict[int, tuple[float, float]]
    released: bool
    compacted: bool


BATCHES = st.lists(
    st.builds(
        Batch,
        step=st.integers(-30, 72),
        days=st.dictionaries(
            st.integers(0, 6), st.tuples(st.sampled_from([1.0, 2.0, 3.0]), st.sampled_from([1.0, 0.5])), max_size=5
        ),
        released=st.sampled_from([False, False, False, True]),
        compacted=st.booleans(),
    ),
    max_size=8,
)
MOMENTS = st.lists(st.integers(-24, 500), min_size=1, max_size=5)
QUICK = settings(max_examples=30, deadline=None)


def bars_of(days: dict[int, tuple[float, float]]) -> Bars:
    times = np.array([np.datetime64("2020-01-01") + day for day in days], dtype="datetime64[us]")
    close, factor = (np.array([values[at] for values in days.values()], dtype=float) for at in (0, 1))
    return Bars.build(SERIES, times, close, close, close, close, close, factor=factor)


def fresh_store(folder: str, max_parts: int = 3) -> BarStore:
    return BarStore(open_lake(Settings(data_dir=Path(folder))), max_parts=max_parts)


class NaiveStore(NaiveVersions[int, tuple[float, float]]):
    """Days with their close and factor."""

    def take(self, batch: Batch, now: datetime) -> None:
        for day, values in batch.days.items():
            close_time = START + timedelta(days=day + 1)
            self.append(day, values, now, max(close_time, now) if batch.released else close_time)


def seen(bars: Bars) -> dict[int, tuple[float, float]]:
    days = (bars.event_time - np.datetime64("2020-01-01", "us")).astype("m8[D]").astype(int)
    assert (np.diff(days) > 0).all()
    return dict(zip(days.tolist(), zip(bars.close.tolist(), bars.factor.tolist(), strict=True), strict=True))


def fill(store: BarStore, batches: list[Batch], *, compacting: bool) -> NaiveStore:
    model, now = NaiveStore(), START + timedelta(days=3)
    for batch in batches:
        now += timedelta(hours=batch.step)
        store.append(bars_of(batch.days), now, known_at_receipt=batch.released)
        model.take(batch, now)
        if batch.compacted and compacting:
            store.compact(SERIES)
    return model


def interesting(model: NaiveStore, hours: list[int]) -> list[datetime]:
    """Some moments, and the edges of every version on both axes."""
    edges = [time for version in model.versions for time in (version.known, version.received)]
    before = [time - timedelta(microseconds=1) for time in edges]
    return [START + timedelta(hours=hour) for hour in hours] + edges + before


@QUICK
@given(BATCHES, MOMENTS)
def test_every_view_on_both_axes_is_that_of_the_naive_model(batches: list[Batch], hours: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        model = fill(store, batches, compacting=True)
        for time in interesting(model, hours):
            assert seen(store.as_known_at(SERIES, time)) == model.as_known_at(time)
            assert seen(store.as_received_at(SERIES, time)) == model.as_received_at(time)
        assert seen(store.current(SERIES)) == model.as_known_at(datetime(2100, 1, 1, tzinfo=UTC))
        for day in range(7):
            history = store.history(SERIES, START + timedelta(days=day))
            expected = [(*version.value, version.known, version.received) for version in model.of(day)]
            times = [[as_datetime(time) for time in axis] for axis in (history.known_time, history.received_time)]
            assert list(zip(history.close.tolist(), history.factor.tolist(), *times, strict=True)) == expected


@QUICK
@given(BATCHES)
def test_the_past_changes_at_the_revision_times_and_at_no_other(batches: list[Batch]) -> None:
    """A view grows at its end only, unless a revision time lies in between."""
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        model = fill(store, batches, compacting=True)
        moments = sorted({version.known for version in model.versions})
        revisions = {as_datetime(time) for time in store.revision_times(SERIES)}
        changed = set()
        for earlier, later in pairwise(moments):
            before, after = model.as_known_at(earlier), model.as_known_at(later)
            grown = {day: values for day, values in after.items() if day <= max(before)}
            if grown != before:
                changed.add(later)
        assert changed == revisions


@QUICK
@given(BATCHES)
def test_what_was_revised_is_every_version_but_the_first(batches: list[Batch]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        model = fill(store, batches, compacting=True)
        later = [version for day in range(7) for version in model.of(day)[1:]]
        revised = store.revised(SERIES, START + timedelta(days=2), START + timedelta(days=5))
        assert (np.diff(revised.known_time) >= np.timedelta64(0)).all()
        found = sorted(zip(revised.event_time.tolist(), revised.known_time.tolist(), revised.close, strict=True))
        expected = sorted(
            ((START + timedelta(days=v.key)).replace(tzinfo=None), v.known.replace(tzinfo=None), v.value[0])
            for v in later
            if 2 <= v.key <= 5
        )
        assert found == expected
        assert len(store.revised(SERIES)) == len(later)


@QUICK
@given(BATCHES)
def test_compaction_changes_no_fingerprint_history_or_revision(batches: list[Batch]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        compacted, plain = fresh_store(one, max_parts=1), fresh_store(other, max_parts=1_000)
        fill(compacted, batches, compacting=True)
        fill(plain, batches, compacting=False)
        assert compacted.fingerprint(SERIES) == plain.fingerprint(SERIES)
        assert compacted.n_versions(SERIES) == plain.n_versions(SERIES)
        np.testing.assert_array_equal(compacted.revision_times(SERIES), plain.revision_times(SERIES))


@QUICK
@given(BATCHES)
def test_appending_what_is_stored_changes_nothing(batches: list[Batch]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        fill(store, batches, compacting=True)
        before, names = store.fingerprint(SERIES), list(store.lake.tables.names("bars"))
        report = store.append(store.stored(SERIES), START + timedelta(days=60))
        assert (report.new, report.restated) == (0, 0)
        assert (store.fingerprint(SERIES), list(store.lake.tables.names("bars"))) == (before, names)


@QUICK
@given(st.permutations(range(8)), st.integers(1, 7))
def test_the_order_in_which_distinct_bars_arrive_does_not_matter(order: list[int], cut: int) -> None:
    everything = {day: (float(day + 1), 1.0) for day in range(8)}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        at_once, in_parts = fresh_store(one), fresh_store(other)
        at_once.append(bars_of(everything), START + timedelta(days=9))
        for number, days in enumerate((order[:cut], order[cut:])):
            in_parts.append(bars_of({day: everything[day] for day in days}), START + timedelta(days=9 + number))
        assert seen(in_parts.current(SERIES)) == everything
        assert in_parts.fingerprint(SERIES) == at_once.fingerprint(SERIES)
