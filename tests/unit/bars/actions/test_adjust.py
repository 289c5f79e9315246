"""Factors of splits and dividends: against the return of somebody who reinvested, and against vendors."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fakes.actions import actions_of
from fakes.bars import bars_from_closes, random_walk

from trimtab.bars.actions import Actions
from trimtab.bars.actions.adjust import (
    adjust,
    dividend_factor,
    factor_of_actions,
    parse_adjustment,
    split_factor,
    unusable_dividends,
    with_actions,
)
from trimtab.bars.resampling import resample
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.sources.sample import PackagedSample
from trimtab.errors import UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

# Apple's, from its investor relations pages: per share as traded, ex-dates.
APPLE = [
    *[(day, "dividend", 2.65) for day in ("2012-08-09", "2012-11-07", "2013-02-07")],
    *[(day, "dividend", 3.05) for day in ("2013-05-09", "2013-08-08", "2013-11-06", "2014-02-06")],
    ("2014-05-08", "dividend", 3.29),
    ("2014-06-09", "split", 7.0),
    *[(day, "dividend", 0.47) for day in ("2014-08-07", "2014-11-06", "2015-02-05")],
    *[(day, "dividend", 0.52) for day in ("2015-05-07", "2015-08-06", "2015-11-05", "2016-02-04")],
    *[(day, "dividend", 0.57) for day in ("2016-05-05", "2016-08-04", "2016-11-03")],
]
APPLE_SPLITS = [("2000-06-21", "split", 2.0), ("2005-02-28", "split", 2.0)]


def test_prices_before_a_split_count_less_and_prices_from_it_on_as_they_are() -> None:
    bars = bars_from_closes([100.0, 102.0, 51.5, 52.0])
    assert split_factor(bars, actions_of(("2020-01-03", "split", 2.0))).tolist() == [0.5, 0.5, 1.0, 1.0]
    assert split_factor(bars, actions_of(("2020-01-03", "split", 0.1))).tolist() == [10.0, 10.0, 1.0, 1.0]


def test_several_splits_multiply_whatever_order_they_are_told_in() -> None:
    bars = bars_from_closes([60.0, 30.0, 10.0])
    told = actions_of(("2020-01-03", "split", 3.0), ("2020-01-02", "split", 2.0))
    assert split_factor(bars, told).tolist() == [1 / 6, 1 / 3, 1.0]


def test_what_has_not_happened_by_the_last_bar_does_not_count_yet() -> None:
    bars = bars_from_closes([100.0, 102.0, 101.0])
    ahead = actions_of(("2020-01-04", "split", 2.0), ("2020-01-04", "dividend", 5.0))
    assert factor_of_actions(bars, ahead).tolist() == [1.0, 1.0, 1.0]
    assert len(with_actions(Bars.empty(bars.series), ahead)) == 0


def test_a_dividend_counts_against_the_raw_close_before_it() -> None:
    bars = bars_from_closes([100.0, 80.0, 78.0])
    assert dividend_factor(bars, actions_of(("2020-01-03", "dividend", 2.0))).tolist() == [0.975, 0.975, 1.0]


def test_a_dividend_on_a_day_without_a_bar_counts_against_the_last_bar_before() -> None:
    bars = bars_from_closes([100.0, 80.0, 78.0, 77.0]).take(np.array([0, 1, 3]))
    assert dividend_factor(bars, actions_of(("2020-01-03", "dividend", 2.0))).tolist() == [0.975, 0.975, 1.0]


def test_a_dividend_before_the_first_bar_rescales_nothing() -> None:
    bars = bars_from_closes([100.0, 80.0])
    early = actions_of(("2020-01-01", "dividend", 2.0), ("2019-06-03", "dividend", 500.0))
    assert dividend_factor(bars, early).tolist() == [1.0, 1.0]
    assert not unusable_dividends(bars, early).any()


def test_a_dividend_that_is_not_smaller_than_the_close_counts_nothing_and_is_named() -> None:
    bars = bars_from_closes([100.0, 80.0, 78.0])
    told = actions_of(("2020-01-02", "dividend", 2.0), ("2020-01-03", "dividend", 80.0), ("2020-01-03", "split", 90.0))
    assert dividend_factor(bars, told).tolist() == [0.98, 1.0, 1.0]
    assert unusable_dividends(bars, told).tolist() == [False, True, False]


def test_total_return_is_what_somebody_has_who_reinvested_every_dividend() -> None:
    """An account that holds shares, splits them and buys shares for its dividends at the raw close."""
    bars, rng = random_walk(400, seed=3), np.random.default_rng(3)
    days = np.sort(rng.choice(np.arange(1, 400), 12, replace=False))
    told = [(str(bars.event_time[day])[:10], "dividend", float(rng.uniform(0.1, 3.0))) for day in days[:9]]
    told += [
        (str(bars.event_time[day])[:10], "split", float(ratio))
        for day, ratio in zip(days[6:9], (2, 3, 0.5), strict=True)
    ]
    ratio = {date: value for date, kind, value in told if kind == "split"}
    paid = {date: value for date, kind, value in told if kind == "dividend"}
    dates = [str(time)[:10] for time in bars.event_time]
    # The market as it would have quoted: splits divide every later price, dividends come off.
    raw, shares, worth = bars.close.copy(), 1.0, []
    for at, date in enumerate(dates):
        if date in paid:
            raw[at:] *= 1 - paid[date] / raw[at - 1]
            shares /= 1 - paid[date] / raw[at - 1]  # reinvested at the price without the dividend
        if date in ratio:
            raw[at:] /= ratio[date]
            shares *= ratio[date]
        worth.append(shares * raw[at])
    quoted = replace(bars, open=raw, high=raw, low=raw, close=raw)
    adjusted = with_actions(quoted, actions_of(*told)).adjusted().close
    np.testing.assert_allclose(adjusted / adjusted[-1], np.array(worth) / worth[-1], rtol=1e-12)


def test_intraday_bars_of_the_day_before_belong_to_the_old_share() -> None:
    hours = np.arange("2020-01-02T14", "2020-01-04T22", dtype="datetime64[h]").astype("datetime64[us]")
    hours = hours[np.isin(hours.astype("datetime64[h]").astype(int) % 24, range(14, 21))]
    close = np.linspace(100.0, 113.0, len(hours))
    bars = Bars.build(Series("AAA", Timeframe.HOUR), hours, *[close] * 5)
    factor = factor_of_actions(bars, actions_of(("2020-01-03", "split", 2.0), ("2020-01-03", "dividend", 1.06)))
    last_close = close[6]  # of the last hour of 2 January
    np.testing.assert_allclose(factor[:7], 0.5 * (1 - 1.06 / last_close), rtol=1e-15)
    assert (factor[7:] == 1.0).all()


def test_bars_out_of_order_or_without_a_time_have_a_split_factor_too() -> None:
    bars = bars_from_closes([100.0, 102.0, 51.0, 52.0])
    unknown = replace(bars.take(slice(0, 1)), event_time=np.array(["NaT"], "datetime64[us]"))
    mixed = concatenate([bars.take(slice(None, None, -1)), unknown])
    told = actions_of(("2020-01-03", "split", 2.0))
    assert split_factor(mixed, told).tolist() == [1.0, 1.0, 0.5, 0.5, 1.0]
    assert split_factor(unknown, told).tolist() == [1.0]


class TestWeeks:
    """A week is of the share of its last day; what it returns is what its days return."""

    def test_a_dividend_within_a_week_changes_no_total_return(self) -> None:
        days = quoted_days([*[100.0] * 12, *[90.0] * 13])  # from Monday the first, ex on Wednesday the 17th
        told = actions_of(("2024-01-17", "dividend", 10.0))
        weeks = weeks_of(days, told)
        assert weeks.close.tolist() == [100.0, 100.0, 90.0, 90.0, 90.0]
        assert with_actions(weeks, told).adjusted().close.tolist() == [90.0] * 5

    @pytest.mark.parametrize("ex_date", ["2024-01-08", "2024-01-12", "2024-01-13", "2024-01-14"])
    def test_an_action_counts_from_the_week_of_its_date_on_monday_or_sunday(self, ex_date: str) -> None:
        weeks = weeks_of(quoted_days([60.0] * 20), actions_of())
        assert split_factor(weeks, actions_of((ex_date, "split", 2.0))).tolist() == [0.5, 1.0, 1.0, 1.0]
        assert dividend_factor(weeks, actions_of((ex_date, "dividend", 6.0))).tolist() == [0.9, 1.0, 1.0, 1.0]

    def test_an_action_after_the_last_week_has_not_happened_yet(self) -> None:
        weeks = weeks_of(quoted_days([60.0] * 10), actions_of())
        ahead = actions_of(("2024-01-15", "split", 2.0), ("2024-01-15", "dividend", 6.0))
        assert factor_of_actions(weeks, ahead).tolist() == [1.0, 1.0]
        assert split_factor(weeks, actions_of(("2024-01-14", "split", 2.0))).tolist() == [0.5, 1.0]

    @pytest.mark.parametrize("seed", range(5))
    def test_weekly_returns_are_the_compounded_daily_ones_but_for_the_close_of_the_week_before(self, seed: int) -> None:
        """Exactly so where the ex-date begins a week, else to the yield times the move since that close."""
        rng = np.random.default_rng(seed)
        raw = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 250)))
        at = np.sort(rng.choice(np.arange(6, 240), 8, replace=False)) // 5 * 5 + rng.integers(0, 5, 8)
        at = at[np.r_[True, np.diff(at // 5) > 0]]  # one payment a week
        dates = quoted_days(raw).event_time
        paid, ratio = rng.uniform(0.01, 0.04, len(at)), np.where(np.arange(len(at)) % 3 == 2, 2.0, 1.0)
        listed: list[tuple[str, str, float]] = []
        for row, share, shares in zip(at, paid, ratio, strict=True):
            listed += [(str(dates[row])[:10], "dividend", float(share * raw[row - 1]))]
            raw[row:] *= (1 - share) / shares
            listed += [(str(dates[row])[:10], "split", float(shares))] if shares > 1 else []
        told, days = actions_of(*listed), quoted_days(raw)
        by_day = with_actions(days, told).adjusted().close[4::5]
        weeks = with_actions(weeks_of(days, told), told).adjusted()
        error = np.diff(np.log(weeks.close)) - np.diff(np.log(by_day))
        week = at // 5 - 1  # the return into the week of each ex-date
        bound = np.full(len(error), 1e-13)
        moved = np.abs(raw[at - 1] / raw[at // 5 * 5 - 1] - 1)
        bound[week] += 1.1 * paid * moved
        assert (np.abs(error) <= bound).all()
        assert bound.max() < 0.004  # a dividend in the wrong week would be wrong by 0.01 at least

    def test_a_dividend_after_a_split_in_the_same_week_counts_against_the_new_share(self) -> None:
        told = actions_of(("2024-01-09", "split", 2.0), ("2024-01-11", "dividend", 5.0))
        weeks = weeks_of(quoted_days([*[100.0] * 6, *[50.0] * 2, *[45.0] * 7]), told)
        assert with_actions(weeks, told).adjusted().close.tolist() == [45.0, 45.0, 45.0]
        large = actions_of(("2024-01-09", "split", 2.0), ("2024-01-11", "dividend", 60.0))
        assert unusable_dividends(weeks, large).tolist() == [False, True]

    def test_a_week_dated_by_its_first_session_ends_where_the_next_one_begins(self) -> None:
        weeks = replace(
            weeks_of(quoted_days([60.0] * 15), actions_of()),
            event_time=np.array(["2024-01-02", "2024-01-08", "2024-01-16"], "datetime64[us]"),
        )
        assert split_factor(weeks, actions_of(("2024-01-08", "split", 2.0))).tolist() == [0.5, 1.0, 1.0]
        assert split_factor(weeks, actions_of(("2024-01-15", "split", 2.0))).tolist() == [0.5, 0.5, 1.0]

    def test_weeks_out_of_order_or_without_a_time_have_a_split_factor_too(self) -> None:
        weeks = weeks_of(quoted_days([60.0] * 15), actions_of())
        mixed = concatenate([weeks.take(slice(None, None, -1)), weeks.take(slice(0, 1))])
        mixed = replace(mixed, event_time=np.append(mixed.event_time[:3], np.datetime64("NaT")))
        assert split_factor(mixed, actions_of(("2024-01-10", "split", 2.0))).tolist() == [1.0, 1.0, 0.5, 1.0]


def test_a_dividend_after_a_split_without_a_bar_between_counts_against_the_new_share() -> None:
    bars = bars_from_closes([100.0, 50.0, 45.0]).take(np.array([0, 2]))
    told = actions_of(("2020-01-02", "split", 2.0), ("2020-01-03", "dividend", 5.0))
    assert with_actions(bars, told).adjusted().close.tolist() == [45.0, 45.0]


def quoted_days(close: list[float] | np.ndarray) -> Bars:
    """Monday to Friday, from Monday, 1 January 2024."""
    price = np.asarray(close, dtype=np.float64)
    dates = np.busday_offset("2024-01-01", np.arange(len(price))).astype("datetime64[us]")
    return Bars.build(Series("AAA", Timeframe.DAY), dates, *[price] * 4, np.ones(len(price)))


def weeks_of(days: Bars, told: Actions) -> Bars:
    """Weekly bars as `trimtab bars resample` stores them."""
    until = datetime(2030, 1, 1, tzinfo=UTC)
    return resample(days, Timeframe.WEEK, SessionCalendar("weekdays"), until=until, actions=told)


def test_the_three_views_of_a_share_that_split_and_paid() -> None:
    bars = bars_from_closes([100.0, 100.0, 90.0, 45.0])
    told = actions_of(("2020-01-03", "dividend", 10.0), ("2020-01-04", "split", 2.0))
    assert adjust(bars, told, "raw").factor.tolist() == [1.0] * 4
    assert adjust(bars, told, "split").adjusted().close.tolist() == [50.0, 50.0, 45.0, 45.0]
    assert adjust(bars, told, "total_return").adjusted().close.tolist() == [45.0, 45.0, 45.0, 45.0]


def test_the_factor_of_a_source_and_its_actions_multiply() -> None:
    bars = replace(bars_from_closes([100.0, 50.0, 50.0]), factor=np.array([0.9, 0.9, 1.0]))
    told = actions_of(("2020-01-02", "split", 2.0))
    np.testing.assert_allclose(with_actions(bars, told).factor, [0.45, 0.9, 1.0], rtol=1e-15)
    assert with_actions(bars, actions_of()) is bars


def test_an_unknown_view_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'total_return'"):
        parse_adjustment("total_returns")


def test_the_factor_agrees_with_the_adjusted_close_of_the_packaged_sample() -> None:
    """Thirteen years of Apple from nothing but two splits and three dividends.

    The vendor reinvests at the close of the ex-date, which we do not; with its formula we get its numbers.
    """
    bars = PackagedSample().fetch(Series("AAPL", Timeframe.DAY))
    dividends = [each for each in APPLE if each[0] < "2013-03-01"]
    vendor = bars.factor / bars.factor[-1]
    ours = factor_of_actions(bars, actions_of(*APPLE_SPLITS, *dividends, instrument="AAPL"))
    np.testing.assert_allclose(ours, vendor, rtol=2e-4)
    theirs = split_factor(bars, actions_of(*APPLE_SPLITS))
    for date, _, paid in dividends:
        before = bars.event_time < np.datetime64(date)
        close = bars.close[before.sum()]
        theirs[before] *= close / (close + paid)
    np.testing.assert_allclose(theirs, vendor, rtol=1e-6)


def equities(shared_data: Path, symbol: str) -> pd.DataFrame:
    frame = pd.read_parquet(shared_data / "equities_daily.parquet", filters=[("symbol", "==", symbol)])
    return frame.sort_values("ts", ignore_index=True)


def test_the_factor_agrees_with_the_adjusted_close_of_a_vendor(shared_data: Path) -> None:
    """Apple 2005 to 2016: the vendor's prices are split-adjusted, so they are traded ones times seven before 2014."""
    frame = equities(shared_data, "AAPL")
    times = frame["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    traded = np.where(times < np.datetime64("2014-06-09"), 7.0, 1.0)
    price = frame[["open", "high", "low", "close"]].to_numpy() * traded[:, None]
    volume = frame["volume"].to_numpy() / traded
    bars = Bars.build(Series("AAPL", Timeframe.DAY), times, *price.T, volume)
    adjusted = with_actions(bars, actions_of(*APPLE, instrument="AAPL")).adjusted()
    vendor = frame["adj_close"].to_numpy() / frame["close"].to_numpy()
    np.testing.assert_allclose(adjusted.factor, 1.0)
    np.testing.assert_allclose(adjusted.close / frame["close"], vendor / vendor[-1], rtol=1e-5)
    np.testing.assert_allclose(adjust(bars, actions_of(*APPLE), "split").adjusted().close, frame["close"], rtol=1e-12)
    # The return over an ex-date is the one with the dividend: (87.73 + 0.52) / 91.28 and the like.
    ex = int(np.flatnonzero(times == np.datetime64("2014-08-07"))[0])
    assert adjusted.close[ex] / adjusted.close[ex - 1] == pytest.approx(
        frame["adj_close"][ex] / frame["adj_close"][ex - 1], rel=1e-6
    )


@pytest.mark.parametrize("symbol", ["IBM", "JNJ", "KO", "PG", "XOM", "MMM", "CVX", "SPY"])
def test_dividends_read_off_a_vendors_adjustment_lead_back_to_it(shared_data: Path, symbol: str) -> None:
    """Dividends derived from adj_close and rounded to a cent's fraction give the vendor's factor again."""
    frame = equities(shared_data, symbol)
    times = frame["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    close, vendor = frame["close"].to_numpy(), (frame["adj_close"] / frame["close"]).to_numpy()
    paid = close[:-1] * (1 - vendor[:-1] / vendor[1:])
    at = np.flatnonzero(np.abs(paid) > 0.02)
    assert len(at) >= 40  # quarterly for twelve years, but for what was skipped
    told = actions_of(
        *[(str(times[row + 1])[:10], "dividend", float(np.round(paid[row], 4))) for row in at if paid[row] > 0]
    )
    bars = Bars.build(Series("AAA", Timeframe.DAY), times, *[close] * 4, frame["volume"].to_numpy())
    np.testing.assert_allclose(factor_of_actions(bars, told), vendor / vendor[-1], rtol=3e-4)
