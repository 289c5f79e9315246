from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.backtest.costs import basis_points
from trimtab.backtest.engine import run_backtest
from trimtab.backtest.forecasts import backtest_forecasts, simulation_of
from trimtab.backtest.market import Fill, Targets, prices_of
from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, DatasetError, NotEnoughDataError
from trimtab.signals.positions import target_positions
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import OutOfSample, walk_forward

BARS = {name: random_walk(400, seed, name, "2015-01-01") for seed, name in enumerate(("AAA", "BBB"))}


def judged() -> tuple[Dataset, OutOfSample]:
    dataset = make_dataset(600)
    report = walk_forward(dataset, lambda train, _: FirstFeatureForecaster(train.feature_names), WalkForward())
    return dataset, report.out_of_sample


def published_late(dataset: Dataset, lag: np.timedelta64) -> Dataset:
    """The same samples, decided and realised `lag` later, as where bars are published late."""
    late = {name: getattr(dataset, name) + lag for name in ("decision_time", "label_start", "label_end")}
    return replace(dataset, **late)


def test_the_account_runs_from_the_first_possible_fill_to_the_end_of_the_last_label() -> None:
    dataset, forecasts = judged()
    report = backtest_forecasts(dataset, forecasts, BARS, rule="long_short")
    assert report.event_time[0] == dataset.decision_time[forecasts.row[0]]
    assert report.event_time[-1] + np.timedelta64(1, "D") == dataset.label_end.max()


def test_what_is_held_is_what_the_rule_said_a_bar_ago_shared_among_instruments() -> None:
    dataset, forecasts = judged()
    report = backtest_forecasts(dataset, forecasts, BARS, rule="long_short", threshold=0.6)
    first = dataset.instrument[forecasts.row] == 0
    said = target_positions(forecasts.value[first], "long_short", 0.6)
    assert (np.sign(report.weights[:, 0]) == said[: len(report.weights)]).all()
    assert np.abs(report.weights).max() < 0.7


@pytest.mark.parametrize("hours", [0, 5, 24, 72])
def test_no_forecast_fills_before_it_is_decided_and_every_one_at_the_next_open(hours: int) -> None:
    dataset, forecasts = judged()
    dataset = published_late(dataset, np.timedelta64(hours, "h"))
    report = backtest_forecasts(dataset, forecasts, BARS, rule="long_short")
    decided, instrument = dataset.decision_time[forecasts.row], dataset.instrument[forecasts.row]
    for code, name in enumerate(dataset.instruments):
        mine = instrument == code
        said = target_positions(forecasts.value[mine], "long_short", 0.5)
        newest = [np.flatnonzero(decided[mine] <= opened)[-1] for opened in report.event_time]
        assert (np.sign(report.weights[:, code]) == said[newest]).all()
        for trade in (trade for trade in report.trades if trade.instrument_id == name):
            side = 1.0 if trade.side == "long" else -1.0
            behind = np.flatnonzero(decided[mine] <= trade.entry_time)
            assert len(behind)
            assert said[behind[-1]] == side


def test_where_bars_come_at_their_close_forecasts_trade_as_if_named_by_their_own_bar() -> None:
    dataset, forecasts = judged()
    report = backtest_forecasts(dataset, forecasts, BARS, rule="long_short", costs=basis_points(10.0))
    opened, instrument = dataset.event_time[forecasts.row], dataset.instrument[forecasts.row]
    share = target_positions(forecasts.value, "long_short", 0.5) / 2
    targets = {
        name: Targets(opened[instrument == code], share[instrument == code]) for code, name in enumerate(("AAA", "BBB"))
    }
    last = np.searchsorted(BARS["AAA"].event_time, report.event_time[-1]) + 1
    prices = {name: prices_of(bars.take(slice(0, last))) for name, bars in BARS.items()}
    plain = run_backtest(prices, targets, units="weights", cash=100_000.0, costs=basis_points(10.0))
    assert [str(trade) for trade in report.trades] == [str(trade) for trade in plain.trades]  # NaT is not NaT
    np.testing.assert_array_equal(report.equity, plain.equity[-len(report.equity) :])


