"""Which bar is meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes.bars import random_walk
from fakes.quarantined import edited

from trimtab.bars.quarantine.identity import bar_ids, short_ids
from trimtab.storage.hashing import sha256_bytes


def test_an_id_is_the_hash_of_key_time_prices_and_volume() -> None:
    bars = random_walk(3)
    for at, name in enumerate(bar_ids(bars)):
        values = [float(getattr(bars, column)[at]) for column in ("open", "high", "low", "close", "volume")]
        microseconds = int(bars.event_time[at].astype(np.int64))
        content = b"AAA__1d" + microseconds.to_bytes(8, "little") + np.array(values, "<f8").tobytes()
        assert name == sha256_bytes(content)[:16]


def test_everything_that_makes_another_bar_makes_another_id() -> None:
    bars = random_walk(5)
    others = [edited(bars, 2, **{name: 1.5}) for name in ("open", "high", "low", "close", "volume")]
    others += [replace(bars, event_time=bars.event_time + np.timedelta64(1, "us")), random_walk(5, instrument="BBB")]
    assert len({bar_ids(each, [2])[0] for each in (bars, *others)}) == 8


def test_a_new_vintage_of_the_factor_is_the_same_bar() -> None:
    bars = random_walk(5)
    assert bar_ids(replace(bars, factor=bars.factor / 2)) == bar_ids(bars)


def test_nan_and_zero_are_one_value_each_however_they_were_written() -> None:
    bars = random_walk(5)
    odd_nan = np.frombuffer(np.array([0xFFF8000000000001], np.uint64).tobytes(), np.float64)[0]
    assert bar_ids(edited(bars, 2, close=odd_nan)) == bar_ids(edited(bars, 2, close=np.nan))
    assert bar_ids(edited(bars, 2, volume=-0.0)) == bar_ids(edited(bars, 2, volume=0.0))


def test_rows_are_answered_in_the_order_they_were_asked() -> None:
    bars = random_walk(5)
    assert bar_ids(bars, [3, 1]) == [bar_ids(bars)[3], bar_ids(bars)[1]]
    assert bar_ids(bars, []) == []


def test_short_ids_tell_all_of_them_apart() -> None:
    ids = bar_ids(random_walk(2000))
    short = short_ids(ids)
    assert len(set(short.values())) == 2000
    assert all(long.startswith(short[long]) for long in ids)
    assert {len(each) for each in short.values()} == {7}
