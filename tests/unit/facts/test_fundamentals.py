from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from trimtab.facts import Figures
from trimtab.facts.fundamentals import STALE, FundamentalItems, known_at
from trimtab.facts.sources import read_figures
from trimtab.facts.store import FactStore
from trimtab.storage.lake import Lake

Statement = tuple[str, str, float, str]  # first day, last day, value, known time
QUARTERS = (("01-01", "03-31"), ("04-01", "06-30"), ("07-01", "09-30"), ("10-01", "12-31"))


def flow(*statements: Statement, concept: str = "net_income") -> Figures:
    start, end, value, known = zip(*statements, strict=True)
    return Figures.build("A", [concept] * len(value), start, end, value, known)


def quarter(year: int, k: int, value: float) -> Statement:
    """One quarter, known 30 days after its end."""
    start, end = (f"{year}-{day}" for day in QUARTERS[k])
    return start, end, value, str(np.datetime64(end) + 30)


def at(figures: Figures, *times: str) -> FundamentalItems:
    return known_at(figures, np.array(times, "datetime64[us]"))


def trailing(items: FundamentalItems, concept: str = "net_income") -> list[float]:
    return items.at_times(items.trailing(concept)).tolist()


def test_four_quarters_are_a_year_and_three_are_not() -> None:
    figures = flow(*(quarter(2020, k, value) for k, value in enumerate((1.0, 2.0, 3.0, 4.0))))
    assert trailing(at(figures, "2020-12-31", "2021-01-30")) == pytest.approx([np.nan, 10.0], nan_ok=True)


def test_a_stated_year_is_taken_as_it_is_stated() -> None:
    quarters = [quarter(2020, k, 1.0) for k in range(4)]
    figures = flow(*quarters, ("2020-01-01", "2020-12-31", 4.5, "2021-02-15"))
    assert trailing(at(figures, "2021-02-01", "2021-02-15")) == [4.0, 4.5]


def test_the_fourth_quarter_is_the_year_less_nine_months() -> None:
    figures = flow(("2020-01-01", "2020-09-30", 6.0, "2020-11-01"), ("2020-01-01", "2020-12-31", 10.0, "2021-02-15"))
    items = at(figures, "2021-03-01")
    assert items.at_times(items.quarter("net_income")).tolist() == [4.0]


def test_a_year_to_date_is_completed_with_the_year_before() -> None:
    figures = flow(
        ("2019-01-01", "2019-06-30", 3.0, "2019-08-01"),
        ("2019-01-01", "2019-12-31", 10.0, "2020-02-15"),
        ("2020-01-01", "2020-06-30", 5.0, "2020-08-01"),
    )
    assert trailing(at(figures, "2020-03-01", "2020-08-01")) == [10.0, 12.0]


