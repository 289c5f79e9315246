from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.bars import bars_from_closes, random_walk
from fakes.surroundings import surroundings_of

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.bars.sources.sample import PackagedSample
from trimtab.facts import Figures
from trimtab.facts.sources import read_figures
from trimtab.facts.store import FactStore
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.surroundings import NOTHING, Surroundings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake

NAMES = feature_sets()["fundamental"]
THIS_YEAR, YEAR_BEFORE = ("2019-01-01", "2019-12-31"), ("2018-01-01", "2018-12-31")
# Concept: this year, the year before.
FLOWS = {
    "revenue": (200.0, 160.0),
    "cost_of_revenue": (120.0, 100.0),
    "gross_profit": (80.0, 60.0),
    "operating_income": (40.0, 30.0),
    "net_income": (25.0, 20.0),
    "interest_expense": (8.0, 8.0),
    "income_tax": (10.0, 8.0),
    "depreciation_amortisation": (10.0, 9.0),
    "research_development": (16.0, 10.0),
    "operating_cash_flow": (35.0, 28.0),
    "capital_expenditures": (15.0, 12.0),
    "dividends_paid": (5.0, 5.0),
    "share_repurchases": (10.0, 0.0),
}
LEVELS = {
    "assets": (400.0, 320.0),
    "current_assets": (120.0, 90.0),
    "cash": (30.0, 20.0),
    "receivables": (50.0, 32.0),
    "inventory": (20.0, 20.0),
    "liabilities": (240.0, 200.0),
    "current_liabilities": (80.0, 75.0),
    "short_term_debt": (20.0, 25.0),
    "long_term_debt": (80.0, 80.0),
    "equity": (160.0, 120.0),
    "retained_earnings": (60.0, 45.0),
    "goodwill_intangibles": (40.0, 40.0),
    "shares_outstanding": (50.0, 52.0),
}
# A close of 10 and 50 shares: the company costs 500, with its debt and without its cash 570.
EXPECTED = {
    "earnings_yield": 25 / 500,
    "price_to_earnings": 20.0,
    "book_to_price": 160 / 500,
    "price_to_book": 500 / 160,
    "sales_yield": 200 / 500,
    "free_cash_flow_yield": 20 / 500,
    "operating_cash_flow_yield": 35 / 500,
    "ebitda_to_enterprise_value": 50 / 570,
    "sales_to_enterprise_value": 200 / 570,
    "price_earnings_to_growth": 20 / 25,
    "log_market_value": np.log(500.0),
    "net_cash_to_price": -70 / 500,
    "net_current_assets_to_price": -120 / 500,
    "gross_margin": 0.4,
    "operating_margin": 0.2,
    "net_margin": 0.125,
    "free_cash_flow_margin": 0.1,
    "research_intensity": 0.08,
    "return_on_assets": 25 / 400,
    "return_on_equity": 25 / 160,
    "return_on_invested_capital": 40 * (1 - 10 / 35) / 230,
    "gross_profit_to_assets": 0.2,
    "asset_turnover": 0.5,
    "current_ratio": 1.5,
    "quick_ratio": 1.0,
    "cash_ratio": 30 / 80,
    "debt_to_equity": 100 / 160,
    "debt_to_assets": 0.25,
    "equity_to_assets": 0.4,
    "interest_coverage": 5.0,
    "altman_z": 1.2 * 0.1 + 1.4 * 0.15 + 3.3 * 0.1 + 0.6 * 500 / 240 + 0.5,
    "dividend_yield": 0.01,
    "payout_ratio": 0.2,
    "buyback_yield": 0.02,
    "shareholder_yield": 0.03,
    "revenue_growth": 0.25,
    "earnings_growth": 0.25,
    "cash_flow_growth": 0.25,
    "asset_growth": 0.25,
    "shares_growth": 50 / 52 - 1,
    # Two of nine signs fail: neither asset turnover (0.5) nor the return on assets (0.0625) rose.
    "piotroski_f_score": 7.0,
    "accruals_to_assets": -10 / 360,
    "cash_conversion": 1.4,
    "gross_margin_change": 0.4 - 0.375,
    "asset_turnover_change": 0.0,
    "days_of_sales_index": (50 / 200) / (32 / 160),
    "goodwill_to_assets": 0.1,
    "days_since_filing": 26.0,
    "days_since_period_end": 68.0,
}


