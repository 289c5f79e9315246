"""What is planted can be found again by somebody who only sees bars, or reads the truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from trimtab.bars.actions.adjust import with_actions
from trimtab.bars.checks import judge
from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.simulation.planted import ALL_DEFECTS, RECIPES, planted_truth
from trimtab.bars.simulation.prices import simulate
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.bars.store import BarStore
from trimtab.clock import SimulatedClock
from trimtab.errors import ConfigurationError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar
from trimtab.storage.hashing import fingerprint_arrays
from trimtab.storage.lake import Lake

LONG = datetime(2060, 1, 1, tzinfo=UTC)
# Of the bars as they were before other worlds were added: demonstrations and measurements rely on them.
KNOWN = {
    (7, "SIMNULL"): "2e327d85c3737fef", (7, "SIMALPHA"): "3775fac57b00734e", (7, "SIMREGIME"): "c1841d99bf76162f",
    (7, "SIMDRIFT"): "fb4a8b56622738d0", (7, "SIMBAD"): "05c6b07df5ec2297", (7, "SIMNULL2"): "342ddf51a26ef621",
    (11, "SIMNULL"): "a13c88de8ca6613e", (11, "SIMBAD"): "abd4c664078046cf",
}  # fmt: skip


def day(name: str) -> Series:
    return Series(name, Timeframe.DAY)


def log_returns(close: np.ndarray) -> np.ndarray:
    returns: np.ndarray = np.diff(np.log(close))
    return returns


@pytest.mark.parametrize(("seed", "name"), KNOWN)
def test_the_first_worlds_stay_what_they_were_bit_for_bit(seed: int, name: str) -> None:
    market = SimulatedMarket(seed, until=datetime(2020, 6, 30, tzinfo=UTC))
    assert fingerprint_arrays(dict(market.fetch(day(name)).arrays()))[:16] == KNOWN[seed, name]


@pytest.mark.parametrize("name", RECIPES)
def test_more_bars_never_change_earlier_ones(name: str) -> None:
    short = SimulatedMarket(3, n_bars=700).fetch(day(name))
    longer = SimulatedMarket(3, n_bars=1400).fetch(day(name))
    # The defects of the last block may need the bars that follow it.
    n = len(short) - 10
    for (column, first), (_, second) in zip(short.take(slice(n)).arrays(), longer.take(slice(n)).arrays(), strict=True):
        np.testing.assert_array_equal(first, second, err_msg=column)


def test_an_independent_estimate_of_the_garch_parameters_finds_those_that_were_planted() -> None:
    from arch import arch_model

    market = SimulatedMarket(5, until=LONG)
    returns = log_returns(market.fetch(day("SIMGARCH")).close)
    fitted = arch_model(100 * returns, mean="Zero", vol="GARCH", p=1, q=1).fit(disp="off")
    truth = planted_truth("SIMGARCH")
    for name, planted in (("alpha[1]", truth.garch_alpha), ("beta[1]", truth.garch_beta)):
        assert abs(fitted.params[name] - planted) < 3 * fitted.std_err[name]
    unconditional = truth.volatility**2 * 1e4
    omega = unconditional * (1 - truth.garch_alpha - truth.garch_beta)
    assert abs(fitted.params["omega"] - omega) < 3 * fitted.std_err["omega"]


def test_returns_divided_by_the_true_garch_volatility_are_standard_normal_and_no_longer_cluster() -> None:
    from scipy.stats import kstest

    market = SimulatedMarket(5, until=LONG)
    shocks = log_returns(market.fetch(day("SIMGARCH")).close) / market.volatilities(day("SIMGARCH"))[1:]
    assert kstest(shocks, "norm").pvalue > 0.01
    squares = shocks**2 - 1
    autocorrelation = (squares[1:] * squares[:-1]).mean() / (squares**2).mean()
    assert abs(autocorrelation) < 4 / np.sqrt(len(squares))
    plain = log_returns(market.fetch(day("SIMGARCH")).close) ** 2
    clustered = np.corrcoef(plain[1:], plain[:-1])[0, 1]
    assert clustered > 8 / np.sqrt(len(plain))


def test_jumps_come_at_the_planted_rate_and_size_before_the_open() -> None:
    market = SimulatedMarket(5, until=LONG)
    bars, jumps, truth = market.fetch(day("SIMJUMP")), market.jumps(day("SIMJUMP")), planted_truth("SIMJUMP")
    expected = len(bars) * -np.expm1(-truth.jumps_per_day)
    assert abs((jumps != 0).sum() - expected) < 4 * np.sqrt(expected)
    sizes = jumps[jumps != 0]
    assert abs(sizes.std() / truth.jump_size - 1) < 4 / np.sqrt(2 * len(sizes))
    gaps = np.log(bars.open[1:] / bars.close[:-1])
    assert np.corrcoef(gaps, jumps[1:])[0, 1] > 0.7


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["SIMJUMP", "SIMGARCH", "SIMREGIME", "SIMDECAY"])
def test_real_turbulence_is_never_refused(name: str, seed: int) -> None:
    assert judge(SimulatedMarket(seed, until=LONG).fetch(day(name))).accepted.all()


def test_what_can_be_known_halves_from_the_date_on_and_the_bars_agree() -> None:
    hits, expected = [], []
    for twin in range(2, 32):
        series = day(f"SIMDECAY{twin}")
        market = SimulatedMarket(7)
        bars, rates = market.fetch(series), market.hit_rates(series)
        returns = log_returns(bars.close)
        past = np.convolve(returns, np.ones(5), "valid")[:-1]
        agrees = (past > 0) == (returns[5:] > 0)
        after = bars.event_time[6:] >= np.datetime64("2019-07-01")
        hits.append(agrees[after])
        expected.append(rates[6:][after])
        np.testing.assert_array_equal(rates[:6], 0.6)
    start = np.flatnonzero(bars.event_time >= np.datetime64("2019-07-01"))[0]
    assert rates[start + 62] == pytest.approx(0.55)  # the 63rd bar after the date
    assert rates[start + 125] == pytest.approx(0.525)
    hit, rate = np.concatenate(hits), np.concatenate(expected)
    for early in (rate > 0.55, rate <= 0.55):
        n = early.sum()
        assert abs(hit[early].mean() - rate[early].mean()) < 4 * np.sqrt(0.25 / n)


def test_told_splits_and_dividends_give_back_the_clean_path() -> None:
    series, market = day("SIMSPLIT"), SimulatedMarket(7)
    bars = market.fetch(series)
    assert np.abs(log_returns(bars.close)).max() > 0.6  # as traded, a split is a halved price
    clean = simulate(replace(planted_truth("SIMSPLIT"), split_every=0, dividend_every=0), series, bars.event_time, 7)
    adjusted = with_actions(bars, market.actions(series)).adjusted()
    np.testing.assert_allclose(log_returns(adjusted.close), log_returns(clean.close), atol=1e-12)
    np.testing.assert_allclose(np.log(adjusted.high / adjusted.low), np.log(clean.high / clean.low), atol=1e-12)


@pytest.mark.parametrize("tells_actions", [True, False])
@pytest.mark.parametrize("timeframe", [each for each in Timeframe if each is not Timeframe.DAY])
def test_an_instrument_with_actions_exists_in_days_only(timeframe: Timeframe, tells_actions: bool) -> None:
    market, series = SimulatedMarket(7, tells_actions=tells_actions), Series("SIMSPLIT2", timeframe)
    for ask in (market.fetch, market.actions):
        with pytest.raises(
            ConfigurationError, match=f"has SIMSPLIT2 in 1d only, not in {timeframe}, because.*ingest 1d"
        ):
            ask(series)
    with pytest.raises(ConfigurationError, match="has SIMSPLIT in 1d only"):
        SimulatedMarket(7, instruments=("SIMNULL", "SIMSPLIT"), timeframe=timeframe)
    offered = {each.instrument_id for each in SimulatedMarket(7, timeframe=timeframe).instruments()}
    assert offered == set(RECIPES) - {"SIMSPLIT"}


def test_an_hourly_series_of_the_market_leaves_the_daily_actions_as_they_are(lake: Lake, clock: SimulatedClock) -> None:
    market, store, quarantine = SimulatedMarket(7), BarStore(lake), Quarantine(lake)
    days = day("SIMSPLIT")
    ingest(market, days, store, quarantine, clock)
    before = store.current(days)
    with pytest.raises(ConfigurationError, match="in 1d only"):
        ingest(market, Series("SIMSPLIT", Timeframe.HOUR), store, quarantine, clock)
    after = store.current(days)
    for (column, first), (_, second) in zip(before.arrays(), after.arrays(), strict=True):
        np.testing.assert_array_equal(first, second, err_msg=column)
    clean = simulate(replace(planted_truth("SIMSPLIT"), split_every=0, dividend_every=0), days, after.event_time, 7)
    np.testing.assert_allclose(log_returns(after.adjusted().close), log_returns(clean.close), atol=1e-12)


def test_withheld_splits_are_found_by_the_checks() -> None:
    series, market = day("SIMSPLIT"), SimulatedMarket(7, tells_actions=False)
    bars = market.fetch(series)
    assert len(market.actions(series)) == 0
    found = [str(each.event_time)[:10] for each in judge(bars).of("unadjusted_split")]
    assert found == [str(time)[:10] for time in bars.event_time[500::500]]


@pytest.mark.parametrize("seed", range(6))
def test_every_kind_of_bad_bar_is_found_and_nothing_is_invented(seed: int) -> None:
    market = SimulatedMarket(seed, until=datetime(2022, 1, 1, tzinfo=UTC), instruments=("SIMDIRTY",))
    truth = {(row["check"], row["event_time"][:10]) for row in market.truth()}
    assert {check for check, _ in truth} == set(ALL_DEFECTS)
    found = {(each.check, str(each.event_time)[:10]) for each in judge(market.fetch(day("SIMDIRTY"))).findings}
    # A set of rows that contradict one another is a duplicate as well, and a bar without a price is no bar.
    twice = {("duplicate_time", time) for check, time in truth if check == "conflicting_duplicate"}
    absent = {("gap", time) for check, time in truth if check == "missing_value"}
    swapped = {check_time for check_time in found if check_time[0] == "out_of_order"}
    assert len(swapped) == sum(check == "out_of_order" for check, _ in truth)
    assert found - swapped == {pair for pair in truth if pair[0] != "out_of_order"} | twice | absent


def test_minutes_of_a_market_with_sessions_lie_in_its_hours_over_daylight_saving_and_a_half_day() -> None:
    market = SimulatedMarket(7, calendar="XNYS", until=datetime(2015, 11, 30, tzinfo=UTC))
    series = Series("SIMNULL", Timeframe.FIFTEEN_MINUTES)
    bars = market.fetch(series)
    assert market.calendar(series) == "XNYS"
    times = {date: [str(time)[11:16] for time in bars.event_time if str(time).startswith(date)]
             for date in ("2015-03-06", "2015-03-09", "2015-11-26", "2015-11-27")}  # fmt: skip
    assert (times["2015-03-06"][0], times["2015-03-09"][0]) == ("14:30", "13:30")  # the clocks changed between
    assert times["2015-11-26"] == []  # Thanksgiving
    assert (times["2015-11-27"][0], times["2015-11-27"][-1]) == ("14:30", "17:45")  # and the half day after it
    assert judge(bars, calendar=SessionCalendar("XNYS")).findings == ()


def test_more_happens_between_two_sessions_than_between_two_bars() -> None:
    bars = SimulatedMarket(7, calendar="XNYS").fetch(Series("SIMNULL", Timeframe.FIFTEEN_MINUTES))
    gaps = np.log(bars.open[1:] / bars.close[:-1])
    first = bars.event_time[1:].astype("M8[D]") != bars.event_time[:-1].astype("M8[D]")
    truth = planted_truth("SIMNULL")
    assert gaps[first].std() == pytest.approx(truth.volatility * np.sqrt(0.2), rel=0.1)
    assert gaps[first].std() > 3 * gaps[~first].std()


@pytest.mark.parametrize("name", ["SIMNULL", "SIMGARCH", "SIMJUMP"])
def test_volume_grows_with_the_range_of_the_bar(name: str) -> None:
    from scipy.stats import spearmanr

    bars = SimulatedMarket(7, until=LONG).fetch(day(name))
    correlation = spearmanr(np.log(bars.high / bars.low), bars.volume)[0]
    assert 0.5 < correlation < 0.95
