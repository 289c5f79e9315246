"""What holds for any figures: the store does not care about order, and accounts equal a slow, plain version."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.facts import Figures
from trimtab.facts.fundamentals import LAG, known_at
from trimtab.facts.versions import figure_versions, known_by, new_figures

DAY = np.timedelta64(86_400_000_000, "us")
FIRST = np.datetime64("2015-01-01")
RECEIVED = np.datetime64(datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None), "us")
QUARTER_ENDS = [
    np.datetime64(f"{year}-{day}") for year in range(2015, 2019) for day in ("03-31", "06-30", "09-30", "12-31")
]
Statement = tuple[np.datetime64, np.datetime64, float, np.datetime64]

figures_of_one_period = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=6, unique_by=lambda told: told[0]
)


@st.composite
def statements(draw: st.DrawFn) -> list[Statement]:
    """Quarters, half years, nine months and years of four years, some restated, most filed a month later."""
    told = []
    for _ in range(draw(st.integers(1, 14))):
        last = draw(st.integers(0, len(QUARTER_ENDS) - 1))
        length = draw(st.sampled_from([1, 1, 1, last % 4 + 1, last % 4 + 1, 4]))
        start = FIRST if last - length < 0 else QUARTER_ENDS[last - length] + draw(st.integers(0, 1))
        late = draw(st.sampled_from([30, 30, 45, 400]))
        told.append((start, QUARTER_ENDS[last], float(draw(st.integers(-50, 50))), QUARTER_ENDS[last] + late))
    return told


def as_figures(told: list[Statement], concept: str) -> Figures:
    start, end, value, known = (np.array(column) for column in zip(*told, strict=True))
    starts = start if concept == "revenue" else np.full(len(told), np.datetime64("NaT"))
    return Figures.build("A", [concept] * len(told), starts, end, value.astype(float), known)


def plain_known(told: list[Statement], time: np.datetime64) -> dict[tuple[np.datetime64, np.datetime64], float]:
    """The value of every period as known at a time: what was told last."""
    known: dict[tuple[np.datetime64, np.datetime64], float] = {}
    for start, end, value, when in sorted(told, key=lambda each: each[3]):
        if when <= time:
            known[start, end] = value
    return known


def plain_sums(
    periods: dict[tuple[np.datetime64, np.datetime64], float], days: int, off: int, longest: int
) -> dict[np.datetime64, set[float]]:
    """For every date a period ends at, the sums back to the nearest date `days` before it, fewest periods only.

    Written the slow way: all sums of ever longer ways are kept, in sets.
    """
    place = lambda day: min([*QUARTER_ENDS, FIRST - 1], key=lambda end: abs(end - day))  # noqa: E731 - a day's quarter end
    roads = [(place(start), place(end), value) for (start, end), value in periods.items()]
    sums: dict[np.datetime64, set[float]] = {}
    for origin in {end for _, end, _ in roads}:
        found: dict[np.datetime64, set[float]] = {origin: {0.0}}
        newest = dict(found)
        for _ in range(longest):
            reached: dict[np.datetime64, set[float]] = defaultdict(set)
            for start, end, value in roads:
                for total in newest.get(end, ()):
                    reached[start].add(total + value)
                for total in newest.get(start, ()):
                    reached[end].add(total - value)
            newest = {day: totals for day, totals in reached.items() if day not in found}
            found |= newest
        near = sorted((abs(int((origin - day).astype(int)) - days), day) for day in found)
        if near and near[0][0] <= off:
            sums[origin] = found[near[0][1]]
    return sums


@settings(max_examples=150, deadline=None)
@given(statements(), st.integers(0, 1900))
def test_trailing_sums_equal_a_slow_search_through_what_was_known(told: list[Statement], day: int) -> None:
    told = list({(start, end, known): (start, end, value, known) for start, end, value, known in told}.values())
    time = FIRST + day
    items = known_at(as_figures(told, "revenue"), np.array([time], "datetime64[us]"))
    periods = plain_known(told, time)
    year, quarter = plain_sums(periods, 365, 20, longest=8), plain_sums(periods, 91, 24, longest=8)
    newest = max([*year, *quarter], default=None)  # of the accounts that could be put together
    for found, sums in ((items.trailing("revenue"), year), (items.quarter("revenue"), quarter)):
        end = max(sums, default=None)
        number = float(items.at_times(found)[0])
        is_behind = end is not None and newest is not None and newest - end > LAG
        if end is None or is_behind or time - end > np.timedelta64(548, "D"):
            assert np.isnan(number)
        else:
            assert number in sums[end]


@settings(max_examples=100, deadline=None)
@given(statements(), st.integers(0, 1900))
def test_levels_equal_the_newest_that_was_known(told: list[Statement], day: int) -> None:
    told = list({(end, known): (FIRST, end, value, known) for _, end, value, known in told}.values())
    time = FIRST + day
    items = known_at(as_figures(told, "assets"), np.array([time], "datetime64[us]"))
    known = {end: value for (_, end), value in plain_known(told, time).items()}
    number, before = (float(items.at_times(each)[0]) for each in (items.level("assets"), items.level_before("assets")))
    end = max(known, default=None)
    if end is None or time - end > np.timedelta64(548, "D"):
        assert np.isnan(number)
        assert np.isnan(before)
        return
    assert number == known[end]
    near = [other for other in known if abs(int((end - other).astype(int)) - 365) <= 30]
    assert np.isnan(before) if not near else before == known[near[0]]


@settings(max_examples=100, deadline=None)
@given(statements(), st.randoms(use_true_random=False))
def test_whichever_part_comes_first_the_versions_are_the_same_at_every_time(
    told: list[Statement], chance: object
) -> None:
    """Values that are filed again and values that return to what they were included."""
    one = list({(each[0], each[1], each[3]): each for each in told}.values())
    other = list(one)
    chance.shuffle(other)  # type: ignore[attr-defined]  # a Random
    for time in (FIRST + 100, FIRST + 700, FIRST + 1900):
        known = [known_by(stored_one_by_one(order), time.astype("datetime64[us]")) for order in (one, other)]
        assert known[0].value.tobytes() == known[1].value.tobytes()
        plain = plain_known(one, time)
        assert sorted(known[0].value.tolist()) == sorted(plain.values())


@settings(max_examples=150, deadline=None)
@given(figures_of_one_period, st.randoms(use_true_random=False))
def test_of_one_period_the_last_statement_known_holds_whatever_order_they_came_in(
    told: list[tuple[int, int]], chance: object
) -> None:
    """Few values, so that many are filed again and many return."""
    one = [(FIRST, QUARTER_ENDS[0], float(value), QUARTER_ENDS[0] + 30 + day) for day, value in told]
    chance.shuffle(one)  # type: ignore[attr-defined]  # a Random
    stored = stored_one_by_one(one)
    assert (stored.value[1:] != stored.value[:-1]).all()  # what only repeats is no version
    for time in (QUARTER_ENDS[0] + 30 + np.arange(10)).astype("datetime64[us]"):
        assert known_by(stored, time).value.tolist() == list(plain_known(one, time).values())


def stored_one_by_one(told: list[Statement]) -> Figures:
    stored = Figures.empty("A")
    for each in told:
        news, _ = new_figures(as_figures([each], "revenue"), stored, RECEIVED)
        names = ("concept", "period_start", "period_end", "value", "known_time")
        stored = Figures.build("A", *(np.concatenate([getattr(stored, n), getattr(news, n)]) for n in names))
    return figure_versions(stored)