def accounts(change: dict[str, float] | None = None, without: tuple[str, ...] = ()) -> Figures:
    """Two years of accounts, filed on 2020-02-11; `change` replaces numbers of this year."""
    rows = []
    for concept, values in {**FLOWS, **LEVELS}.items():
        for (start, end), value in zip((THIS_YEAR, YEAR_BEFORE), values, strict=True):
            told = (change or {}).get(concept, value) if end == THIS_YEAR[1] else value
            if concept not in without:
                rows.append((concept, start if concept in FLOWS else "NaT", end, told, "2020-02-11"))
    return Figures.build("A", *zip(*rows, strict=True))


def newest(figures: Figures | None, close: float = 10.0, names: tuple[str, ...] = NAMES) -> dict[str, float]:
    """The features of one daily bar of 2020-03-07, decided at the end of it."""
    block = compute(bars_from_closes([close], start="2020-03-07"), names, surroundings=Surroundings(figures))
    return dict(zip(block.names, block.values[0].tolist(), strict=True))


def test_there_are_at_least_31_features_each_of_which_says_when_it_is_unknown() -> None:
    assert len(NAMES) >= 31
    for name in NAMES:
        assert "figures" in catalogue()[name].needs
        assert catalogue()[name].unknown_when


@pytest.mark.parametrize("name", list(EXPECTED))
def test_the_feature_is_what_its_formula_says(name: str) -> None:
    assert newest(accounts(), names=(name,))[name] == pytest.approx(EXPECTED[name], rel=1e-12, abs=1e-12)


def test_every_feature_has_an_expected_number_here_or_needs_quarters() -> None:
    quarterly = {"quarterly_revenue_growth", "quarterly_earnings_change_to_price"}
    assert set(NAMES) - set(EXPECTED) == quarterly


def test_quarters_are_compared_with_those_of_a_year_before() -> None:
    rows = [
        (concept, start, end, value, "2020-02-11")
        for concept in ("revenue", "net_income")
        for start, end, value in (("2019-10-01", "2019-12-31", 60.0), ("2018-10-01", "2018-12-31", 50.0))
    ] + [("shares_outstanding", "NaT", "2019-12-31", 50.0, "2020-02-11")]
    found = newest(Figures.build("A", *zip(*rows, strict=True)))
    assert found["quarterly_revenue_growth"] == pytest.approx(0.2)
    assert found["quarterly_earnings_change_to_price"] == pytest.approx(10 / 500)


def test_without_figures_everything_is_unknown_and_nothing_is_zero() -> None:
    block = compute(random_walk(300), NAMES)
    assert np.isnan(block.values).all()
    assert all(np.isnan(value) for value in newest(Figures.empty("A")).values())


def test_before_the_filing_everything_is_unknown() -> None:
    bars = bars_from_closes([10.0] * 40, start="2020-02-01")
    values = compute(bars, NAMES, surroundings=Surroundings(accounts())).values
    first = 9  # the bar of 2020-02-10 is decided at 2020-02-11 00:00, when the filing is known
    assert np.isnan(values[:first]).all()
    assert not np.isnan(values[first, [NAMES.index(name) for name in EXPECTED]]).any()


def test_a_loss_has_a_yield_but_no_price_earnings_ratio() -> None:
    found = newest(accounts({"net_income": -25.0}))
    assert found["earnings_yield"] == pytest.approx(-0.05)
    assert found["earnings_growth"] == pytest.approx(-45 / 20)
    for name in ("price_to_earnings", "price_earnings_to_growth", "payout_ratio", "cash_conversion"):
        assert np.isnan(found[name]), name


def test_negative_equity_has_a_ratio_to_price_but_no_return() -> None:
    found = newest(accounts({"equity": -160.0}))
    assert found["book_to_price"] == pytest.approx(-160 / 500)
    for name in ("price_to_book", "return_on_equity", "debt_to_equity"):
        assert np.isnan(found[name]), name


def test_a_company_that_costs_no_more_than_its_cash_has_no_enterprise_multiple() -> None:
    found = newest(accounts({"cash": 700.0}))
    assert np.isnan(found["ebitda_to_enterprise_value"])
    assert np.isnan(found["sales_to_enterprise_value"])


def test_a_loss_before_tax_is_not_taxed() -> None:
    found = newest(accounts({"net_income": -25.0, "income_tax": 5.0}))
    assert found["return_on_invested_capital"] == pytest.approx(40 / 230)


