"""Actions and the factors they make, as known and as received at any time, against a naive model."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from fakes.naive_versions import NaiveVersions
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.actions import Actions
from trimtab.bars.schema import Bars
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.bars.views import views
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

SERIES = Series("AAA", Timeframe.DAY)
START = datetime(2020, 1, 1, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
NOTHING = {"split": 1.0, "dividend": 0.0}
VALUES = {"split": [1.0, 2.0, 0.5], "dividend": [0.0, 0.5, 3.0]}  # 3 is not smaller than a close of 2 or 3


@dataclass(frozen=True)
class Delivery:
    """Hours since the delivery before, closes of some days, actions by (ex-day, kind), whether parts are gathered."""

    step: int
    days: dict[int, float]
    told: dict[tuple[int, str], float]
    compacted: bool


KINDS = st.sampled_from(["split", "dividend"])
TOLD = st.lists(st.tuples(st.integers(0, 8), KINDS, st.integers(0, 2)), max_size=3).map(
    lambda listed: {(day, kind): VALUES[kind][at] for day, kind, at in listed}
)
DELIVERIES = st.lists(
    st.builds(
        Delivery,
        step=st.integers(-10, 72),
        days=st.dictionaries(st.integers(0, 7), st.sampled_from([2.0, 3.0, 8.0]), max_size=5),
        told=TOLD,
        compacted=st.booleans(),
    ),
    max_size=6,
)
MOMENTS = st.lists(st.integers(-24, 400), min_size=1, max_size=4)
QUICK = settings(max_examples=30, deadline=None)


@dataclass
class NaiveMarket:
    """Closes by day and actions by (ex-day, kind), every version in a list."""

    bars: NaiveVersions[int, float]
    actions: NaiveVersions[tuple[int, str], float]

    def take(self, delivery: Delivery, now: datetime) -> None:
        stored = {version.key for version in self.bars.versions}
        for (day, kind), value in delivery.told.items():
            if value == NOTHING[kind] and not self.actions.of((day, kind)):
                continue
            ex_time = START + timedelta(days=day)
            is_late = bool(stored) and min(stored) < day <= max(stored)
            first = max(now, ex_time) if is_late else ex_time
            self.actions.append((day, kind), value, now, first)
        for day, close in delivery.days.items():
            self.bars.append(day, close, now, START + timedelta(days=day + 1))

    def known(self, time: datetime) -> dict[int, tuple[float, float]]:
        return factors(self.bars.as_known_at(time), self.actions.as_known_at(time))

    def received(self, time: datetime) -> dict[int, tuple[float, float]]:
        return factors(self.bars.as_received_at(time), self.actions.as_received_at(time))


def factors(closes: dict[int, float], actions: dict[tuple[int, str], float]) -> dict[int, tuple[float, float]]:
    """Close and factor by day, one bar and one action at a time."""
    found = {}
    for day, close in sorted(closes.items()):
        factor = 1.0
        for (ex_day, kind), value in actions.items():
            if day < ex_day <= max(closes):
                before = max(other for other in closes if other < ex_day)
                if kind == "split":
                    factor /= value
                else:
                    # Paid on a share of the day before, which may have been split since its last close.
                    between = [r for (at, what), r in actions.items() if what == "split" and before < at < ex_day]
                    close_before = closes[before] / math.prod(between)
                    factor *= 1 - value / close_before if value < close_before else 1.0
        found[day] = (close, round(factor, 9))
    return found


def seen(bars: Bars) -> dict[int, tuple[float, float]]:
    days = (bars.event_time - np.datetime64("2020-01-01", "us")).astype("m8[D]").astype(int)
    values = zip(bars.close.tolist(), bars.factor.round(9).tolist(), strict=True)
    return dict(zip(days.tolist(), values, strict=True))


def deliver(store: BarStore, deliveries: list[Delivery]) -> NaiveMarket:
    model, now = NaiveMarket(NaiveVersions(), NaiveVersions()), START + timedelta(days=3)
    first_day = np.datetime64("2020-01-01", "us")
    for delivery in deliveries:
        now += timedelta(hours=delivery.step)
        days = first_day + np.array(list(delivery.days), dtype="m8[D]")
        ex_days = first_day + np.array([day for day, _ in delivery.told], dtype="m8[D]")
        close = np.array(list(delivery.days.values()), dtype=float)
        kinds, values = np.array([kind for _, kind in delivery.told], "U8"), np.array(list(delivery.told.values()))
        oldest, newest = store.seen("AAA")
        told = Actions.build("AAA", ex_days, kinds, values)
        store.actions.append(told, now, last_seen=newest, first_seen=oldest)
        store.append(Bars.build(SERIES, days, *[close] * 5), now)
        model.take(delivery, now)
        if delivery.compacted:
            store.compact(SERIES)
    return model


def fresh_store(folder: str) -> BarStore:
    return BarStore(open_lake(Settings(data_dir=Path(folder))), max_parts=3)


def edges(model: NaiveMarket) -> list[datetime]:
    versions = [*model.bars.versions, *model.actions.versions]
    times = {time for version in versions for time in (version.known, version.received)}
    return sorted(times | {time - timedelta(microseconds=1) for time in times})


@QUICK
@given(DELIVERIES, MOMENTS)
def test_bars_and_factors_on_both_axes_are_those_of_the_naive_model(
    deliveries: list[Delivery], hours: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        model = deliver(store, deliveries)
        for time in [*edges(model), *(START + timedelta(hours=hour) for hour in hours)]:
            assert seen(store.as_known_at(SERIES, time)) == model.known(time)
            assert seen(store.as_received_at(SERIES, time)) == model.received(time)
        assert seen(store.current(SERIES)) == model.known(FAR)
        assert {factor for _, factor in seen(store.current(SERIES, "raw")).values()} <= {1.0}


@QUICK
@given(DELIVERIES)
def test_between_two_revisions_the_past_is_rescaled_as_a_whole_and_nothing_else(deliveries: list[Delivery]) -> None:
    """What `views` relies on: an action that was told in time changes no ratio of two earlier prices."""
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        model = deliver(store, deliveries)
        revisions = [as_datetime(time) for time in store.revision_times(SERIES)]
        for earlier, later in pairwise(edges(model)):
            if any(earlier < revision <= later for revision in revisions):
                continue
            before, after = model.known(earlier), model.known(later)
            assert [after[day][0] for day in before] == [before[day][0] for day in before]
            scale = np.array([after[day][1] / before[day][1] for day in before])
            np.testing.assert_allclose(scale, scale[:1].repeat(len(scale)), rtol=1e-6)


@QUICK
@given(DELIVERIES)
def test_every_row_of_a_view_stands_as_it_was_known(deliveries: list[Delivery]) -> None:
    """The views that features are computed from: relative to its own last bar, each row is what a user saw then."""
    with tempfile.TemporaryDirectory() as folder:
        store = fresh_store(folder)
        model = deliver(store, deliveries)
        decided: set[int] = set()
        for bars in views(store, SERIES):
            shown = seen(bars)
            for day in sorted(set(shown) - decided):
                decided.add(day)
                at_the_time = model.known(START + timedelta(days=day + 1))
                past = [other for other in shown if other <= day]
                prices = np.array([shown[other][0] * shown[other][1] / shown[day][1] for other in past])
                expected = [at_the_time[other][0] * at_the_time[other][1] / at_the_time[day][1] for other in past]
                np.testing.assert_allclose(prices, expected, rtol=1e-6)
        assert decided == set(model.known(FAR))
