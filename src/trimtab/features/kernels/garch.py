"""GARCH(1,1) estimated again and again on windows of the past, and the forecasts in between.

The variance forecast obeys h[t+1] = T (1 - a - b) + a r[t]^2 + b h[t] with T the mean squared return of
the estimation window (variance targeting, Engle & Mezrich 1996). a and b minimise the Gaussian
quasi-likelihood plus a mild pull towards usual values, without which a window of a year often has
no well-defined minimum.

When to estimate again must not depend on where a history begins, or a longer one would give other
numbers. So the schedule hangs on the times of the bars: of the last `every` bars, estimation stands at
the one whose time has the largest hash (winnowing; Schleimer, Wilkerson & Aiken 2003). Such a bar
comes about every `every / 2` bars, at least once in `every`, and shorter history sees the same ones.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LARGEST_PERSISTENCE = 0.999
# The pull: persistence / LARGEST_PERSISTENCE and the share of it that is a are logistic in two numbers,
# normally distributed around a persistence of 0.95 of which a tenth reacts to the last bar.
USUAL_U, USUAL_V = 3.0, -2.2
SPREAD_U, SPREAD_V = 1.5, 1.0
_STEPS, _SETTLED = 60, 1e-7
_STILL = 1e-24  # a mean squared return below this is the rounding of prices that do not move


@njit(cache=True, nogil=True)
def garch_filter(
    returns: np.ndarray, times: np.ndarray, window: int, every: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Variance forecasts with parameters estimated on windows that end before the row.

    Parameters
    ----------
    returns: log returns, shape (n,); row 0 has none (NaN).
    times: of the bars, whole numbers without repetition, shape (n,): only their hash is used.
    window: returns an estimation looks at.
    every: an estimation is at most this many bars old.

    Returns four arrays of shape (n,): variance forecast for the next bar, long-run variance T,
    persistence a + b, and the forecast that had been made for this bar. The first `window + every`
    rows are NaN, as is every row whose window holds an unknown return.
    """
    n = len(returns)
    forecast, target, persistence, before = (
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, np.nan),
        np.full(n, np.nan),
    )
    hashes = _hashes(times)
    anchor, long_run, a, b, h = -1, np.nan, np.nan, np.nan, np.nan
    for t in range(window + every, n):
        newest = _newest_anchor(hashes, anchor, t - every, t)
        if newest != anchor:
            anchor = newest
            first = anchor - window + 1
            long_run, a, b = estimate_garch(returns[first : anchor + 1])
            h = long_run
            for s in range(first, t):
                h = _next_variance(long_run, a, b, returns[s], h)
        before[t] = h
        h = _next_variance(long_run, a, b, returns[t], h)
        forecast[t], target[t], persistence[t] = h, long_run, a + b
    return forecast, target, persistence, before


@njit(cache=True, nogil=True)
def estimate_garch(returns: np.ndarray) -> tuple[float, float, float]:
    """Long-run variance T, reaction a and memory b of the returns of one window; NaN if one is unknown.

    Newton's method on the two logistic numbers, from the usual values, halving steps that lead up.
    Returns that do not move give T = 0 and the usual a and b.
    """
    long_run = 0.0
    for i in range(len(returns)):
        long_run += returns[i] * returns[i]
    long_run /= len(returns)
    u, v = USUAL_U, USUAL_V
    if np.isnan(long_run):
        return np.nan, np.nan, np.nan
    if long_run <= _STILL:
        a, b = _parameters(u, v)
        return 0.0, a, b
    away = np.empty(len(returns))
    for i in range(len(returns)):
        away[i] = returns[i] * returns[i] / long_run - 1.0
    cost, du, dv = _cost_and_step(away, u, v)
    for _ in range(_STEPS):
        size = max(abs(du), abs(dv))
        if size < _SETTLED:
            u, v = u + du, v + dv  # the error after a step of Newton is of the order of its square
            break
        scale = min(1.0, 2.0 / size)
        new_cost, new_du, new_dv = _cost_and_step(away, u + scale * du, v + scale * dv)
        while new_cost > cost and scale * size > _SETTLED:
            scale *= 0.5
            new_cost, new_du, new_dv = _cost_and_step(away, u + scale * du, v + scale * dv)
        u, v = u + scale * du, v + scale * dv
        cost, du, dv = new_cost, new_du, new_dv
    a, b = _parameters(u, v)
    return long_run, a, b


@njit(cache=True, nogil=True)
def _parameters(u: float, v: float) -> tuple[float, float]:
    persistence, share = LARGEST_PERSISTENCE / (1.0 + np.exp(-u)), 1.0 / (1.0 + np.exp(-v))
    return persistence * share, persistence * (1.0 - share)


@njit(cache=True, nogil=True)
def _next_variance(long_run: float, a: float, b: float, newest: float, h: float) -> float:
    return long_run + (a * (newest * newest - long_run) + b * (h - long_run))


