from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import BacktestReport, run_backtest
from trimtab.backtest.market import Prices, Targets

NAN = float("nan")
TIME = np.datetime64("2024-01-01", "us") + np.arange(8) * np.timedelta64(1, "D").astype("timedelta64[us]")


def market(volume: list[float], open_: list[float] | None = None, close: list[float] | None = None) -> Prices:
    n = len(volume)
    return Prices(TIME[:n], np.array(open_ or [10.0] * n), np.array(close or [10.0] * n), np.array(volume))


def trade(prices: Prices, target: list[float], costs: Costs | None = None, **more: Any) -> BacktestReport:
    targets = Targets(prices.event_time[: len(target)], np.array(target))
    given = {"units": "units", "cash": 1_000.0} | more
    return run_backtest({"A": prices}, {"A": targets}, costs=costs, **given)


def said(report: BacktestReport) -> list[tuple[int, str, float, str]]:
    days = [int(np.searchsorted(TIME, order.event_time)) for order in report.unfilled]
    return [(day, o.reason, o.units, o.outcome) for day, o in zip(days, report.unfilled, strict=True)]


def test_an_order_waits_through_bars_without_volume() -> None:
    report = trade(market([5.0, 0.0, 0.0, 5.0, 5.0]), [3.0])
    assert said(report) == [(1, "no volume", 3.0, "filled later")]
    assert report.trades[0].entry_time == TIME[3]


def test_an_order_waits_through_bars_without_a_price() -> None:
    report = trade(market([5.0] * 4, open_=[10.0, NAN, 11.0, 11.0]), [3.0])
    assert said(report) == [(1, "no price", 3.0, "filled later")]
    assert report.trades[0].entry_price == 11.0


def test_a_missing_close_leaves_the_last_known_value() -> None:
    report = trade(market([5.0] * 4, close=[10.0, 12.0, NAN, 13.0]), [1.0])
    assert report.equity.tolist() == [1_000.0, 1_002.0, 1_002.0, 1_003.0]
    assert report.benchmark.tolist() == [1_000.0, 1_200.0, 1_200.0, 1_300.0]


def test_a_newer_target_replaces_an_order_that_waits() -> None:
    report = trade(market([5.0, 0.0, 5.0, 5.0]), [3.0, -2.0])
    assert said(report) == [(1, "no volume", 3.0, "replaced")]
    assert [(t.side, t.units) for t in report.trades] == [("short", 2.0)]


def test_an_order_that_waits_until_the_bars_end_expires() -> None:
    report = trade(market([5.0, 0.0, 0.0]), [3.0])
    assert said(report) == [(1, "no volume", 3.0, "expired")]
    assert report.n_fills == 0


def test_an_order_that_no_bar_follows_is_listed() -> None:
    report = trade(market([5.0] * 3), [1.0, 1.0, 4.0])
    assert said(report) == [(2, "no bar follows", 3.0, "expired")]
    late = trade(market([5.0] * 3), [1.0, 2.0, 2.0], delay_bars=1)
    assert said(late) == [(1, "no bar follows", 1.0, "expired")]
    both = trade(market([5.0] * 3), [1.0, 2.0, 5.0], delay_bars=1)
    assert said(both) == [(1, "no bar follows", 1.0, "replaced"), (2, "no bar follows", 4.0, "expired")]


def test_a_weight_that_no_bar_follows_is_sized_at_the_last_prices() -> None:
    report = trade(market([5.0] * 3, close=[10.0, 10.0, 20.0]), [0.0, 0.0, 0.5], units="weights")
    assert said(report) == [(2, "no bar follows", 25.0, "expired")]


def test_an_order_for_an_instrument_whose_bars_have_ended_is_listed() -> None:
    ended, going = market([5.0] * 3), market([5.0] * 6)
    positions = {"B": Targets(TIME[1:2], np.array([2.0]))}
    report = run_backtest({"A": going, "B": ended}, positions, units="units", cash=1_000.0, since=TIME[3])
    assert [(o.instrument_id, o.event_time, o.reason) for o in report.unfilled] == [("B", TIME[2], "no bar follows")]
    assert report.n_fills == 0


def test_a_bar_fills_at_most_its_share_and_the_rest_waits() -> None:
    report = trade(market([50.0, 50.0, 20.0, 50.0, 50.0]), [12.0], Costs(max_volume_share=0.1))
    np.testing.assert_allclose(report.weights[:, 0] * report.equity / 10.0, [0.0, 5.0, 7.0, 12.0, 12.0])
    assert report.n_fills == 3
    assert report.unfilled == ()  # filling over several bars is what was asked for


def test_a_rest_that_is_never_filled_is_listed() -> None:
    replaced = trade(market([50.0] * 5), [12.0, 12.0, 2.0], Costs(max_volume_share=0.1))
    assert said(replaced) == [(1, "more than the volume share", 2.0, "replaced")]
    assert replaced.weights[-1, 0] * replaced.equity[-1] == pytest.approx(20.0)
    expired = trade(market([50.0] * 3), [-12.0], Costs(max_volume_share=0.1))
    assert said(expired) == [(1, "more than the volume share", -2.0, "expired")]


def test_a_weight_is_sized_in_the_bar_in_which_it_begins_to_fill_and_then_kept() -> None:
    prices = market([50.0, 0.0, 50.0, 50.0, 50.0], open_=[10.0, 10.0, 20.0, 40.0, 40.0], close=[10.0] * 5)
    report = trade(prices, [0.4], Costs(max_volume_share=0.3), units="weights")
    assert report.trades[0].units == pytest.approx(0.4 * 1_000.0 / 20.0)
    assert said(report) == [(1, "no volume", 40.0, "filled later")]  # at the prices of that bar


def test_a_bar_of_unknown_volume_fills_nothing_only_where_volume_limits() -> None:
    prices = market([50.0, NAN, 50.0, 50.0])
    assert trade(prices, [3.0]).unfilled == ()
    assert said(trade(prices, [3.0], Costs(max_volume_share=0.1))) == [(1, "no volume", 3.0, "filled later")]


def test_a_volume_of_zero_throughout_is_an_unknown_one() -> None:
    report = trade(market([0.0] * 4), [3.0])
    assert report.n_fills == 1
    assert report.unfilled == ()


def test_a_target_that_is_held_already_is_no_order() -> None:
    report = trade(market([5.0, 5.0, 0.0, 0.0]), [1.0, 1.0, 1.0, 1.0])
    assert (report.n_fills, report.unfilled) == (1, ())


def test_the_document_lists_what_did_not_fill() -> None:
    document = trade(market([5.0, 0.0, 5.0, 5.0]), [3.0]).to_json()
    assert document["n_unfilled"] == 1
    assert document["unfilled"] == [
        {
            "instrument_id": "A",
            "event_time": "2024-01-02T00:00:00Z",
            "reason": "no volume",
            "units": 3.0,
            "outcome": "filled later",
        }
    ]
