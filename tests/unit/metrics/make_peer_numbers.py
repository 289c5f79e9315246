"""Write peer_numbers.json: what quantstats and alphalens say about a small made-up input, with their versions.

They need other libraries than trimtab, so they run once, in an environment of their own:
`pip install quantstats==0.0.86 alphalens-reloaded==0.5.1`, then `python make_peer_numbers.py`.
The input is stored beside the numbers, so the tests do not depend on a generator of random numbers.
"""

from __future__ import annotations

import json
import math
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).with_name("peer_numbers.json")
N_TIMES, N_INSTRUMENTS, N_QUANTILES = 12, 10, 4
PLAIN = [
    "sharpe",
    "sortino",
    "cagr",
    "calmar",
    "volatility",
    "max_drawdown",
    "omega",
    "ulcer_index",
    "ulcer_performance_index",
    "gain_to_pain_ratio",
    "kelly_criterion",
    "skew",
    "kurtosis",
    "value_at_risk",
    "expected_shortfall",
    "tail_ratio",
    "profit_factor",
    "payoff_ratio",
    "win_rate",
    "common_sense_ratio",
    "recovery_factor",
]


def of_returns(random: np.random.Generator) -> dict:
    import quantstats.stats as qs

    market = np.round(0.01 * random.standard_t(4, 250) + 0.0005, 6)
    own = np.round(0.7 * market + 0.008 * random.normal(size=250) + 0.001, 6)
    own[[10, 90]] = 0.0
    index = pd.bdate_range("2020-01-01", periods=250)
    returns, benchmark = pd.Series(own, index), pd.Series(market, index)
    numbers = {name: float(getattr(qs, name)(returns)) for name in PLAIN}
    greeks = qs.greeks(returns, benchmark, periods=252)
    numbers |= {
        "information_ratio": float(qs.information_ratio(returns, benchmark)),
        "alpha": float(greeks["alpha"]),
        "beta": float(greeks["beta"]),
        "r_squared": float(qs.r_squared(returns, benchmark)),
        "omega_required_5_pct_a_year": float(qs.omega(returns, required_return=0.05)),
        "value_at_risk_1_pct": float(qs.value_at_risk(returns, confidence=0.99)),
        "expected_shortfall_historical": float(qs.expected_shortfall(returns, method="historical")),
        "rolling_sharpe_63": listed(qs.rolling_sharpe(returns, rolling_period=63)),
    }
    table = qs.drawdown_details(qs.to_drawdown_series(returns)).sort_values("max drawdown").head(5)
    place = {day.strftime("%Y-%m-%d"): number for number, day in enumerate(index)}
    numbers["drawdowns"] = [
        {
            "start": place[row["start"]],
            "trough": place[row["valley"]],
            "end": place[row["end"]],
            "depth": row["max drawdown"] / 100,
        }
        for _, row in table.iterrows()
    ]
    return {"returns": own.tolist(), "benchmark": market.tolist(), "quantstats": numbers}


def of_forecasts(random: np.random.Generator) -> dict:
    import alphalens

    forecast = np.round(random.normal(size=(N_TIMES, N_INSTRUMENTS)).cumsum(axis=0), 4)
    outcome = np.round(0.01 * forecast + 0.03 * random.normal(size=forecast.shape), 6)
    days = pd.date_range("2020-01-01", periods=N_TIMES, name="date")
    index = pd.MultiIndex.from_product([days, [f"I{k}" for k in range(N_INSTRUMENTS)]], names=["date", "asset"])
    data = pd.DataFrame({"1D": outcome.ravel(), "factor": forecast.ravel()}, index)
    data["factor_quantile"] = alphalens.utils.quantize_factor(data, quantiles=N_QUANTILES)
    ic = alphalens.performance.factor_information_coefficient(data)["1D"]
    means = {
        demeaned: alphalens.performance.mean_return_by_quantile(data, demeaned=demeaned)[0]["1D"].tolist()
        for demeaned in (True, False)
    }
    turned = alphalens.performance.quantile_turnover
    numbers = {
        "factor_quantile": data["factor_quantile"].astype(int).tolist(),
        "information_coefficient": listed(ic),
        "ic_information_ratio": float(ic.mean() / ic.std()),
        "mean_return_by_quantile": means[False],
        "mean_return_by_quantile_demeaned": means[True],
        "quantile_turnover": {
            f"{which}/{lag}": listed(turned(data["factor_quantile"], which, lag).reindex(days))
            for which in (1, N_QUANTILES)
            for lag in (1, 2)
        },
        "factor_rank_autocorrelation": {
            str(lag): listed(alphalens.performance.factor_rank_autocorrelation(data, lag)) for lag in (1, 3)
        },
    }
    return {"forecast": forecast.tolist(), "outcome": outcome.tolist(), "alphalens": numbers}


def listed(values: pd.Series) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    names = ("quantstats", "alphalens-reloaded", "pandas", "numpy")
    random = np.random.default_rng(20)
    document = {"versions": {name: version(name) for name in names}} | of_returns(random) | of_forecasts(random)
    OUT.write_text(json.dumps(document) + "\n")
