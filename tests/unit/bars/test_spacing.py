"""The timeframe read off the spacing of times."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.bars.spacing import StepCount
from trimtab.market import Timeframe

DAYS = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]").astype("datetime64[us]")
WEEKDAYS = DAYS[(DAYS.astype("datetime64[D]").astype(int) + 3) % 7 < 5]


def counted(*parts: tuple[np.ndarray, list[int]]) -> StepCount:
    count = StepCount()
    for times, group in parts:
        count.see(times, np.array(group, dtype=np.int64))
    return count


def test_weekends_do_not_hide_a_day() -> None:
    assert counted((WEEKDAYS, [0] * len(WEEKDAYS))).timeframe() is Timeframe.DAY


def test_where_the_median_is_no_timeframe_the_commonest_step_says_it() -> None:
    days = np.array(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-10", "2024-01-11"], dtype="datetime64[us]")
    assert counted((days[[0, 1, 2, 3]], [0] * 4)).timeframe() is Timeframe.DAY


def test_of_two_steps_equally_common_the_median_is_the_longer() -> None:
    hours = np.cumsum([0, 1, 24, 1, 24]).astype("datetime64[h]").astype("datetime64[us]")
    assert counted((hours, [0] * 5)).timeframe() is Timeframe.DAY


@pytest.mark.parametrize("days", [[], ["2024-01-01"], ["2024-01-01", "2024-01-01"], ["2024-01-01", "NaT"]])
def test_without_a_step_there_is_no_timeframe(days: list[str]) -> None:
    assert counted((np.array(days, dtype="datetime64[us]"), [0] * len(days))).timeframe() is None


def test_steps_between_parts_count_and_steps_between_instruments_do_not() -> None:
    hour = np.arange("2024-01-01T00", "2024-01-01T04", dtype="datetime64[h]").astype("datetime64[us]")
    one_by_one = counted(*((hour[[i]], [0]) for i in range(4)))
    assert one_by_one.timeframe() is Timeframe.HOUR
    assert counted(*((hour[[i]], [i]) for i in range(4))).timeframe() is None


def test_it_says_when_parts_out_of_order_make_it_a_guess() -> None:
    assert counted((DAYS[5:], [0] * len(DAYS[5:])), (DAYS[:5], [1] * 5)).is_exact
    assert not counted((DAYS[5:], [0] * len(DAYS[5:])), (DAYS[:5], [0] * 5)).is_exact


def test_within_a_part_any_order_will_do() -> None:
    shuffled = np.random.default_rng(1).permutation(WEEKDAYS)
    count = counted((shuffled, [0] * len(shuffled)))
    assert count.is_exact
    assert count.timeframe() is Timeframe.DAY