@njit(cache=True, nogil=True)
def _cost_and_step(away: np.ndarray, u: float, v: float) -> tuple[float, float, float]:
    """The cost at (u, v) and the step towards its minimum: Newton's, or Fisher's where Newton's leads up."""
    a, b = _parameters(u, v)
    cost, la, lb, haa, hab, hbb, faa, fab, fbb = _likelihood(away, a, b)
    # From (a, b) to (u, v): p = LARGEST logistic(u), s = logistic(v), a = p s, b = p (1 - s).
    p, s = a + b, a / (a + b)
    p1, s1 = p * (1.0 - p / LARGEST_PERSISTENCE), s * (1.0 - s)
    p2, s2 = p1 * (1.0 - 2.0 * p / LARGEST_PERSISTENCE), s1 * (1.0 - 2.0 * s)
    au, av, bu, bv = p1 * s, p * s1, p1 * (1.0 - s), -p * s1
    pull_u, pull_v = 1.0 / (SPREAD_U * SPREAD_U), 1.0 / (SPREAD_V * SPREAD_V)
    cost += 0.5 * (pull_u * (u - USUAL_U) ** 2 + pull_v * (v - USUAL_V) ** 2)
    lu = la * au + lb * bu + pull_u * (u - USUAL_U)
    lv = la * av + lb * bv + pull_v * (v - USUAL_V)
    huu = haa * au * au + 2.0 * hab * au * bu + hbb * bu * bu + (la * s + lb * (1.0 - s)) * p2 + pull_u
    huv = haa * au * av + hab * (au * bv + av * bu) + hbb * bu * bv + (la - lb) * p1 * s1
    hvv = haa * av * av + 2.0 * hab * av * bv + hbb * bv * bv + (la - lb) * p * s2 + pull_v
    if not (huu > 0.0 and huu * hvv - huv * huv > 1e-3 * huu * abs(hvv)):
        huu = faa * au * au + 2.0 * fab * au * bu + fbb * bu * bu + pull_u
        huv = faa * au * av + fab * (au * bv + av * bu) + fbb * bu * bv
        hvv = faa * av * av + 2.0 * fab * av * bv + fbb * bv * bv + pull_v
    determinant = huu * hvv - huv * huv
    return cost, (huv * lv - hvv * lu) / determinant, (huv * lu - huu * lv) / determinant


@njit(cache=True, nogil=True)
def _likelihood(
    away: np.ndarray, a: float, b: float
) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Minus the Gaussian likelihood, its derivatives by a and b, the second ones, and their expectation.

    `away` is r^2 / T - 1. Variances are in units of T; g = h - 1 and its derivatives by a and b are
    carried along. Logarithms are taken of sixteen variances at once.
    """
    g = ga = gb = gab = gbb = 0.0
    cost, product = 0.0, 1.0
    la = lb = haa = hab = hbb = faa = fab = fbb = 0.0
    for i in range(len(away)):
        inverse = 1.0 / (1.0 + g)
        relative = (1.0 + away[i]) * inverse  # r^2 / h
        cost += relative
        product *= 1.0 + g
        if i & 15 == 15:
            cost += np.log(product)
            product = 1.0
        slope = (1.0 - relative) * inverse
        expected = inverse * inverse
        curve = (2.0 * relative - 1.0) * expected
        la += slope * ga
        lb += slope * gb
        haa += curve * ga * ga
        hab += curve * ga * gb + slope * gab
        hbb += curve * gb * gb + slope * gbb
        faa += expected * ga * ga
        fab += expected * ga * gb
        fbb += expected * gb * gb
        gbb = 2.0 * gb + b * gbb
        gab = ga + b * gab
        gb = g + b * gb
        ga = away[i] + b * ga
        g = a * away[i] + b * g
    cost += np.log(product)
    return 0.5 * cost, 0.5 * la, 0.5 * lb, 0.5 * haa, 0.5 * hab, 0.5 * hbb, 0.5 * faa, 0.5 * fab, 0.5 * fbb


@njit(cache=True, nogil=True)
def _newest_anchor(hashes: np.ndarray, anchor: int, first: int, end: int) -> int:
    """The row in [first, end) with the largest hash, given the one of the row before."""
    if anchor < first:
        anchor = first
        for i in range(first + 1, end):
            if hashes[i] > hashes[anchor]:
                anchor = i
        return anchor
    return end - 1 if hashes[end - 1] > hashes[anchor] else anchor


@njit(cache=True, nogil=True)
def _hashes(times: np.ndarray) -> np.ndarray:
    """Whole numbers scattered one to one over all 64 bits (the finaliser of splitmix64, Steele et al. 2014)."""
    out = np.empty(len(times), np.uint64)
    for i in range(len(times)):
        z = np.uint64(times[i]) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[i] = z ^ (z >> np.uint64(31))
    return out
