"""The simulated market keeps its promises: reproducible, growing, and with exactly what was planted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trimtab.bars import Bars
from trimtab.bars.simulation.planted import RECIPES, planted_truth
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.labels.volatility import label_volatility_regime
from trimtab.market import Series, Timeframe

TWINS = tuple(range(2, 22))  # 20 independent instruments of 1,563 days each


def day(name: str) -> Series:
    return Series(name, Timeframe.DAY)


def equal(first: Bars, second: Bars) -> bool:
    pairs = zip(first.arrays(), second.arrays(), strict=True)
    return all(np.array_equal(a, b, equal_nan=True) for (_, a), (_, b) in pairs)


def planted_hits(bars: Bars, lookback: int = 5) -> np.ndarray:
    """Whether each close-to-close return has the sign of the sum of the five before it."""
    returns = np.diff(np.log(bars.close))
    past = np.convolve(returns, np.ones(lookback), "valid")[:-1]
    return (past > 0) == (returns[lookback:] > 0)


def test_it_is_a_bar_source_and_offers_every_recipe() -> None:
    market = SimulatedMarket()
    assert isinstance(market, BarSource)
    assert [series.key for series in market.instruments()] == sorted(f"{name}__1d" for name in RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_is_the_same_market_and_another_seed_another(name: str) -> None:
    assert equal(SimulatedMarket(3).fetch(day(name)), SimulatedMarket(3).fetch(day(name)))
    assert not equal(SimulatedMarket(3).fetch(day(name)), SimulatedMarket(4).fetch(day(name)))


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("shorter", [1, 7, 60, 333, 1_100])
def test_a_longer_market_never_changes_earlier_bars(name: str, shorter: int) -> None:
    whole = SimulatedMarket(7).fetch(day(name))
    part = SimulatedMarket(7, n_bars=shorter).fetch(day(name))
    assert equal(part, whole.take(slice(len(part))))


def test_instruments_do_not_depend_on_one_another_or_on_what_is_offered() -> None:
    alone = SimulatedMarket(7, instruments=("SIMNULL",)).fetch(day("SIMNULL"))
    assert equal(alone, SimulatedMarket(7).fetch(day("SIMNULL")))
    returns = [np.diff(np.log(SimulatedMarket(7).fetch(day(name)).close)) for name in ("SIMNULL", "SIMNULL2")]
    assert abs(np.corrcoef(returns[0], returns[1])[0, 1]) < 0.1


def test_until_delivers_only_bars_that_have_closed() -> None:
    friday = datetime(2015, 1, 9, tzinfo=UTC)
    at_close = SimulatedMarket(7, until=friday + timedelta(days=1)).fetch(day("SIMNULL"))
    just_before = SimulatedMarket(7, until=friday + timedelta(hours=23, minutes=59)).fetch(day("SIMNULL"))
    assert str(at_close.event_time[-1].astype("datetime64[D]")) == "2015-01-09"
    assert str(just_before.event_time[-1].astype("datetime64[D]")) == "2015-01-08"
    assert (at_close.known_time == at_close.event_time + np.timedelta64(1, "D")).all()


def test_since_cuts_the_beginning() -> None:
    bars = SimulatedMarket(7).fetch(day("SIMNULL"), since=datetime(2020, 12, 1, tzinfo=UTC))
    assert str(bars.event_time[0].astype("datetime64[D]")) == "2020-12-01"


@pytest.mark.parametrize("timeframe", [Timeframe.HOUR, Timeframe.WEEK, Timeframe.FIFTEEN_MINUTES])
def test_other_timeframes_run_without_a_pause(timeframe: Timeframe) -> None:
    market = SimulatedMarket(7, until=datetime(2015, 3, 1, tzinfo=UTC), timeframe=timeframe)
    bars = market.fetch(Series("SIMNULL", timeframe))
    assert set(np.diff(bars.event_time).tolist()) == {timeframe.duration}


def test_days_are_weekdays() -> None:
    times = SimulatedMarket(7).fetch(day("SIMNULL")).event_time.astype("datetime64[D]")
    assert np.is_busday(times).all()
    assert len(times) == np.busday_count("2015-01-05", "2020-12-31")


@pytest.mark.parametrize("name", [name for name in RECIPES if name not in ("SIMBAD", "SIMDIRTY")])
def test_clean_bars_are_consistent_to_the_last_bit(name: str) -> None:
    bars = SimulatedMarket(7).fetch(day(name))
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (bars.volume >= 1).all()
    assert (np.diff(bars.event_time) > np.timedelta64(0)).all()


def test_ranges_have_the_size_that_brownian_motion_gives() -> None:
    bars = SimulatedMarket(7).fetch(day("SIMNULL"))
    returns = np.diff(np.log(bars.close))
    assert returns.std() == pytest.approx(0.012, rel=0.05)
    # Parkinson: E[log(high / low)²] = 4 ln 2 σ²; four fifths of the variance are inside the session.
    assert np.mean(np.log(bars.high / bars.low) ** 2) == pytest.approx(4 * np.log(2) * 0.8 * 0.012**2, rel=0.08)


def test_volume_follows_the_range() -> None:
    bars = SimulatedMarket(7).fetch(day("SIMNULL"))
    assert np.corrcoef(np.log(bars.volume), np.log(np.log(bars.high / bars.low)))[0, 1] > 0.5


def test_the_direction_of_simalpha_is_known_with_the_planted_strength() -> None:
    hits = np.concatenate([planted_hits(SimulatedMarket(7).fetch(day(f"SIMALPHA{k}"))) for k in TWINS])
    assert hits.mean() == pytest.approx(0.60, abs=4 * np.sqrt(0.24 / len(hits)))


@pytest.mark.parametrize("name", ["SIMNULL", "SIMREGIME"])
def test_nothing_past_says_anything_about_the_next_direction(name: str) -> None:
    bars = [SimulatedMarket(7).fetch(day(f"{name}{k}")) for k in TWINS]
    hits = np.concatenate([planted_hits(each) for each in bars])
    assert hits.mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / len(hits)))
    for lag in (1, 2, 3):
        signs = [np.sign(np.diff(np.log(each.close))) for each in bars]
        agree = np.concatenate([sign[lag:] == sign[:-lag] for sign in signs])
        assert agree.mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / len(agree)))
    volume = np.concatenate([np.diff(np.log(each.volume))[:-1] > 0 for each in bars])
    rises = np.concatenate([np.diff(np.log(each.close))[1:] > 0 for each in bars])
    assert (volume == rises).mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / len(rises)))


def test_the_volatility_regime_of_simregime_can_be_predicted_and_that_of_simnull_cannot() -> None:
    accuracy = {}
    for name in ("SIMREGIME", "SIMNULL"):
        labels = [label_volatility_regime(SimulatedMarket(7).fetch(day(f"{name}{k}")), 5, 252) for k in TWINS]
        right = [(block.value == block.baseline)[~np.isnan(block.value)] for block in labels]
        accuracy[name] = np.concatenate(right).mean()
    assert accuracy["SIMREGIME"] > 0.68
    assert accuracy["SIMNULL"] < 0.54


def test_the_true_regime_explains_the_volatility() -> None:
    market = SimulatedMarket(7)
    returns = np.diff(np.log(market.fetch(day("SIMREGIME")).close))
    turbulent = market.regimes(day("SIMREGIME"))[1:] == 1
    assert returns[~turbulent].std() == pytest.approx(0.008, rel=0.1)
    assert returns[turbulent].std() == pytest.approx(0.024, rel=0.1)
    assert np.diff(turbulent).mean() == pytest.approx(0.02, abs=0.012)


def test_simdrift_is_another_market_from_the_planted_date_on() -> None:
    hits_before, hits_after = [], []
    for k in TWINS:
        bars = SimulatedMarket(7).fetch(day(f"SIMDRIFT{k}"))
        before = bars.event_time < np.datetime64("2019-07-01")
        returns, log_volume = np.diff(np.log(bars.close)), np.log(bars.volume)
        assert returns[~before[1:]].std() / returns[before[1:]].std() == pytest.approx(3.0, rel=0.15)
        assert np.median(log_volume[~before]) - np.median(log_volume[before]) > 1.0
        assert log_volume[~before].std() > 1.3 * log_volume[before].std()
        hits = planted_hits(bars)
        hits_before.append(hits[before[6:]])
        hits_after.append(hits[~before[6:]])
    for measured, planted in ((hits_before, 0.35), (hits_after, 0.65)):
        pooled = np.concatenate(measured)
        assert pooled.mean() == pytest.approx(planted, abs=4 * np.sqrt(0.24 / len(pooled)))


def test_the_drift_date_changes_nothing_before_it() -> None:
    early, late = (
        SimulatedMarket(7, drift_date=datetime(year, 7, 1, tzinfo=UTC)).fetch(day("SIMDRIFT")) for year in (2017, 2019)
    )
    before = early.event_time < np.datetime64("2017-07-01")
    assert equal(early.take(before), late.take(before))
    assert not np.array_equal(early.close[~before], late.close[~before])
    assert planted_truth("SIMDRIFT").drift_time == datetime(2019, 7, 1, tzinfo=UTC)


def test_every_defect_of_the_truth_is_in_the_bars() -> None:
    market = SimulatedMarket(7, instruments=("SIMBAD",))
    bars = market.fetch(day("SIMBAD"))
    truth = market.truth()
    assert {defect["check"] for defect in truth} == {
        "non_positive_price", "duplicate_time", "gap", "unit_error", "unadjusted_split", "inconsistent_ohlc",
    }  # fmt: skip
    assert {defect["instrument_id"] for defect in truth} == {"SIMBAD"}
    for defect in truth:
        at = np.flatnonzero(bars.event_time == np.datetime64(defect["event_time"].removesuffix("Z"), "us"))
        match defect["check"]:
            case "gap":
                assert len(at) == 0
            case "duplicate_time":
                assert len(at) == 2
                assert equal(bars.take(at[:1]), bars.take(at[1:]))
            case "non_positive_price":
                assert bars.close[at[0]] < 0
            case "inconsistent_ohlc":
                assert bars.high[at[0]] < bars.low[at[0]]
            case "unit_error":
                assert 80 < bars.close[at[0]] / bars.close[at[0] - 1] < 125
            case "unadjusted_split":
                assert bars.close[at[0]] / bars.close[at[0] - 1] == pytest.approx(0.25, rel=0.08)


def test_nothing_else_is_wrong_with_bad_bars() -> None:
    market = SimulatedMarket(7)
    bars = market.fetch(day("SIMBAD"))
    named = {np.datetime64(defect["event_time"].removesuffix("Z"), "us") for defect in market.truth()}
    rest = bars.take(~np.isin(bars.event_time, list(named)))
    assert (rest.high >= np.maximum(rest.open, rest.close)).all()
    assert (rest.low > 0).all()
    assert (np.diff(rest.event_time) > np.timedelta64(0)).all()
    missing = sum(defect["check"] == "gap" for defect in market.truth())
    doubled = sum(defect["check"] == "duplicate_time" for defect in market.truth())
    assert len(bars) == len(SimulatedMarket(7).fetch(day("SIMNULL"))) - missing + doubled


def test_defects_can_be_asked_for_in_every_instrument() -> None:
    market = SimulatedMarket(7, instruments=("SIMNULL", "SIMALPHA"), defects=True)
    assert {defect["instrument_id"] for defect in market.truth()} == {"SIMNULL", "SIMALPHA"}
    assert SimulatedMarket(7, instruments=("SIMNULL",)).truth() == []


def test_wrong_requests_are_refused_with_a_sentence() -> None:
    with pytest.raises(UnknownSeriesError, match=r"source 'simulated': unknown series 'SIMNUL__1d'.*SIMNULL__1d"):
        SimulatedMarket().fetch(day("SIMNUL"))
    with pytest.raises(UnknownNameError, match="unknown instrument 'AAPL'"):
        SimulatedMarket(instruments=("AAPL",))
    with pytest.raises(SourceError, match="source 'simulated' has no bars"):
        SimulatedMarket(until=datetime(2014, 1, 1, tzinfo=UTC)).fetch(day("SIMNULL"))
    with pytest.raises(SourceError, match="since 2030-01-01"):
        SimulatedMarket().fetch(day("SIMNULL"), since=datetime(2030, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match="0 or more, not -1"):
        SimulatedMarket(-1)
    with pytest.raises(ConfigurationError, match="no time zone"):
        SimulatedMarket(until=datetime(2020, 1, 1))
