from __future__ import annotations

import numpy as np
from fakes.bars import bars_from_closes

from trimtab.bars.actions.schema import Actions
from trimtab.facts import Figures
from trimtab.features.accounts import Year, items, market_value, splits_between, sum_of_stated
from trimtab.features.context import Context
from trimtab.features.surroundings import Surroundings

DAYS = np.arange("2020-01-06", "2020-01-11", dtype="datetime64[D]").astype("datetime64[us]")
SPLIT = Actions.build("A", ["2020-01-08"], ["split"], [4.0])


def stated(level: str, value: float, day: str = "2020-01-01", known: str = "2020-01-02") -> Figures:
    return Figures.build("A", [level], ["NaT"], [day], [value], [known])


def value_of(closes: list[float], figures: Figures, actions: Actions | None) -> list[float]:
    bars = bars_from_closes(closes, start="2020-01-06")
    return np.asarray(market_value(Context(bars, surroundings=Surroundings(figures, actions=actions)))).tolist()


def test_a_split_between_the_count_and_the_bar_multiplies_the_count() -> None:
    shares = stated("shares_outstanding", 10.0)
    assert value_of([100.0, 100.0, 25.0, 25.0], shares, SPLIT) == [1000.0, 1000.0, 1000.0, 1000.0]


def test_a_count_stated_after_the_split_has_it_already() -> None:
    shares = stated("shares_outstanding", 40.0, "2020-01-08", "2020-01-08")
    assert value_of([100.0, 100.0, 25.0, 25.0], shares, SPLIT)[2:] == [1000.0, 1000.0]


def test_a_count_filed_after_the_split_has_it_already_though_it_is_of_a_day_before() -> None:
    before, after = stated("shares_outstanding", 10.0), stated("shares_outstanding", 40.0, "2020-01-05", "2020-01-10")
    both = Figures.build(
        "A", *(np.concatenate([getattr(before, n), getattr(after, n)]) for n in ("concept", "period_start", "period_end", "value", "known_time"))
    )  # fmt: skip
    assert value_of([100.0, 100.0, 25.0, 25.0, 25.0], both, SPLIT) == [1000.0] * 5


def test_a_count_that_is_only_repeated_after_the_split_does_not_have_it() -> None:
    told = [["shares_outstanding"] * 2, ["NaT"] * 2, ["2020-01-01"] * 2, [10.0, 10.0], ["2020-01-02", "2020-01-09"]]
    assert value_of([100.0, 100.0, 25.0, 25.0, 25.0], Figures.build("A", *told), SPLIT) == [1000.0] * 5


def test_a_split_at_the_moment_a_count_became_known_is_not_in_it() -> None:
    assert value_of([100.0, 100.0, 25.0], stated("shares_outstanding", 10.0, known="2020-01-08"), SPLIT)[2] == 1000.0


def test_a_dividend_is_no_split() -> None:
    paid = Actions.build("A", ["2020-01-08"], ["dividend"], [4.0])
    assert value_of([100.0, 100.0, 96.0], stated("shares_outstanding", 10.0), paid) == [1000.0, 1000.0, 960.0]


def test_a_split_counts_only_from_when_it_was_known_in_the_version_known_then() -> None:
    told = ["2020-01-08", "2020-01-08"]
    versions = Actions.build("A", told, ["split"] * 2, [4.0, 2.0], known_time=["2020-01-09", "2020-01-10"])
    after = np.full(5, DAYS[0] - 1)
    held = splits_between(versions, after, DAYS, decision_time=DAYS)
    assert held.tolist() == [1.0, 1.0, 1.0, 4.0, 2.0]


def test_a_split_withdrawn_is_none() -> None:
    versions = Actions.build(
        "A", ["2020-01-08"] * 2, ["split"] * 2, [4.0, 1.0], known_time=["2020-01-08", "2020-01-09"]
    )
    assert splits_between(versions, np.full(5, DAYS[0]), DAYS, DAYS).tolist() == [1.0, 1.0, 4.0, 1.0, 1.0]


def test_nothing_is_split_without_actions_or_before_a_count_is_stated() -> None:
    assert splits_between(None, DAYS, DAYS, DAYS).tolist() == [1.0] * 5
    nothing = np.full(5, np.datetime64("NaT"), "datetime64[us]")
    assert splits_between(SPLIT, nothing, DAYS, DAYS).tolist() == [1.0] * 5


def test_a_company_without_a_positive_count_or_price_has_no_value() -> None:
    assert np.isnan(value_of([100.0], stated("shares_outstanding", 0.0), None)).all()
    assert np.isnan(value_of([100.0], Figures.empty("A"), None)).all()
    assert np.isnan(value_of([np.nan], stated("shares_outstanding", 10.0), None)).all()


def test_what_one_line_does_not_state_the_other_does() -> None:
    nan = np.nan
    one, other = np.array([1.0, nan, 2.0, nan]), np.array([5.0, 3.0, nan, nan])
    both = sum_of_stated(one, other, ~np.isnan(one), ~np.isnan(other))
    assert np.array_equal(both, [6.0, 3.0, 2.0, nan], equal_nan=True)


def test_a_line_that_was_told_but_gives_no_number_leaves_the_sum_unknown() -> None:
    nan, told = np.full(3, np.nan), np.array([True, True, False])
    one = np.array([4.0, np.nan, np.nan])
    for both in (sum_of_stated(one, nan, told, told), sum_of_stated(nan, one, told, told)):
        assert np.isnan(both).all()


def test_profit_and_liabilities_are_derived_where_they_are_not_stated() -> None:
    flows = Figures.build(
        "A", ["revenue", "cost_of_revenue"], ["2019-01-01"] * 2, ["2019-12-31"] * 2, [10.0, 6.0], ["2020-01-02"] * 2
    )
    levels = Figures.build("A", ["assets", "equity"], ["NaT"] * 2, ["2019-12-31"] * 2, [9.0, 4.0], ["2020-01-02"] * 2)
    bars = bars_from_closes([100.0], start="2020-01-06")
    for figures, sums in ((flows, lambda year: year.gross_profit()), (levels, lambda year: year.liabilities())):
        known = items(Context(bars, surroundings=Surroundings(figures)))
        assert known.at_times(sums(Year(known))).tolist() == [4.0 if figures is flows else 5.0]
        assert np.isnan(known.at_times(sums(Year(known, is_before=True)))).all()
