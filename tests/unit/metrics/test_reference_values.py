"""Every value that two libraries gave for five real instruments: met, or left out for a reason in docs/metrics.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from trimtab.metrics import relative, sharpe
from trimtab.metrics import trading as ours

ROOT = Path(__file__).parents[3]
Ours = Callable[[np.ndarray, np.ndarray], float]


def named(name: str) -> Ours:
    return lambda own, market: ours.evaluate_returns(own, 252, names=[name])[name]


def beside(name: str) -> Ours:
    return lambda own, market: ours.compare_returns(own, market, 252, names=[name])[name]


EMPYRICAL: dict[str, Ours] = {
    "cum_returns_final": named("total_return"),
    "cagr": named("annual_return"),
    "conditional_value_at_risk": named("expected_shortfall"),
    "rows": named("n_periods"),
}
EMPYRICAL |= {
    name: named(name)
    for name in (
        "annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "omega_ratio",
        "max_drawdown", "downside_risk", "stability_of_timeseries", "tail_ratio", "value_at_risk",
    )
}  # fmt: skip
EMPYRICAL |= {
    name: beside(name)
    for name in ("alpha", "beta", "excess_sharpe", "up_capture", "down_capture", "up_down_capture", "capture")
}
QUANTSTATS: dict[str, Ours] = {
    "sharpe": named("sharpe_ratio"),
    "sortino": named("sortino_ratio"),
    "cagr": named("annual_return"),
    "calmar": named("calmar_ratio"),
    "volatility": named("annual_volatility"),
    "omega": named("omega_ratio"),
    "value_at_risk": named("value_at_risk_gaussian"),
    "expected_shortfall": named("expected_shortfall_gaussian"),
    "ulcer_index": lambda own, market: ours.ulcer_index(own, ddof=1),
    "ulcer_performance_index": lambda own, market: ours.ulcer_performance_index(own, None, ddof=1),
    # The sum of returns over the drawdown of the compounding account; and never negative.
    "recovery_factor": lambda own, market: abs(ours.total_return(own, compounding=False) / ours.max_drawdown(own)),
    "probabilistic_sharpe_ratio": lambda own, market: sharpe.probabilistic_sharpe_ratio(
        ours.sharpe_ratio(own, 1), len(own), skew=ours.skew(own), kurtosis=ours.kurtosis(own) + 3.0
    ),
}
QUANTSTATS |= {
    name: named(name)
    for name in (
        "max_drawdown", "gain_to_pain_ratio", "kelly_criterion", "skew", "kurtosis", "tail_ratio", "profit_factor",
        "payoff_ratio", "win_rate", "common_sense_ratio",
    )
}  # fmt: skip
NOT_OURS = {"serenity_index", "risk_of_ruin", "smart_sharpe"}
LIBRARIES = {"empyrical": EMPYRICAL, "quantstats": QUANTSTATS}
SYMBOLS = ("AAPL", "JPM", "KO", "SPY", "XOM")


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict:
    return json.loads((shared_data / "reference" / "metrics_expected.json").read_text())


@pytest.fixture(scope="module")
def returns(shared_data: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(
        shared_data / "equities_daily.parquet",
        columns=["symbol", "ts", "adj_close"],
        filters=[("symbol", "in", list(SYMBOLS))],
    ).to_pandas()
    return {
        str(symbol): rows.set_index("ts")["adj_close"].pct_change().loc["2010-01-04":"2016-12-30"].to_numpy()
        for symbol, rows in table.groupby("symbol")
    }


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_measures_equal_two_libraries_on_real_returns(
    library: str, symbol: str, expected: dict, returns: dict[str, np.ndarray]
) -> None:
    theirs = {name: value for name, value in expected[library][symbol].items() if name not in NOT_OURS}
    found = {name: LIBRARIES[library][name](returns[symbol], returns["SPY"]) for name in theirs}
    wanted = {name: np.nan if value is None else value for name, value in theirs.items()}
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-15, nan_ok=True)


def test_what_is_not_computed_is_explained(expected: dict) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    theirs = {name for library in LIBRARIES for name in expected[library]["SPY"]}
    assert theirs >= NOT_OURS
    assert [name for name in NOT_OURS if f"`{name}`" not in page] == []


def test_alpha_without_compounding_is_the_intercept_of_a_regression_per_year(returns: dict[str, np.ndarray]) -> None:
    slope, intercept = np.polyfit(returns["SPY"], returns["KO"], 1)
    assert relative.alpha(returns["KO"], returns["SPY"], 252, compounding=False) == pytest.approx(intercept * 252)
    assert relative.beta(returns["KO"], returns["SPY"]) == pytest.approx(slope)