@pytest.mark.parametrize(
    ("change", "score"),
    [
        ({}, 7), ({"net_income": 26.0}, 8), ({"net_income": -1.0}, 6), ({"operating_cash_flow": -1.0}, 5),
        ({"operating_cash_flow": 20.0}, 6), ({"long_term_debt": 120.0}, 6), ({"current_assets": 90.0}, 6),
        ({"shares_outstanding": 53.0}, 6), ({"gross_profit": 70.0}, 6), ({"revenue": 212.0}, 8),
    ],
)  # fmt: skip
def test_each_sign_of_health_counts_one(change: dict[str, float], score: int) -> None:
    assert newest(accounts(change))["piotroski_f_score"] == score


def test_one_unknown_sign_leaves_the_score_unknown() -> None:
    assert np.isnan(newest(accounts(without=("current_assets",)))["piotroski_f_score"])


def test_who_states_one_kind_of_debt_has_no_other() -> None:
    assert newest(accounts(without=("short_term_debt",)))["debt_to_assets"] == pytest.approx(0.2)
    assert np.isnan(newest(accounts(without=("short_term_debt", "long_term_debt")))["debt_to_assets"])


def with_buybacks(start: str, end: str, known: str, value: float = 9.0) -> Figures:
    """The accounts without repurchases of a year, and one statement of repurchases."""
    without = accounts(without=("share_repurchases",))
    added = Figures.build("A", ["share_repurchases"], [start], [end], [value], [known])
    names = ("concept", "period_start", "period_end", "value", "known_time")
    return Figures.build("A", *(np.concatenate([getattr(without, n), getattr(added, n)]) for n in names))


def test_who_never_bought_own_shares_pays_dividends_alone() -> None:
    assert newest(accounts(without=("share_repurchases",)))["shareholder_yield"] == pytest.approx(0.01)


def test_buybacks_that_give_no_year_leave_the_shareholder_yield_unknown() -> None:
    assert np.isnan(newest(with_buybacks("2019-04-01", "2019-12-31", "2020-02-11"))["shareholder_yield"])
    # Those of a period that ended over 18 months ago are forgotten.
    assert newest(with_buybacks("2017-10-01", "2018-06-30", "2018-08-01"))["shareholder_yield"] == pytest.approx(0.01)


def test_debt_of_which_one_part_is_of_an_old_date_is_unknown() -> None:
    figures = accounts()
    old = (figures.concept == "short_term_debt") & (figures.period_end == np.datetime64(THIS_YEAR[1]))
    found = newest(figures.take(~old))
    assert np.isnan(found["debt_to_assets"])
    assert found["equity_to_assets"] == pytest.approx(0.4)


def test_accounts_of_dates_far_apart_are_not_put_over_each_other() -> None:
    figures = accounts()
    old = (figures.concept == "interest_expense") & (figures.period_end == np.datetime64(THIS_YEAR[1]))
    found = newest(figures.take(~old))
    assert np.isnan(found["interest_coverage"])
    assert found["operating_margin"] == pytest.approx(0.2)


def test_shares_grow_by_what_was_issued_however_the_splits_and_filings_fall() -> None:
    splits = Actions.build("A", ["2020-01-20", "2020-03-01"], ["split"] * 2, [2.0, 3.0])
    days = bars_from_closes([10.0], start="2020-03-07")

    def growth_of(filings: list[tuple[str, float, str]]) -> float:
        end, value, known = zip(*filings, strict=True)
        figures = Figures.build("A", ["shares_outstanding"] * len(end), ["NaT"] * len(end), end, value, known)
        around = Surroundings(figures, actions=splits)
        return float(compute(days, ["shares_growth"], surroundings=around).values[0, 0])

    # Both counts are filed after the first split: the one of 2019 has it in it; that of 2018 as first filed has not.
    first, second = ("2018-12-31", 100.0, "2019-02-11"), ("2019-12-31", 220.0, "2020-02-11")
    assert growth_of([first, second]) == pytest.approx(0.1)
    # The count of 2018 was restated for both splits, that of 2019 knows only the first.
    assert growth_of([first, second, ("2018-12-31", 600.0, "2020-03-02")]) == pytest.approx(0.1)


@pytest.fixture(scope="module")
def bars() -> Bars:
    return random_walk(1500, seed=4)


@pytest.fixture(scope="module")
def around(bars: Bars) -> Surroundings:
    return surroundings_of(bars)