def test_of_several_decisions_before_one_open_the_newest_is_traded() -> None:
    dataset, forecasts = judged()
    opens = BARS["AAA"].event_time
    closed_days = (np.arange(len(opens)) % 7) >= 5
    bars = {name: own.take(~closed_days) for name, own in BARS.items()}
    report = backtest_forecasts(dataset, forecasts, bars, rule="long_short")
    decided, mine = dataset.decision_time[forecasts.row], dataset.instrument[forecasts.row] == 0
    said = target_positions(forecasts.value[mine], "long_short", 0.5)
    newest = [np.flatnonzero(decided[mine] <= opened)[-1] for opened in report.event_time]
    assert (np.diff(newest) == 3).any()  # three decisions from Friday's close to Monday's open
    assert (np.sign(report.weights[:, 0]) == said[newest]).all()


def test_buy_and_hold_starts_at_the_open_at_which_the_strategy_can() -> None:
    dataset, forecasts = judged()
    always = replace(forecasts, value=np.ones(len(forecasts.value)))
    report = backtest_forecasts(dataset, always, BARS, rule="long_flat")
    np.testing.assert_allclose(report.equity, report.benchmark)
    first = np.searchsorted(BARS["AAA"].event_time, report.event_time[0])
    bought = [50_000.0 / bars.adjusted().open[first] for bars in BARS.values()]
    closes = [bars.adjusted().close[first : first + len(report.equity)] for bars in BARS.values()]
    np.testing.assert_allclose(report.benchmark, bought[0] * closes[0] + bought[1] * closes[1])


def test_forecasts_that_no_bar_follows_are_refused() -> None:
    dataset, forecasts = judged()
    old = {name: bars.take(slice(0, 100)) for name, bars in BARS.items()}
    with pytest.raises(NotEnoughDataError, match="none can fill"):
        backtest_forecasts(dataset, forecasts, old, rule="long_flat")


def test_costs_only_take() -> None:
    dataset, forecasts = judged()
    free, charged = (
        backtest_forecasts(dataset, forecasts, BARS, rule="long_short", costs=basis_points(bps)) for bps in (0.0, 10.0)
    )
    assert charged.metrics["final_equity"] < free.metrics["final_equity"]


def test_a_split_is_no_loss_because_prices_are_adjusted() -> None:
    dataset, forecasts = judged()
    raw = BARS["AAA"]
    halved = np.where(np.arange(400) >= 200, 0.5, 1.0)
    split = replace(raw, open=raw.open * halved, close=raw.close * halved, factor=0.5 / halved)
    plain = backtest_forecasts(dataset, forecasts, BARS, rule="long_flat")
    after_split = backtest_forecasts(dataset, forecasts, BARS | {"AAA": split}, rule="long_flat")
    np.testing.assert_allclose(after_split.equity, plain.equity)


def test_an_instrument_without_bars_is_named() -> None:
    dataset, forecasts = judged()
    with pytest.raises(DatasetError, match="BBB"):
        backtest_forecasts(dataset, forecasts, {"AAA": BARS["AAA"]}, rule="long_flat")


@pytest.mark.parametrize("fill", ["next_open", "close"])
def test_with_a_delay_account_and_benchmark_start_where_the_first_forecast_fills(fill: Fill) -> None:
    dataset, forecasts = judged()
    always = replace(forecasts, value=np.ones(len(forecasts.value)))
    at_once, later = (
        simulation_of(dataset, always, BARS, rule="long_flat", fill=fill, delay_bars=delay) for delay in (0, 3)
    )
    assert later.since - at_once.since == np.timedelta64(3, "D")
    report = later.run()
    assert {trade.entry_time for trade in report.trades} == {later.since}
    np.testing.assert_allclose(report.equity, report.benchmark)


