"""Options figures by day: complete days only, the newest version of each, and nothing before it was known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.facts import Figures
from trimtab.facts.options import as_known, newest_days

DAY = np.timedelta64(86_400_000_000, "us")
START = np.datetime64("2024-01-01", "us")
BOTH = ("put_volume", "call_volume")


def _told(*rows: tuple[str, int, float, float]) -> Figures:
    """Statements as concept, day, value and the day, fractions allowed, on which it became known."""
    concept, day, value, known = zip(*rows, strict=True) if rows else ((), (), (), ())
    days = START + np.array(day, np.int64) * DAY
    known_time = START + (np.array(known, np.float64) * 86_400e6).astype("timedelta64[us]")
    return Figures.build("X", list(concept), days, days, list(value), known_time)


def _at(*days: float) -> np.ndarray:
    return START + (np.array(days) * 86_400e6).astype("timedelta64[us]")


def test_a_day_counts_when_both_sides_of_it_are_known() -> None:
    told = _told(("put_volume", 0, 3.0, 1.0), ("call_volume", 0, 4.0, 1.5), ("put_volume", 1, 5.0, 2.0))
    stated = newest_days(told, BOTH, days=2)
    assert stated.known_time.tolist() == _at(1.0, 1.5, 2.0).tolist()
    assert np.isnat(stated.newest_day[0]) and stated.newest_day[1] == stated.newest_day[2] == START
    assert stated.values[2].tolist()[0][1] == 3.0 and np.isnan(stated.values[2, :, 0]).all()


def test_a_day_stated_again_replaces_what_was_stated_from_then_on() -> None:
    told = _told(("implied_skew", 0, 0.1, 1.0), ("implied_skew", 1, 0.2, 2.0), ("implied_skew", 0, 0.3, 3.0))
    values = newest_days(told, ("implied_skew",), days=2).values[:, 0]
    assert values[1].tolist() == [0.1, 0.2]
    assert values[2].tolist() == [0.3, 0.2]


def test_what_is_known_at_once_is_one_state() -> None:
    told = _told(("put_volume", 0, 3.0, 1.0), ("call_volume", 0, 4.0, 1.0))
    assert len(newest_days(told, BOTH, days=1)) == 1


def test_a_value_is_known_from_its_statement_until_its_day_is_too_old() -> None:
    stated = newest_days(_told(("implied_skew", 0, 0.1, 1.0)), ("implied_skew",), days=1)
    asked = as_known(stated, stated.values[:, 0, -1], _at(0.9, 1.0, 10.0, 10.1), longest_days=10)
    assert asked[1:3].tolist() == [0.1, 0.1]
    assert np.isnan(asked[[0, 3]]).all()


@pytest.mark.parametrize("figures", [None, Figures.empty("X"), _told(("assets", 0, 1.0, 1.0))])
def test_nothing_stated_is_nothing_known(figures: Figures | None) -> None:
    stated = newest_days(figures, BOTH, days=3)
    assert stated.values.shape == (0, 2, 3)
    assert np.isnan(as_known(stated, stated.values[:, 0, -1], _at(0.0, 5.0), 10)).all()


_rows = st.lists(
    st.tuples(st.sampled_from(BOTH), st.integers(0, 8), st.floats(1.0, 9.0), st.integers(0, 6)), max_size=30
)


@settings(max_examples=100, deadline=None)
@given(_rows)
def test_states_are_those_of_a_slow_oracle(rows: list[Any]) -> None:
    # No two statements of one thing at one time: the store refuses those.
    distinct = {(concept, day, late): value for concept, day, value, late in rows}
    told = _told(*((concept, day, value, day + 1.0 + late) for (concept, day, late), value in distinct.items()))
    stated = newest_days(told, BOTH, days=3)
    assert stated.known_time.tolist() == sorted(set(told.known_time.tolist()))
    for state, now in enumerate(stated.known_time):
        latest: dict[tuple[str, Any], float] = {}
        for k in np.argsort(told.known_time, kind="stable"):
            if told.known_time[k] <= now:
                latest[str(told.concept[k]), told.period_end[k]] = float(told.value[k])
        complete = sorted({day for _, day in latest if all((each, day) in latest for each in BOTH)})[-3:]
        expected = np.full((2, 3), np.nan)
        for place, day in enumerate(complete, start=3 - len(complete)):
            expected[:, place] = [latest[each, day] for each in BOTH]
        np.testing.assert_array_equal(stated.values[state], expected)
