"""Source "inbox": what was delivered is what is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.sources.inbox import DeliveredBars, NothingDeliveredError
from trimtab.bars.sources.protocol import BarSource
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.errors import SourceError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake

BARS = random_walk(60)


@pytest.fixture
def store(lake: Lake) -> BarStore:
    store = BarStore(lake)
    store.append(BARS, lake.clock.now())
    return store


@pytest.fixture
def source(store: BarStore, tmp_path: Path) -> DeliveredBars:
    return DeliveredBars(store, tmp_path / "inbox")


def test_it_is_a_source_that_offers_what_is_stored(source: DeliveredBars) -> None:
    assert isinstance(source, BarSource)
    assert source.instruments() == [BARS.series]
    np.testing.assert_array_equal(source.fetch(BARS.series).close, BARS.close)


def test_a_span_leaves_out_what_is_outside_and_nothing_else(source: DeliveredBars) -> None:
    since, until = (as_datetime(BARS.event_time[row]) for row in (10, 20))
    np.testing.assert_array_equal(source.fetch(BARS.series, since, until).close, BARS.close[10:21])
    with pytest.raises(SourceError, match=r"source 'inbox' has no bars of AAA__1d since 2100"):
        source.fetch(BARS.series, datetime(2100, 1, 1, tzinfo=UTC))


def test_a_refresh_stores_nothing_and_judges_nothing_anew(
    source: DeliveredBars, store: BarStore, lake: Lake, clock: SimulatedClock
) -> None:
    before = store.fingerprint(BARS.series)
    clock.advance(timedelta(days=1))
    report = ingest(source, BARS.series, store, Quarantine(lake), clock)
    assert (report.fetched, report.new, report.restated, report.unchanged) == (1, 0, 0, 1)
    assert store.fingerprint(BARS.series) == before


def test_where_nothing_has_come_the_inbox_is_named(source: DeliveredBars, tmp_path: Path) -> None:
    with pytest.raises(NothingDeliveredError) as caught:
        source.fetch(Series("BBB", Timeframe.DAY))
    assert isinstance(caught.value, SourceError)
    assert isinstance(caught.value, UnknownNameError)
    assert str(caught.value) == (
        "source 'inbox': unknown series 'BBB__1d'; allowed: AAA__1d; "
        f"put a file with its bars into {tmp_path / 'inbox'}"
    )