def test_the_year_before_and_its_quarter_stand_beside_it() -> None:
    figures = flow(*(quarter(2018 + n // 4, n % 4, float(n)) for n in range(8)))
    items = at(figures, "2020-01-30")
    assert trailing(items) == [4.0 + 5.0 + 6.0 + 7.0]
    assert items.at_times(items.trailing_before("net_income")).tolist() == [0.0 + 1.0 + 2.0 + 3.0]
    assert (items.quarter("net_income")[items.row], items.quarter_before("net_income")[items.row]) == (7.0, 3.0)


def test_years_before_1970_are_years_too() -> None:
    quarters = [quarter(1968 + n // 4, n % 4, float(n)) for n in range(12)]
    items = at(flow(*quarters), "1970-02-01", "1971-02-01")
    assert items.at_times(items.trailing("net_income")).tolist() == [4.0 + 5.0 + 6.0 + 7.0, 8.0 + 9.0 + 10.0 + 11.0]


def test_a_restatement_counts_from_when_it_was_filed_and_not_before() -> None:
    figures = flow(("2008-01-01", "2008-12-31", 4.834, "2009-02-01"), ("2008-01-01", "2008-12-31", 6.119, "2009-09-01"))
    assert trailing(at(figures, "2009-01-31", "2009-08-31T23:59:59.999999", "2009-09-01")) == pytest.approx(
        [np.nan, 4.834, 6.119], nan_ok=True
    )


def test_times_may_come_in_any_order() -> None:
    figures = flow(("2019-01-01", "2019-12-31", 1.0, "2020-02-01"), ("2020-01-01", "2020-12-31", 2.0, "2021-02-01"))
    assert trailing(at(figures, "2021-03-01", "2020-03-01", "2021-02-01", "2020-02-01")) == [2.0, 1.0, 2.0, 1.0]


def test_a_figure_counts_as_unknown_eighteen_months_after_its_period() -> None:
    figures = flow(("2019-01-01", "2019-12-31", 1.0, "2020-02-01"))
    last = np.datetime64("2019-12-31", "us") + STALE
    items = known_at(figures, np.array([last, last + 1]))
    assert trailing(items) == pytest.approx([1.0, np.nan], nan_ok=True)
    assert str(items.at_times(items.newest)[1])[:10] == "2020-02-01"


def test_a_week_more_or_less_does_not_break_the_chain_of_quarters() -> None:
    """Fiscal quarters of 13 and 14 weeks, one stated to begin on the last day of the one before."""
    figures = flow(
        ("2019-09-29", "2019-12-28", 1.0, "2020-02-01"),
        ("2019-12-28", "2020-03-28", 2.0, "2020-05-01"),
        ("2020-03-29", "2020-06-27", 3.0, "2020-08-01"),
        ("2020-06-28", "2020-10-03", 4.0, "2020-11-01"),
    )
    assert trailing(at(figures, "2020-11-01")) == [10.0]


def test_quarters_of_a_retailer_with_twelve_and_sixteen_weeks_make_a_year() -> None:
    ends = np.datetime64("2019-09-01") + np.cumsum([0, 84, 84, 84, 119])
    statements = [
        (str(a + 1), str(b), 1.0, str(b + 30)) for a, b in pairwise(ends)
    ]  # fmt: skip
    assert trailing(at(flow(*statements), "2020-12-01")) == [4.0]


def test_a_hole_in_the_quarters_leaves_the_year_unknown_until_a_stated_year_closes_it() -> None:
    quarters = [quarter(2020, k, 1.0) for k in range(4)] + [quarter(2021, 1, 5.0)]
    year = ("2021-01-01", "2021-12-31", 9.0, "2022-02-15")
    found = trailing(at(flow(*quarters, year), "2021-07-29", "2021-08-01", "2022-02-15"))
    np.testing.assert_array_equal(found, [4.0, np.nan, 9.0])


def test_what_ends_over_100_days_before_the_newest_accounts_is_unknown() -> None:
    figures = Figures.build(
        "A", ["interest_expense", "operating_income", "assets"], ["2019-01-01", "2019-01-01", "NaT"],
        ["2019-12-31", "2019-12-31", "2020-04-09"], [1.0, 2.0, 3.0], ["2020-02-15", "2020-02-15", "2020-05-01"],
    )  # fmt: skip
    later = replace(figures.take(figures.concept == "assets"), period_end=np.array(["2020-04-10"], "M8[us]"))
    for told, expected in ((figures, 1.0), (Figures.build("A", *_both(figures, later)), np.nan)):
        items = at(told, "2020-04-30", "2020-05-01")
        np.testing.assert_array_equal(trailing(items, "interest_expense"), [1.0, expected])
        assert items.at_times(items.is_told("interest_expense")).tolist() == [True, True]


def test_the_cover_page_of_a_filing_makes_no_account_old() -> None:
    told = flow(("2019-01-01", "2019-12-31", 7.0, "2020-02-15"))
    cover = Figures.build("A", ["shares_outstanding"], ["NaT"], ["2020-05-20"], [5.0], ["2020-06-01"])
    assert trailing(at(Figures.build("A", *_both(told, cover)), "2020-06-02")) == [7.0]


def test_a_concept_is_told_of_from_its_first_statement_until_that_is_stale() -> None:
    items = at(
        flow(("2020-01-01", "2020-03-31", 1.0, "2020-05-01")), "2020-04-30", "2020-05-01", "2021-09-30", "2021-10-01"
    )
    assert items.at_times(items.is_told("net_income")).tolist() == [False, True, True, False]
    assert not items.is_told("revenue").any()


def _both(one: Figures, other: Figures) -> list[np.ndarray]:
    names = ("concept", "period_start", "period_end", "value", "known_time")
    return [np.concatenate([getattr(one, name), getattr(other, name)]) for name in names]


def test_a_flow_over_two_years_or_a_day_and_a_forecast_are_left_alone() -> None:
    figures = flow(
        ("2019-01-01", "2020-12-31", 9.0, "2021-02-01"),
        ("2020-12-30", "2020-12-31", 9.0, "2021-02-01"),
        ("2021-01-01", "2021-12-31", 9.0, "2021-02-01"),
    )
    assert np.isnan(trailing(at(figures, "2021-03-01"))).all()


def test_a_level_is_the_newest_and_stands_beside_that_of_a_year_before() -> None:
    figures = Figures.build(
        "A", ["assets"] * 3, ["NaT"] * 3, ["2019-12-28", "2020-12-26", "2018-12-29"], [2.0, 3.0, 1.0],
        ["2020-02-01", "2021-02-01", "2021-02-01"],
    )  # fmt: skip
    items = at(figures, "2020-03-01", "2021-03-01")
    assert items.at_times(items.level("assets")).tolist() == [2.0, 3.0]
    assert items.at_times(items.level_before("assets")).tolist() == pytest.approx([np.nan, 2.0], nan_ok=True)
    assert [str(time)[:10] for time in items.at_times(items.level_time("assets"))] == ["2019-12-28", "2020-12-26"]
    assert str(items.at_times(items.newest_period())[1])[:10] == "2020-12-26"


def test_an_older_balance_filed_again_does_not_hide_the_newest() -> None:
    figures = Figures.build(
        "A", ["assets"] * 2, ["NaT"] * 2, ["2020-12-31", "2019-12-31"], [3.0, 2.0], ["2021-02-01", "2021-05-01"]
    )
    items = at(figures, "2021-06-01")
    assert items.at_times(items.level("assets")).tolist() == [3.0]
    assert str(items.at_times(items.newest)[0])[:10] == "2021-05-01"


def test_without_figures_everything_is_unknown() -> None:
    options = Figures.build("A", ["put_volume"], ["2020-01-01"], ["2020-01-01"], [5.0], ["2020-01-02"])
    for figures in (Figures.empty("A"), options):
        items = at(figures, "2020-06-01", "2021-06-01")
        assert np.isnan(trailing(items)).all()
        assert np.isnan(items.at_times(items.level("assets"))).all()
        assert np.isnat(items.at_times(items.newest)).all()
        assert np.isnat(items.at_times(items.newest_period())).all()


def test_figures_known_later_do_not_change_one_bit_of_what_was_known() -> None:
    rng = np.random.default_rng(3)
    statements = [quarter(2010 + n // 4, n % 4, float(rng.normal())) for n in range(40)]
    statements += [(a, b, value + 1.0, str(np.datetime64(known) + 200)) for a, b, value, known in statements[::3]]
    figures, times = (
        flow(*statements),
        np.arange("2010-01-01", "2021-01-01", 5, "datetime64[D]").astype("datetime64[us]"),
    )
    full = known_at(figures, times)
    for cut in ("2012-05-01", "2015-01-01", "2018-11-30"):
        past = known_at(figures.take(figures.known_time <= np.datetime64(cut)), times)
        before = times <= np.datetime64(cut)
        for quantity in ("trailing", "trailing_before", "quarter", "quarter_before"):
            one, other = (getattr(items, quantity)("net_income")[items.row][before] for items in (full, past))
            assert one.tobytes() == other.tobytes()


def test_the_years_of_apple_are_those_it_filed_restated_when_it_restated_them(shared_data: Path, lake: Lake) -> None:
    figures = read_figures("sec_companyfacts", shared_data / "sec_companyfacts.parquet", ["AAPL"])["AAPL"]
    store = FactStore(lake)
    store.append_figures(figures, datetime(2024, 1, 2, tzinfo=UTC))
    items = at(store.figures("AAPL"), "2009-10-27T23:59", "2009-10-28", "2010-01-25", "2010-01-26", "2012-07-30")
    # Fiscal 2009 beside fiscal 2008 as first filed; from January 2010 on the new accounting: 8,235 + 3,378 - 2,255.
    million = items.at_times(items.trailing("net_income")) / 1e6
    assert million.tolist() == pytest.approx([np.nan, 5704.0, 5704.0, 9358.0, 40133.0], nan_ok=True)
    before = items.at_times(items.trailing_before("net_income")) / 1e6
    assert before[:3].tolist() == pytest.approx([np.nan, 4834.0, 4834.0], nan_ok=True)
