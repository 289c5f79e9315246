from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.reports.charts.grids import confusion, heat_map, shade
from trimtab.reports.charts.lines import Axis, Line, line_chart, thinned
from trimtab.reports.charts.scale import Scale, scale_over, ticks
from trimtab.reports.charts.tracks import Look, Track, tracks
from trimtab.reports.sections.trading import drawdown, gains
from trimtab.reports.wording import number, percent

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


def points(svg: str, look: str) -> list[tuple[float, float]]:
    path = next(p for p in ET.fromstring(svg).iter("path") if p.attrib["class"] == look)
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path.attrib["d"])]


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_every_value_has_a_place_on_its_scale_and_every_tick_is_inside_it(values: list[float]) -> None:
    scale = scale_over(values)
    assert all(0.0 <= scale.place(value) <= 1.0 for value in values)
    marks = ticks(scale)
    assert len(marks) <= 5
    slack = 1e-6 * (scale.high - scale.low)
    assert all(scale.low - slack <= mark <= scale.high + slack for mark in marks)


def test_values_that_are_all_the_same_are_drawn_in_the_middle() -> None:
    assert scale_over([3.0, 3.0]).place(3.0) == pytest.approx(0.5)
    assert scale_over([]).place(0.0) == pytest.approx(0.5)


def test_a_higher_value_stands_higher_and_a_later_one_further_right() -> None:
    drawn = points(line_chart("t", [Line("a", [0.0, 1.0, 0.5])], Axis([])), "line s1")
    assert [x for x, _ in drawn] == [0.0, 500.0, 1000.0]
    (_, first), (_, highest), (_, middle) = drawn
    assert highest < middle < first
    assert middle == pytest.approx((first + highest) / 2, abs=0.1)


def test_an_unknown_value_breaks_the_line() -> None:
    svg = line_chart("t", [Line("a", [0.0, 1.0, None, 0.5, 0.2])], Axis([]))
    path = next(p for p in ET.fromstring(svg).iter("path") if p.attrib["class"] == "line s1")
    assert path.attrib["d"].count("M") == 2


def test_a_long_series_is_thinned_without_losing_its_highest_and_lowest_point() -> None:
    values = np.sin(np.arange(50_000) / 100)
    values[31_234], values[7] = 5.0, -4.0
    kept = thinned(values).tolist()
    assert len(kept) <= 1200
    assert {0, 7, 31_234, 49_999} <= set(kept)
    assert kept == sorted(kept)


def test_a_thinned_series_has_its_points_where_they_were() -> None:
    values = [0.0] * 5000
    values[2500] = 1.0
    drawn = points(line_chart("t", [Line("a", values)], Axis([])), "line s1")
    highest = min(drawn, key=lambda point: point[1])
    assert highest[0] == pytest.approx(1000 * 2500 / 4999, abs=0.1)


def test_drawdown_is_that_of_empyrical_on_the_same_returns() -> None:
    from empyrical import max_drawdown

    returns = np.random.default_rng(0).normal(0, 0.01, 500)
    assert drawdown(np.cumprod(1 + returns) - 1).min() == pytest.approx(max_drawdown(returns), abs=1e-9)


def test_a_loss_from_the_very_first_bar_is_a_drawdown() -> None:
    np.testing.assert_allclose(drawdown(np.array([-0.1, 0.0, -0.5])), [-0.1, 0.0, -0.5], atol=1e-12)


def test_gains_start_from_what_the_total_return_says_the_equity_began_with() -> None:
    assert gains([110.0, 121.0], 0.21).tolist() == pytest.approx([0.1, 0.21])
    assert gains([110.0, 121.0], None).tolist() == pytest.approx([0.0, 0.1])
    assert len(gains([], 0.1)) == 0
    assert np.isnan(gains([None, 121.0], 0.21)[0])


def test_a_row_shows_value_interval_and_baseline_on_one_scale() -> None:
    row = Track("AAPL", 0.6, 0.5, 0.7, 0.55)
    svg = next(ET.fromstring(tracks([row], Look(percent), "t")).iter("svg"))
    x = {mark.attrib["class"]: mark for mark in svg if "class" in mark.attrib}
    low, high = map(float, re.findall(r"M([\d.]+) 10H([\d.]+)", x["interval"].attrib["d"])[0])
    dot = float(re.findall(r"M([\d.]+)", x["dot s1"].attrib["d"])[0])
    assert dot == pytest.approx((low + high) / 2, abs=0.11)
    assert float(x["baseline"].attrib["x1"]) == pytest.approx((low + dot) / 2, abs=0.11)


def test_a_drawing_says_in_words_what_it_shows() -> None:
    svg = next(ET.fromstring(tracks([Track("AAPL", 0.6, 0.5, 0.7, 0.55)], Look(number), "t")).iter("svg"))
    assert svg.attrib["aria-label"] == "AAPL: 0.60, interval 0.50 to 0.70, compared with 0.55"
    unknown = next(ET.fromstring(tracks([Track("IBM", None)], Look(number), "t")).iter("svg"))
    assert unknown.attrib["aria-label"] == "IBM: not known"


def test_a_bar_goes_from_the_reference_to_its_value_on_the_right_side() -> None:
    look = Look(number, reference=0.0, bars=True)
    made = ET.fromstring(tracks([Track("up", 1.0), Track("down", -1.0)], look, "t"))
    up, down = made.iter("rect")
    assert (up.attrib["class"], down.attrib["class"]) == ("bar s1", "bar s2")
    zero = next(line for line in made.iter("line") if line.attrib["class"] == "zero")
    assert float(up.attrib["x"]) == pytest.approx(float(zero.attrib["x1"]), abs=0.2)
    end_of_down = float(down.attrib["x"]) + float(down.attrib["width"])
    assert end_of_down == pytest.approx(float(up.attrib["x"]), abs=0.2)


def test_the_surface_tints_by_sign_and_size_and_writes_every_number() -> None:
    svg = heat_map([[2.0, -1.0], [0.1, None]], ["0", "5"], ["now", "late"], corner="c", write=number, caption="t")
    cells = [(cell.attrib["class"], cell.text) for cell in ET.fromstring(svg).iter("td")]
    assert cells == [("n up4", "2.00"), ("n down3", "\u22121.00"), ("n up1", "0.10"), ("n none", "–")]


@given(FINITE, FINITE)
def test_a_larger_value_never_has_a_paler_shade(a: float, b: float) -> None:
    small, large = sorted((abs(a), abs(b)))
    steps = [int(s[-1]) if s != "none" else 0 for s in (shade(small, large), shade(large, large))]
    assert steps[0] <= steps[1]


def test_the_confusion_matrix_says_counts_and_shares_and_which_are_right() -> None:
    cells = ["".join(cell.itertext()) for cell in ET.fromstring(confusion([[40, 10], [20, 30]])).iter("td")]
    assert [c.replace("\u202f", "") for c in cells] == [
        "",
        "4040.0% · right",
        "1010.0% · wrong",
        "2020.0% · wrong",
        "3030.0% · right",
    ]


def test_a_place_outside_the_scale_is_put_at_its_edge() -> None:
    assert Scale(0.0, 1.0).place(7.0) == 1.0
    assert not math.isnan(Scale(0.0, 1.0).place(-7.0))
