"""`python -m benchmarks.peer_vectorbt FOLDER ROUNDS`: vectorbt on the orders that lie in a folder.

Runs in the peers' environment. `orders.npz` holds open and close, shape (t, k), `size` (units to hold from the bar
on, NaN where no order is), cash, commission and slippage. The equity goes to `vectorbt.npz`; what is printed are the
processor seconds of the fastest round: of the equity alone, and of the equity, the trades and the metrics.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks.clocks import processor_seconds


def main(folder: Path, rounds: int) -> None:
    """Write the equity and print the seconds."""
    warnings.simplefilter("ignore")
    with np.load(folder / "orders.npz") as stored:
        given = dict(stored)
    open_, close, size = (pd.DataFrame(given[name]) for name in ("open", "close", "size"))

    def simulate() -> vbt.Portfolio:
        return vbt.Portfolio.from_orders(
            close,
            size=size,
            size_type="targetamount",
            price=open_,
            fees=float(given["commission"]),
            slippage=float(given["slippage"]),
            init_cash=float(given["cash"]),
            cash_sharing=True,
            group_by=True,
            freq="1d",
        )

    def described() -> None:
        portfolio = simulate()
        portfolio.trades.records  # noqa: B018 - vectorbt computes what is asked for
        for measure in MEASURES:
            getattr(portfolio, measure)()

    np.savez(folder / "vectorbt.npz", equity=np.asarray(simulate().value()))
    equity = processor_seconds(lambda: simulate().value(), rounds, lambda: simulate().value())
    print(json.dumps({"equity": equity, "report": processor_seconds(described, rounds, described)}))


# What of our metrics vectorbt has under one name of its own.
MEASURES = (
    "value",
    "benchmark_value",
    "returns",
    "total_return",
    "annualized_return",
    "annualized_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "max_drawdown",
    "calmar_ratio",
    "downside_risk",
    "value_at_risk",
    "cond_value_at_risk",
)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