def test_all_are_known_and_within_their_bounds_where_all_is_filed(bars: Bars, around: Surroundings) -> None:
    block = compute(bars, NAMES, surroundings=around)
    assert not np.isinf(block.values).any()
    for name in set(NAMES) - {"price_earnings_to_growth"}:
        assert not np.isnan(block.column(name)).any(), name
    require_bounds(block)


def test_facts_known_after_a_row_do_not_change_one_bit_of_it(bars: Bars, around: Surroundings) -> None:
    full = compute(bars, NAMES, surroundings=around)
    assert around.figures is not None
    assert around.actions is not None
    later = around.figures.known_time
    for cut in (300, 800, 1200):
        time = bars.known_time[cut]
        changed = replace(
            around.figures, value=np.where(later > time, 7.0 * around.figures.value, around.figures.value)
        )
        actions = around.actions.take(around.actions.known_time <= time)
        for figures in (around.figures.take(later <= time), changed):
            again = compute(bars, NAMES, surroundings=replace(around, figures=figures, actions=actions))
            assert again.values[: cut + 1].tobytes() == full.values[: cut + 1].tobytes()


def test_a_restatement_changes_later_rows_and_no_earlier_one(bars: Bars) -> None:
    told = accounts()
    restated = accounts({"net_income": 50.0})
    moment = np.datetime64("2020-06-01", "us")
    both = Figures.build(
        "A", *(np.concatenate([getattr(told, n), getattr(restated, n)]) for n in ("concept", "period_start", "period_end", "value")),
        np.concatenate([told.known_time, np.full(len(restated), moment)]),
    )  # fmt: skip
    before, after = (compute(bars, ["earnings_growth"], surroundings=Surroundings(f)) for f in (told, both))
    is_later = bars.known_time >= moment
    assert before.values[~is_later].tobytes() == after.values[~is_later].tobytes()
    day = int(np.argmax(is_later))
    assert (before.values[day, 0], after.values[day, 0]) == (0.25, 1.5)


def test_rows_do_not_depend_on_how_many_bars_there_are(bars: Bars, around: Surroundings) -> None:
    full, short = (compute(each, NAMES, surroundings=around) for each in (bars, bars.take(slice(700, 900))))
    np.testing.assert_array_equal(full.values[700:900], short.values)


def test_the_restated_year_of_apple_reaches_no_row_before_its_filing(shared_data: Path, lake: Lake) -> None:
    figures = read_figures("sec_companyfacts", shared_data / "sec_companyfacts.parquet", ["AAPL"])["AAPL"]
    store = FactStore(lake)
    store.append_figures(figures, datetime(2024, 1, 2, tzinfo=UTC))
    apple = PackagedSample().fetch(Series("AAPL", Timeframe.DAY))
    block = compute(apple, NAMES, surroundings=Surroundings(store.figures("AAPL")))
    at = lambda name, day: float(block.column(name)[np.searchsorted(apple.event_time, np.datetime64(day))])  # noqa: E731
    # 5,704 over 4,834 million as filed in October 2009, not the 6,119 that 2008 became in January 2010.
    assert at("earnings_growth", "2009-12-31") == pytest.approx(5704 / 4834 - 1, rel=1e-12)
    assert at("net_margin", "2010-02-01") == pytest.approx(9358 / 46708, rel=1e-12)
    # On its highest day of 2012 Apple was reported to be worth 658 billion dollars.
    assert np.exp(at("log_market_value", "2012-09-19")) == pytest.approx(658e9, rel=2e-3)
    assert np.isnan(block.column("net_margin")[apple.event_time < np.datetime64("2009-07-22")]).all()
    require_bounds(block)


def test_the_splits_of_apple_leave_its_share_count_without_a_jump(shared_data: Path) -> None:
    figures = read_figures("sec_companyfacts", shared_data / "sec_companyfacts.parquet", ["AAPL"])["AAPL"]
    splits = Actions.build("AAPL", ["2014-06-09", "2020-08-31"], ["split"] * 2, [7.0, 4.0])
    days = np.arange(np.datetime64("2013-01-01"), np.datetime64("2022-01-01")).astype("datetime64[us]")
    price = 1000.0 / np.where(days >= splits.ex_time[1], 28.0, np.where(days >= splits.ex_time[0], 7.0, 1.0))
    bars = Bars.build(Series("AAPL", Timeframe.DAY), days, price, price, price, price, price)
    names = ["log_market_value", "shares_growth"]
    block = compute(bars, names, surroundings=Surroundings(figures, actions=splits))
    # Of one price the value moves only with the count, and Apple buys back a few percent a year.
    moves = np.diff(block.column("log_market_value"))
    assert np.abs(moves).max() < 0.04
    assert np.abs(block.column("shares_growth")).max() < 0.1


