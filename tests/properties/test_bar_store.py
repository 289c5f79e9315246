"""The bitemporal store against a naive model: a list of versions, searched from the front."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.schema import Bars
from trimtab.bars.store import BarStore
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

SERIES = Series("AAA", Timeframe.DAY)
START = datetime(2020, 1, 1, tzinfo=UTC)
# One batch: hours since the last one (clocks may be set back), and the close of some days.
BATCHES = st.lists(
    st.tuples(st.integers(-30, 72), st.dictionaries(st.integers(0, 6), st.sampled_from([1.0, 2.0, 3.0]), max_size=5)),
    max_size=6,
)
QUICK = settings(max_examples=20, deadline=None)


def batch(days: dict[int, float]) -> Bars:
    times = np.array([np.datetime64("2020-01-01") + day for day in days], dtype="datetime64[us]")
    close = np.array(list(days.values()), dtype=float)
    return Bars.build(SERIES, times, close, close, close, close, close)


def fresh_store(folder: str) -> BarStore:
    return BarStore(open_lake(Settings(data_dir=Path(folder))))


class NaiveModel:
    """Versions as (day, known, close) in the order they were received."""

    def __init__(self) -> None:
        self.versions: list[tuple[int, datetime, float]] = []

    def append(self, days: dict[int, float], received: datetime) -> None:
        for day, close in days.items():
            mine = [version for version in self.versions if version[0] == day]
            if not mine:
                self.versions.append((day, START + timedelta(days=day + 1), close))
            elif mine[-1][2] != close:
                self.versions.append((day, max(received, mine[-1][1] + timedelta(microseconds=1)), close))

    def as_known_at(self, time: datetime) -> dict[int, float]:
        return dict(sorted({day: close for day, known, close in self.versions if known <= time}.items()))


def seen(bars: Bars) -> dict[int, float]:
    days = (bars.event_time - np.datetime64("2020-01-01", "us")).astype("m8[D]").astype(int)
    return dict(zip(days.tolist(), bars.close.tolist(), strict=True))


@QUICK
@given(BATCHES, st.lists(st.integers(-24, 400), min_size=1, max_size=5))
def test_the_bars_as_known_at_any_time_are_those_of_the_naive_model(
    batches: list[tuple[int, dict[int, float]]], hours: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, model, now = fresh_store(folder), NaiveModel(), START + timedelta(days=3)
        for step, days in batches:
            now += timedelta(hours=step)
            store.append(batch(days), now)
            model.append(days, now)
        for time in [START + timedelta(hours=hour) for hour in hours] + [known for _, known, _ in model.versions]:
            assert seen(store.as_known_at(SERIES, time)) == model.as_known_at(time)
        assert seen(store.current(SERIES)) == model.as_known_at(datetime(2100, 1, 1, tzinfo=UTC))


@QUICK
@given(BATCHES)
def test_appending_what_is_current_changes_nothing(batches: list[tuple[int, dict[int, float]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, now = fresh_store(folder), START + timedelta(days=30)
        for step, days in batches:
            now += timedelta(hours=step)
            store.append(batch(days), now)
        before, names = store.fingerprint(SERIES), list(store.lake.tables.names("bars"))
        report = store.append(store.current(SERIES), now + timedelta(days=1))
        assert (report.new, report.restated) == (0, 0)
        assert (store.fingerprint(SERIES), list(store.lake.tables.names("bars"))) == (before, names)


@QUICK
@given(st.permutations(range(8)), st.integers(1, 7))
def test_the_order_in_which_distinct_bars_arrive_does_not_matter(order: list[int], cut: int) -> None:
    everything = {day: float(day + 1) for day in range(8)}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        at_once, in_parts = fresh_store(one), fresh_store(other)
        at_once.append(batch(everything), START + timedelta(days=9))
        for number, days in enumerate((order[:cut], order[cut:])):
            in_parts.append(batch({day: everything[day] for day in days}), START + timedelta(days=9 + number))
        assert seen(in_parts.current(SERIES)) == everything
        assert in_parts.fingerprint(SERIES) == at_once.fingerprint(SERIES)
