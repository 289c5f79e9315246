"""GARCH(1,1): the volatility to expect of the next bar, from parameters estimated on the past alone."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.garch import garch_filter
from trimtab.features.kernels.ratios import ratio

market_state = partial(feature, "market_state")
WINDOW, EVERY = 250, 21  # returns of an estimation; bars an estimation may be old
LOOKBACK = WINDOW + EVERY
METHOD = "r ~ N(0, h), h[t+1] = T (1 - a - b) + a r[t]^2 + b h[t]; T, a, b of 250 bars ending 1 to 21 bars before"


@market_state(
    "garch_volatility", "Volatility that GARCH(1,1) expects of the next bar; 0 where nothing moved.",
    formula=f"sqrt(h[t+1]), {METHOD}; Bollerslev 1986", lookback=LOOKBACK, bounds=(0.0, None),
)  # fmt: skip
def garch_volatility(c: Context) -> np.ndarray:
    return np.sqrt(c.of(_garch, c)[0])


@market_state(
    "garch_ratio", "Volatility expected of the next bar against that of the long run; 1 where nothing moved.",
    formula=f"sqrt(h[t+1] / T), {METHOD}", lookback=LOOKBACK, bounds=(0.0, None),
)  # fmt: skip
def garch_ratio(c: Context) -> np.ndarray:
    forecast, long_run, _, _ = c.of(_garch, c)
    return np.sqrt(ratio(forecast, long_run, 1.0))


@market_state(
    "garch_persistence", "Share of a change of volatility that is still there a bar later.",
    formula=f"a + b, {METHOD}", lookback=LOOKBACK, bounds=(0.0, 0.999),
)  # fmt: skip
def garch_persistence(c: Context) -> np.ndarray:
    return c.of(_garch, c)[2]


@market_state(
    "garch_surprise", "Return of the bar in units of the volatility that had been expected of it; 0 without any.",
    formula=f"r[t] / sqrt(h[t]), {METHOD}", lookback=LOOKBACK,
)  # fmt: skip
def garch_surprise(c: Context) -> np.ndarray:
    return ratio(c.log_return, np.sqrt(c.of(_garch, c)[3]), 0.0)


def _garch(c: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return garch_filter(c.log_return, c.event_time.view(np.int64), WINDOW, EVERY)
