"""The account beside two public engines on identical signals and prices.

`public_engines.json` holds every tenth equity of both, run once with the versions it names: backtesting's
`Strategy.next` orders the difference to the wanted units (`commission=`, `finalize_trades=False`), vectorbt's
`Portfolio.from_orders` gets the orders one bar later at `price=open` (`fees=`, `slippage=`; units as
`size_type="amount"`, weights as "targetpercent" with `group_by=True, cash_sharing=True, call_seq="auto"`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trimtab.backtest.costs import basis_points
from trimtab.backtest.engine import run_backtest
from trimtab.backtest.market import Prices, Targets
from trimtab.bars.sources.sample import PackagedSample
from trimtab.market import Series, Timeframe

STORED = json.loads(Path(__file__).with_name("public_engines.json").read_text())
CASES = {case["name"]: case for case in STORED["cases"]}


def sample(instruments: list[str]) -> dict[str, Prices]:
    """Raw prices on the bars that all of them have, as the engines saw them."""
    bars = [PackagedSample().fetch(Series(name, Timeframe.DAY)) for name in instruments]
    shared = set.intersection(*(set(own.event_time.tolist()) for own in bars))
    kept = [own.take(np.isin(own.event_time, np.array(sorted(shared), own.event_time.dtype))) for own in bars]
    return {name: Prices(own.event_time, own.open, own.close) for name, own in zip(instruments, kept, strict=True)}


def crossings(prices: Prices, above: float, below: float) -> Targets:
    fast, slow = (pd.Series(prices.close).rolling(window).mean().to_numpy() for window in (10, 20))
    return Targets(prices.event_time, np.where(np.isnan(slow), 0.0, np.where(fast > slow, above, below)))


def digest(prices: dict[str, Prices]) -> str:
    columns = [column for own in prices.values() for column in (own.open, own.close)]
    return hashlib.sha256(b"".join(np.ascontiguousarray(column, "<f8").tobytes() for column in columns)).hexdigest()


def equity_of(case: dict[str, Any]) -> np.ndarray:
    prices = sample(case["instruments"])
    assert digest(prices) == STORED["sha256"][", ".join(case["instruments"])], "these are not the prices they saw"
    report = run_backtest(
        prices,
        {name: crossings(own, case["above"], case["below"]) for name, own in prices.items()},
        units=case["positions"],
        cash=STORED["cash"],
        costs=basis_points(case["commission_bps"], case["slippage_bps"]),
    )
    return np.append(report.equity[:: STORED["every"]], report.equity[-1])


@pytest.mark.parametrize("name", CASES)
def test_equity_equals_that_of_public_engines_on_every_stored_bar(name: str) -> None:
    ours = equity_of(CASES[name])
    assert CASES[name]["equity"]
    for engine, stored in CASES[name]["equity"].items():
        np.testing.assert_allclose(ours, stored, rtol=1e-9, atol=0.0, err_msg=engine)


def test_both_public_engines_were_asked_with_and_without_costs_long_and_short() -> None:
    both = [case for case in CASES.values() if set(case["equity"]) == {"backtesting", "vectorbt"}]
    assert {(case["below"] < 0, case["commission_bps"] > 0) for case in both} == {
        (side, cost) for side in (False, True) for cost in (False, True)
    }
