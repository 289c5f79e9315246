from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.models.space import Dimension, SearchSpace
from trimtab.tuning.narrowing import EarlierStudy, narrow

RATE = Dimension("rate", "float", 0.001, 10.0, True, 0.1)
SHARE = Dimension("share", "float", 0.0, 1.0, False, 0.5)
DEPTH = Dimension("depth", "int", 2, 10, False, 4)
SPACE = SearchSpace((RATE, SHARE, DEPTH))


def study(*points: tuple[dict[str, Any], float], name: str = "a", rows_end: str = "2020-01-01") -> EarlierStudy:
    return EarlierStudy(name, rows_end, points)


def best_two_of_eight(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[dict[str, Any], float]]:
    elsewhere = {"rate": 5.0, "share": 0.0, "depth": 10}
    return [(second, 0.2), *[(elsewhere, 1.0 + i) for i in range(6)], (first, 0.1)]


def test_the_space_shrinks_to_the_range_of_the_best_quarter() -> None:
    points = best_two_of_eight({"rate": 0.01, "share": 0.2, "depth": 4}, {"rate": 0.1, "share": 0.6, "depth": 7})
    space, sources = narrow(SPACE, [study(*points)])
    rate, share, depth = space.dimensions
    assert sources == ("a",)
    assert (rate.low, rate.high) == pytest.approx((0.01, 0.1))
    assert (share.low, share.high) == pytest.approx((0.2, 0.6))
    assert (depth.low, depth.high) == (4, 7)
    assert [d.start for d in space.dimensions] == [0.01, 0.2, 4]  # the best one is tried first


def test_no_dimension_becomes_narrower_than_a_quarter_of_what_it_was() -> None:
    one = {"rate": 0.1, "share": 0.95, "depth": 2}
    rate, share, depth = narrow(SPACE, [study(*best_two_of_eight(one, one))])[0].dimensions
    # Four decades become one, around the point; at an end the range moves inwards.
    assert (rate.low, rate.high) == pytest.approx((0.1 / math.sqrt(10), 0.1 * math.sqrt(10)))
    assert (share.low, share.high) == pytest.approx((0.75, 1.0))
    assert (depth.low, depth.high) == (2, 4)


def test_several_studies_count_together_and_the_one_on_the_latest_data_says_where_to_start() -> None:
    old = best_two_of_eight({"rate": 0.01, "share": 0.2, "depth": 4}, {"rate": 0.01, "share": 0.3, "depth": 4})
    new = best_two_of_eight({"rate": 1.0, "share": 0.9, "depth": 5}, {"rate": 1.0, "share": 0.8, "depth": 5})
    space, sources = narrow(SPACE, [study(*new, name="new", rows_end="2021-01-01"), study(*old, name="old")])
    assert sources == ("old", "new")
    assert (space.dimensions[1].low, space.dimensions[1].high) == pytest.approx((0.2, 0.9))
    assert space.dimensions[1].start == 0.9


def test_a_study_of_few_trials_narrows_nothing() -> None:
    points = best_two_of_eight({"rate": 0.01, "share": 0.2, "depth": 4}, {"rate": 0.1, "share": 0.6, "depth": 7})
    assert narrow(SPACE, [study(*points[1:])]) == (SPACE, ())
    assert narrow(SPACE, []) == (SPACE, ())


point = st.fixed_dictionaries(
    {"rate": st.floats(0.001, 10.0), "share": st.floats(0.0, 1.0), "depth": st.integers(2, 10)}
)


@given(st.lists(st.tuples(point, st.floats(-1, 1)), min_size=8, max_size=30))
def test_the_narrowed_space_lies_in_the_old_one_is_wide_enough_and_holds_the_best_point(points: list) -> None:
    space, _ = narrow(SPACE, [study(*points)])
    best = min(points, key=lambda each: each[1])[0]
    for old, new in zip(SPACE.dimensions, space.dimensions, strict=True):
        scale = math.log if old.log else float
        assert old.low <= new.low <= best[old.name] <= new.high <= old.high
        assert scale(new.high) - scale(new.low) >= 0.25 * (scale(old.high) - scale(old.low)) - 1e-9
        assert new.start == best[old.name]
        assert old.kind != "int" or (float(new.low).is_integer() and float(new.high).is_integer())
