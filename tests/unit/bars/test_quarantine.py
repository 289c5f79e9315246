"""Quarantine: refused bars are kept with their reasons, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.checks import judge
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.schema import Bars
from trimtab.storage.lake import Lake

RECEIVED = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def quarantine(lake: Lake) -> Quarantine:
    return Quarantine(lake)


def broken() -> Bars:
    bars = random_walk(40)
    close, volume, times = bars.close.copy(), bars.volume.copy(), bars.event_time.copy()
    close[5], volume[5], close[9] = -1.0, -2.0, np.nan
    times[39] = np.datetime64("NaT")
    return replace(bars, close=close, volume=volume, event_time=times)


def test_a_refused_bar_is_kept_with_every_reason(quarantine: Quarantine) -> None:
    bars = broken()
    added = quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED)
    kept = quarantine.list(bars.series)
    assert added == len(kept)
    assert {row.check for row in kept if row.event_time == datetime(2020, 1, 6, tzinfo=UTC)} == {
        "non_positive_price", "negative_volume", "inconsistent_ohlc",
    }  # fmt: skip
    assert [row.event_time for row in kept if row.check == "missing_time"] == [None]
    assert quarantine.count(bars.series) == 3
    assert {row.received_time for row in kept} == {RECEIVED}
    assert next(row for row in kept if row.check == "negative_volume").volume == -2.0


def test_the_same_refused_bars_again_add_nothing(quarantine: Quarantine) -> None:
    bars = broken()
    quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED)
    before = quarantine.list(bars.series)
    assert quarantine.add(bars.series, bars, judge(bars).findings, RECEIVED + timedelta(days=1)) == 0
    assert repr(quarantine.list(bars.series)) == repr(before)


def test_the_same_time_with_another_wrong_value_is_another_bar(quarantine: Quarantine) -> None:
    bars = broken()
    close = bars.close.copy()
    close[5] = -3.0
    for given in (bars, replace(bars, close=close)):
        quarantine.add(bars.series, given, judge(given).findings, RECEIVED)
    assert quarantine.count(bars.series) == 4


def test_warnings_put_nothing_in_quarantine(quarantine: Quarantine) -> None:
    bars = random_walk(40).take(np.r_[0:10, 12:40])
    findings = judge(bars).findings
    assert findings
    assert quarantine.add(bars.series, bars, findings, RECEIVED) == 0
    assert quarantine.list(bars.series) == []
    assert not (quarantine.lake.root / "quarantine").exists()