def test_more_exposure_than_leverage_allows_is_refused() -> None:
    dataset, forecasts = judged()
    with pytest.raises(ConfigurationError, match="max_leverage"):
        backtest_forecasts(dataset, forecasts, BARS, rule="long_short", max_exposure=1.5, max_leverage=1.0)
    assert backtest_forecasts(dataset, forecasts, BARS, rule="long_short", max_exposure=1.0, max_leverage=1.0).trades


def without(forecasts: OutOfSample, gone: np.ndarray) -> OutOfSample:
    """The forecasts but for some."""
    kept = {each.name: getattr(forecasts, each.name) for each in fields(OutOfSample)}
    return OutOfSample(**{name: None if value is None else value[~gone] for name, value in kept.items()})


def test_a_target_is_given_up_when_its_label_has_ended_and_nothing_newer_was_said() -> None:
    dataset, forecasts = judged()
    always = replace(forecasts, value=np.ones(len(forecasts.value)))
    day = np.unique(dataset.decision_time[always.row])
    of_gap = np.isin(dataset.decision_time[always.row], day[40:60])
    gone = of_gap & (dataset.instrument[always.row] == 0)
    simulation = simulation_of(dataset, without(always, gone), BARS, rule="long_flat")
    report = simulation.run()
    held = report.weights > 0.0
    ended = dataset.label_end[always.row][dataset.decision_time[always.row] == day[39]][0]
    is_flat = (report.event_time >= ended) & (report.event_time < day[60])
    np.testing.assert_array_equal(held[:, 0], ~is_flat)
    assert held[:, 1].all()
    assert simulation.cover is not None
    assert (simulation.cover.n_without, simulation.cover.n_lapsed) == (20, 1)
    assert simulation.cover.n_bars == len(always.row)
    assert not report.unfilled


def test_an_instrument_whose_forecasts_stop_is_sold_when_the_last_label_ends() -> None:
    dataset, forecasts = judged()
    always = replace(forecasts, value=np.ones(len(forecasts.value)))
    times, mine = dataset.decision_time[always.row], dataset.instrument[always.row] == 1
    stop = np.unique(times)[2]
    report = backtest_forecasts(dataset, without(always, mine & (times > stop)), BARS, rule="long_flat")
    ended = dataset.label_end[always.row][mine & (times == stop)][0]
    np.testing.assert_array_equal(report.weights[:, 1] > 0.0, report.event_time < ended)
    assert [trade.exit_time for trade in report.trades if trade.instrument_id == "BBB"] == [ended]


@pytest.mark.parametrize("delay", [0, 2])
@pytest.mark.parametrize("fill", ["next_open", "close", "next_close"])
def test_without_a_gap_nothing_lapses_and_at_the_end_nothing_is_left_unfilled(fill: Fill, delay: int) -> None:
    dataset, forecasts = judged()
    simulation = simulation_of(dataset, forecasts, BARS, rule="long_short", fill=fill, delay_bars=delay)
    assert simulation.cover is not None
    assert (simulation.cover.n_without, simulation.cover.n_lapsed) == (0, 0)
    assert delay or not simulation.run().unfilled


def test_labels_of_several_bars_hold_a_target_over_a_shorter_gap() -> None:
    dataset, forecasts = judged()
    long = replace(dataset, label_end=dataset.label_end + np.timedelta64(4, "D"))
    always = replace(forecasts, value=np.ones(len(forecasts.value)))
    day = np.unique(dataset.decision_time[always.row])
    for n_days, n_lapsed in ((4, 0), (5, 2)):
        kept = without(always, np.isin(dataset.decision_time[always.row], day[30 : 30 + n_days]))
        cover = simulation_of(long, kept, BARS, rule="long_flat").cover
        assert cover is not None
        assert (cover.n_lapsed, cover.n_without) == (n_lapsed, 2 * n_days)
