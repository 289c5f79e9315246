"""Liquidity: what a trade costs and moves, as far as bars tell."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import window_rank
from trimtab.features.kernels.ratios import lagged, ratio
from trimtab.features.kernels.spreads import abdi_ranaldo, corwin_schultz
from trimtab.features.kernels.windows import window_covariance, window_mean_variance, window_sum
from trimtab.features.market_state.shared import SURPRISE, YEAR, bulk_classified

market_state = partial(feature, "market_state")
HLC = ("high", "low", "close")


@market_state(
    "amihud_ratio_{fast}_{slow}", "Price impact of {fast} bars over that of {slow}: above 1 is less liquid than usual.",
    formula="mean(|r| / (close volume), {fast}) / mean(same, {slow}); Amihud 2002; bars without volume count as 0",
    inputs=("close", "volume"), fast=(20,), slow=(120,),
    lookback=lambda fast, slow: slow, bounds=lambda fast, slow: (0.0, slow / fast),
)  # fmt: skip
def amihud_ratio(c: Context, fast: int, slow: int) -> np.ndarray:
    impact = ratio(np.abs(c.log_return), c.close * c.volume, 0.0)
    means = window_sum(impact, fast) / fast, window_sum(impact, slow) / slow
    return np.minimum(ratio(*means, 1.0), slow / fast)


@market_state(
    "roll_spread_{n}", "Effective spread implied by the bounce of {n} returns, as a share of the price.",
    formula="2 sqrt(max(0, -cov(r[t], r[t-1], {n}))); Roll 1984", n=(20, 60), lookback=lambda n: n + 1,
    bounds=(0.0, None), version=2,
)  # fmt: skip
def roll_spread(c: Context, n: int) -> np.ndarray:
    covariance, one, other = window_covariance(c.log_return, lagged(c.log_return, 1), n)
    # The root of a covariance that is rounding would be a spread somebody might believe.
    bounce = np.where(-covariance <= 1e-9 * np.sqrt(one * other), 0.0, -covariance)
    return 2.0 * np.sqrt(np.where(np.isnan(covariance), np.nan, bounce))


@market_state(
    "corwin_schultz_spread_{n}", "Mean spread of {n} bars implied by one- and two-bar ranges, as a share of the price.",
    formula="mean(max(0, 2 (e^a - 1) / (1 + e^a)), {n}), highs and lows shifted by gaps; Corwin & Schultz 2012",
    inputs=HLC, n=(20,), lookback=lambda n: n, bounds=(0.0, 2.0), version=2,
)  # fmt: skip
def corwin_schultz_spread(c: Context, n: int) -> np.ndarray:
    return window_sum(corwin_schultz(c.high, c.low, c.close, c.log_range), n) / n


@market_state(
    "abdi_ranaldo_spread_{n}", "Mean spread of {n} bars implied by closes off the middle of their range, share of the price.",
    formula="mean(sqrt(max(0, 4 (c[t-1] - m[t-1]) (c[t-1] - m[t]))), {n}), c = ln close, m = (ln high + ln low) / 2; "
    "Abdi & Ranaldo 2017", inputs=HLC, n=(20,), lookback=lambda n: n, bounds=(0.0, None),
)  # fmt: skip
def abdi_ranaldo_spread(c: Context, n: int) -> np.ndarray:
    return window_sum(abdi_ranaldo(c.high, c.low, c.close), n) / n


@market_state(
    "kyle_impact_{n}", "Return per mean volume of a bar bought more than sold, over {n} bars; 0 without either.",
    formula="mean(volume, {n}) sum(r x, {n}) / sum(x^2, {n}), x = volume (2 N(r / stdev(r, 20)) - 1); after Kyle 1985",
    inputs=("close", "volume"), n=(20, 60), lookback=lambda n: SURPRISE + n - 1, bounds=(0.0, None),
)  # fmt: skip
def kyle_impact(c: Context, n: int) -> np.ndarray:
    flow = c.of(bulk_classified, c)
    # Volumes in units of their mean first: their squares could leave the range of a float.
    mean = c.of(window_sum, "volume", n) / n
    moved = ratio(window_sum(c.log_return * flow, n), mean, 0.0)
    return ratio(moved, ratio(window_sum(np.square(flow), n), np.square(mean), 0.0), 0.0)


@market_state(
    "volume_variation_{n}", "Standard deviation of the volume of {n} bars in units of its mean; 0 without volume.",
    formula="stdev(volume, {n}) / mean(volume, {n}), divisor {n} - 1; Chordia, Subrahmanyam & Anshuman 2001",
    inputs=("volume",), n=(20, 60), lookback=lambda n: n - 1, bounds=lambda n: (0.0, n**0.5),
)  # fmt: skip
def volume_variation(c: Context, n: int) -> np.ndarray:
    mean, variance = c.of(window_mean_variance, "volume", n)
    return np.minimum(ratio(np.sqrt(variance), mean, 0.0), n**0.5)


@market_state(
    "zero_return_share_{n}", "Share of {n} bars whose close did not move: a sign of thin trading.",
    formula="mean(close[t] == close[t-1], {n}); Lesmond, Ogden & Trzcinka 1999", n=(20,), lookback=lambda n: n,
    bounds=(0.0, 1.0),
)  # fmt: skip
def zero_return_share(c: Context, n: int) -> np.ndarray:
    still = np.where(np.isnan(c.log_return), np.nan, (c.log_return == 0.0).astype(np.float64))
    return window_sum(still, n) / n


@market_state(
    "traded_value_percentile", "Share of the last 252 bars that traded less value.",
    formula="rank of typical price x volume in its last 252 values, ties half", inputs=(*HLC, "volume"),
    lookback=YEAR - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def traded_value_percentile(c: Context) -> np.ndarray:
    return window_rank(c.traded_value, YEAR)
