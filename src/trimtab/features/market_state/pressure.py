"""Pressure: which side trades, and for how long."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import lagged, ratio
from trimtab.features.kernels.windows import window_covariance, window_sum
from trimtab.features.market_state.shared import SURPRISE, bulk_classified, correlation

market_state = partial(feature, "market_state")
HLC = ("high", "low", "close")


@market_state(
    "volume_imbalance_{n}", "Bought less sold volume of {n} bars as a share of it, sides inferred from returns.",
    formula="sum(volume (2 N(r / stdev(r, 20)) - 1), {n}) / sum(volume, {n}); Easley et al. 2012; 0 without volume",
    inputs=("close", "volume"), n=(5, 20), lookback=lambda n: 20 + n - 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def volume_imbalance(c: Context, n: int) -> np.ndarray:
    return ratio(window_sum(c.of(bulk_classified, c), n), c.of(window_sum, "volume", n), 0.0)


@market_state(
    "buying_pressure_{n}", "Share of the true range of {n} bars that closes regained, weighted by volume; 0.5 without either.",
    formula="sum(volume (close - min(low, close[t-1])), {n}) / sum(volume true range, {n})",
    inputs=(*HLC, "volume"), n=(5, 20), lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def buying_pressure(c: Context, n: int) -> np.ndarray:
    regained = window_sum(c.volume * (c.close - np.minimum(c.low, c.previous_close)), n)
    return np.minimum(ratio(regained, window_sum(c.volume * c.true_range, n), 0.5), 1.0)


@market_state(
    "flow_toxicity_{n}", "Mean one-sidedness of the volume of {n} bars: 0 balanced, 1 all on one side of each bar.",
    formula="sum(|x|, {n}) / sum(volume, {n}), x = volume (2 N(r / stdev(r, 20)) - 1); VPIN over bars, Easley et al. 2012",
    inputs=("close", "volume"), n=(20, 60), lookback=lambda n: SURPRISE + n - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def flow_toxicity(c: Context, n: int) -> np.ndarray:
    one_sided = window_sum(np.abs(c.of(bulk_classified, c)), n)
    return np.minimum(ratio(one_sided, c.of(window_sum, "volume", n), 0.0), 1.0)


@market_state(
    "flow_persistence_{n}", "Correlation of bought less sold volume with that of the bar before, over {n} bars.",
    formula="corr(x[t], x[t-1], {n}), x = volume (2 N(r / stdev(r, 20)) - 1), 0 without; Hasbrouck & Ho 1987",
    inputs=("close", "volume"), n=(60,), lookback=lambda n: SURPRISE + n, bounds=(-1.0, 1.0),
)  # fmt: skip
def flow_persistence(c: Context, n: int) -> np.ndarray:
    flow = c.of(bulk_classified, c)
    return correlation(*window_covariance(flow, lagged(flow, 1), n))
