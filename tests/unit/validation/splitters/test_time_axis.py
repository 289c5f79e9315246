from __future__ import annotations

from datetime import timedelta

import numpy as np

from trimtab.validation.splitters.time_axis import Moment, TimeAxis

DAY = np.timedelta64(1, "D")
START = np.datetime64("2020-01-01", "us")


def axis(*days: int) -> TimeAxis:
    return TimeAxis(START + np.array(days) * DAY)


def test_the_end_lies_one_usual_gap_behind_the_last_time() -> None:
    assert axis(0, 1, 2, 5, 6, 7).end == Moment(6, START + 8 * DAY)
    assert axis(0, 7, 14, 28).end.time == START + 35 * DAY
    assert axis(3).end.time == START + 3 * DAY


def test_a_duration_is_counted_from_the_calendar_and_not_from_the_next_decision() -> None:
    weekend = axis(0, 1, 2, 5, 6, 7, 12)
    moment = weekend.after(weekend.begin, timedelta(days=3))  # nothing is decided on day 3 or 4
    assert (moment.position, moment.time) == (3, START + 3 * DAY)
    later = weekend.after(moment, timedelta(days=3))
    assert (later.position, later.time) == (4, START + 6 * DAY)


def test_shares_of_a_third_reach_the_whole_after_three_steps() -> None:
    times = axis(*range(10))
    moment = times.begin
    rows = []
    for _ in range(3):
        moment = times.after(moment, 1 / 3)
        rows.append(times.row(moment))
    assert rows == [3, 6, 10]
    assert times.holds(moment)
    assert not times.holds(times.after(moment, 1))


def test_nothing_lies_before_the_beginning() -> None:
    times = axis(*range(10))
    assert times.before(Moment(4, START + 4 * DAY), 9).position == 0
    assert times.before(Moment(4, START + 4 * DAY), timedelta(days=90)).position == 0
