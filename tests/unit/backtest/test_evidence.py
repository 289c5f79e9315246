from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk

from trimtab.backtest.comparison import against_benchmark
from trimtab.backtest.costs import basis_points
from trimtab.backtest.evidence import BENCHMARK, gather_evidence
from trimtab.backtest.holding import returns_of
from trimtab.backtest.market import Targets, prices_of
from trimtab.backtest.simulation import ForecastCover, Simulation

BARS = {name: random_walk(300, seed, name) for seed, name in enumerate(("AAA", "BBB"))}
MARKET = ("SPX", prices_of(random_walk(300, 9, "SPX")))
SIMULATION = Simulation(
    {name: prices_of(bars) for name, bars in BARS.items()},
    {name: Targets(bars.event_time, 0.4 * np.sign(np.sin(np.arange(300) / 7.0))) for name, bars in BARS.items()},
    "weights",
    cash=1000.0,
    costs=basis_points(2.0, 3.0),
    delay_bars=0,
)


def document(**asked: Any) -> dict[str, Any]:
    found = gather_evidence(SIMULATION, seed=1, **asked).to_json()
    return json.loads(json.dumps(found, allow_nan=False))


def test_the_document_holds_what_later_stages_read() -> None:
    found = document(market=MARKET, with_surface=True)
    assert {"metrics", "benchmark", "periods_per_year", "equity", "trades"} <= found.keys()
    assert found["benchmark_name"] == BENCHMARK
    assert len(found["benchmark_equity"]) == len(found["equity"]) == len(found["market"]["equity"]) == 300
    assert found["market"]["name"] == "SPX"
    assert {"alpha", "beta", "information_ratio", "p_value", "excess_return_sum_low"} <= found[
        "against_benchmark"
    ].keys()
    assert [interval["measure"] for interval in found["intervals"]] == ["sharpe_ratio", "annual_return", "max_drawdown"]
    assert np.shape(found["surface"]["sharpe_ratio"]) == (6, 4)
    assert found["costs"]["commission_bps"] == 2.0
    assert (found["fill"], found["delay_bars"]) == ("next_open", 0)


def test_it_is_the_same_every_time_and_another_seed_draws_another_interval() -> None:
    assert document() == document()
    assert document()["intervals"] != gather_evidence(SIMULATION, seed=2).to_json()["intervals"]


def test_what_was_not_asked_for_is_unknown() -> None:
    found = document()
    assert found["surface"] is None
    assert found["market"] is None


def test_the_account_is_compared_with_both_benchmarks_over_its_own_bars() -> None:
    evidence = gather_evidence(SIMULATION, seed=1, market=MARKET)
    report = evidence.report
    assert evidence.market is not None
    for found, equity in (
        (evidence.against_benchmark, report.benchmark),
        (evidence.against_market, evidence.market.equity),
    ):
        expected = against_benchmark(
            report.returns, returns_of(equity, 1000.0), periods_per_year=report.periods_per_year, seed=1
        )
        assert found == expected
    assert evidence.against_benchmark != evidence.against_market


def test_values_with_an_interval_are_those_of_the_report() -> None:
    evidence = gather_evidence(SIMULATION, seed=1)
    for interval in evidence.intervals:
        assert interval.value == evidence.report.metrics[interval.measure]
        assert interval.low < interval.value < interval.high


def test_an_account_that_lost_more_than_everything_has_no_interval_of_a_growth_it_does_not_have() -> None:
    bars = bars_from_closes([100.0] * 3 + [350.0] * 3 + [200.0] * 40)
    short = Simulation({"AAA": prices_of(bars)}, {"AAA": Targets(bars.event_time[:1], -np.ones(1))}, "weights")
    found = gather_evidence(short, seed=1).to_json()
    assert found["metrics"]["annual_return"] is None
    (growth,) = [interval for interval in found["intervals"] if interval["measure"] == "annual_return"]
    assert (growth["value"], growth["low"], growth["high"]) == (None, None, None)


def test_the_break_even_cost_is_one_number_wherever_it_stands() -> None:
    found = document(with_surface=True)
    cost = found["break_even_cost_bps"]
    assert found["metrics"]["break_even_cost_bps"] == cost
    if cost is not None:
        assert SIMULATION.at_cost(cost).run().equity[-1] == pytest.approx(1000.0)


def test_a_market_without_bars_in_the_time_of_the_account_is_unknown() -> None:
    old = ("SPX", prices_of(random_walk(50, 9, "SPX", "1990-01-01")))
    assert document(market=old)["market"] is None


def test_without_a_trade_there_is_no_break_even_cost_and_the_document_says_so() -> None:
    idle = replace(SIMULATION, positions={})
    for with_surface in (False, True):
        found = gather_evidence(idle, seed=1, with_surface=with_surface).to_json()
        assert (found["break_even_cost_bps"], found["break_even_reason"]) == (None, "nothing was traded")


def test_where_there_is_a_break_even_cost_no_reason_is_given_and_for_a_loser_there_is_one() -> None:
    assert document()["break_even_reason"] == "it loses even without costs"
    losing = replace(
        SIMULATION, positions={name: own._replace(target=-own.target) for name, own in SIMULATION.positions.items()}
    )
    both = [gather_evidence(each, seed=1, with_surface=True).to_json() for each in (SIMULATION, losing)]
    assert any(each["break_even_reason"] == "it loses even without this cost" for each in both)
    assert all((each["break_even_cost_bps"] is None) == bool(each["break_even_reason"]) for each in both)


def test_the_reach_of_forecasts_is_told_where_positions_come_from_them() -> None:
    assert document()["forecasts"] is None
    found = gather_evidence(replace(SIMULATION, cover=ForecastCover(40, 10, 2)), seed=1).to_json()["forecasts"]
    assert found == {"n_bars": 40, "n_without": 10, "n_lapsed": 2, "share_without": 0.25}
    assert ForecastCover(0, 0, 0).to_json()["share_without"] is None


def test_an_account_that_loses_before_costs_has_no_break_even_cost_with_a_surface_or_without() -> None:
    falling = bars_from_closes(100.0 * 0.99 ** np.arange(40))
    loser = Simulation({"AAA": prices_of(falling)}, {"AAA": Targets(falling.event_time[:1], np.ones(1))}, "units")
    for with_surface in (True, False):
        found = gather_evidence(loser, seed=1, with_surface=with_surface).to_json()
        assert found["break_even_cost_bps"] is None
        assert found["break_even_reason"].startswith("it loses even without")