def require_bounds(block: FeatureBlock) -> None:
    for name in block.names:
        low, high = catalogue()[name].bounds
        known = block.column(name)[~np.isnan(block.column(name))]
        assert low is None or len(known) == 0 or known.min() >= low, name
        assert high is None or len(known) == 0 or known.max() <= high, name


@pytest.fixture(scope="module")
def vendor(shared_data: Path) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "fundamentals_quarterly.parquet")


def real_bars(shared_data: Path, symbol: str) -> Bars:
    frame = pd.read_parquet(shared_data / "equities_daily.parquet", filters=[("symbol", "==", symbol)]).sort_values(
        "ts"
    )
    prices = (frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close", "volume"))
    return Bars.build(
        Series(symbol, Timeframe.DAY), frame["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]"), *prices
    )


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["AAPL", "MSFT", "AKAM", "KO", "CAT", "AMZN", "AMAT", "JNJ"])
def test_on_real_quarters_the_features_agree_with_the_vendors_own_ratios(
    shared_data: Path, vendor: pd.DataFrame, symbol: str
) -> None:
    path = shared_data / "fundamentals_quarterly.parquet"
    figures = read_figures("quarterly_table", path, [symbol], shares="split_adjusted")[symbol]
    bars = real_bars(shared_data, symbol)
    block = compute(bars, NAMES, surroundings=Surroundings(figures))
    assert not np.isinf(block.values).any()
    require_bounds(block)
    rows = vendor[vendor["symbol"] == symbol].sort_values("period_end").reset_index(drop=True)
    known = rows["available_from_conservative"].to_numpy().astype("datetime64[us]")
    at = np.searchsorted(bars.known_time, known + np.timedelta64(1, "D"))  # once that day is over
    ours = {name: np.where(at < len(bars), block.column(name)[np.minimum(at, len(bars) - 1)], np.nan) for name in NAMES}
    # The vendor divides by the mean of the last four quarters, and rounds its ratios.
    mean_assets, mean_equity = (rows[name].rolling(4).mean() for name in ("assets", "shareholders_equity"))
    same = {
        "net_margin": rows["net_margin"],
        "current_ratio": rows["current_ratio"],
        "return_on_assets": rows["roa"] * mean_assets / rows["assets"],
        "return_on_equity": rows["roe"] * mean_equity / rows["shareholders_equity"],
        "asset_turnover": rows["asset_turnover"] * mean_assets / rows["assets"],
    }
    for name, theirs in same.items():
        both = ~np.isnan(ours[name]) & theirs.notna().to_numpy()
        if name == "current_ratio" and not both.any():
            continue
        assert both.sum() > 25, name
        away = np.abs(ours[name][both] - theirs.to_numpy()[both])
        assert np.quantile(away, 0.9) <= 0.011, (name, away.max())
    yields = ours["price_to_earnings"] / rows["p_e_ratio"].to_numpy()
    assert np.nanmedian(yields) == pytest.approx(
        1.0, abs=0.25
    )  # their price is that of the quarter, ours 90 days later


@pytest.mark.slow
@pytest.mark.parametrize("symbol", ["AAPL", "MRVL", "SNOW"])
def test_filed_accounts_are_within_bounds_and_never_seen_before_their_filing(shared_data: Path, symbol: str) -> None:
    figures = read_figures("sec_companyfacts", shared_data / "sec_companyfacts.parquet", [symbol])[symbol]
    bars = random_walk(6000, seed=2, instrument=symbol, start="2009-01-01")
    full = compute(bars, NAMES, surroundings=Surroundings(figures))
    assert not np.isinf(full.values).any()
    require_bounds(full)
    assert not np.isnan(full.column("net_margin")[-400:]).all()
    for cut in (1000, 4500, 5500):
        past = figures.take(figures.known_time <= bars.known_time[cut])
        again = compute(bars, NAMES, surroundings=Surroundings(past))
        assert again.values[: cut + 1].tobytes() == full.values[: cut + 1].tobytes()


def test_nothing_around_a_series_is_the_same_as_no_surroundings() -> None:
    assert np.isnan(compute(random_walk(5), NAMES, surroundings=NOTHING).values).all()
