"""Alpha158 a second time: slow, one window after another, as Qlib's expressions read. Do not speed it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

from trimtab.bars import Bars

WINDOWS = (5, 10, 20, 30, 60)
Window = Callable[[np.ndarray], float]


def alpha158(bars: Bars) -> dict[str, np.ndarray]:
    """All 158 columns by name, in Qlib's order, from unadjusted bars without gaps."""
    with np.errstate(all="ignore"):
        return dict(_columns(bars))


def _columns(bars: Bars) -> Iterator[tuple[str, np.ndarray]]:
    o, h, l, c, v = bars.open, bars.high, bars.low, bars.close, bars.volume  # noqa: E741  # the names of the formulas
    top, bottom, span = np.maximum(o, c), np.minimum(o, c), h - l + 1e-12
    yield from {
        "KMID": (c - o) / o, "KLEN": (h - l) / o, "KMID2": (c - o) / span, "KUP": (h - top) / o,
        "KUP2": (h - top) / span, "KLOW": (bottom - l) / o, "KLOW2": (bottom - l) / span,
        "KSFT": (2 * c - h - l) / o, "KSFT2": (2 * c - h - l) / span,
        "OPEN0": o / c, "HIGH0": h / c, "LOW0": l / c, "VWAP0": (h + l + c) / 3 / c,
    }.items()  # fmt: skip
    for kind, column in _kinds(o, h, l, c, v).items():
        for n in WINDOWS:
            yield f"{kind}{n}", column(n)


def _kinds(o, h, l, c, v) -> dict[str, Callable[[int], np.ndarray]]:  # noqa: E741
    c1, v1 = _ref(c, 1), _ref(v, 1)
    up, down, v_up, v_down = (np.maximum(d, 0.0) for d in (c - c1, c1 - c, v - v1, v1 - v))
    # Qlib takes these steps in float32.
    c32, v32, one = c.astype(np.float32), v.astype(np.float32), np.float32(1.0)
    c132, v132 = c1.astype(np.float32), v1.astype(np.float32)
    weighted = (np.abs(c32 / c132 - one) * v32).astype(np.float64)

    def share(part: np.ndarray, rest: np.ndarray, n: int, sign: float = 0.0) -> np.ndarray:
        whole = _roll(part + rest, n, _sum) + 1e-12
        return (_roll(part, n, _sum) + sign * _roll(rest, n, _sum)) / whole

    return {
        "ROC": lambda n: _ref(c, n) / c,
        "MA": lambda n: _roll(c, n, np.mean) / c,
        "STD": lambda n: _roll(c, n, _std) / c,
        "BETA": lambda n: _roll(c, n, _slope) / c,
        "RSQR": lambda n: np.where(_still(c, n), np.nan, _roll(c, n, _r_squared)),
        "RESI": lambda n: _roll(c, n, _residual) / c,
        "MAX": lambda n: _roll(h, n, np.max) / c,
        "MIN": lambda n: _roll(l, n, np.min) / c,
        "QTLU": lambda n: _roll(c, n, lambda w: np.quantile(w, 0.8)) / c,
        "QTLD": lambda n: _roll(c, n, lambda w: np.quantile(w, 0.2)) / c,
        "RANK": lambda n: _roll(c, n, lambda w: stats.rankdata(w)[-1] / len(w)),
        "RSV": lambda n: (c - _roll(l, n, np.min)) / (_roll(h, n, np.max) - _roll(l, n, np.min) + 1e-12),
        "IMAX": lambda n: _roll(h, n, _place_of_max) / n,
        "IMIN": lambda n: _roll(-l, n, _place_of_max) / n,
        "IMXD": lambda n: (_roll(h, n, _place_of_max) - _roll(-l, n, _place_of_max)) / n,
        "CORR": lambda n: _corr(c32.astype(np.float64), np.log(v32 + one).astype(np.float64), n),
        "CORD": lambda n: _corr((c32 / c132).astype(np.float64), np.log(v32 / v132 + one).astype(np.float64), n),
        "CNTP": lambda n: _roll((c > c1) * 1.0, n, np.mean),
        "CNTN": lambda n: _roll((c < c1) * 1.0, n, np.mean),
        "CNTD": lambda n: _roll((c > c1) * 1.0, n, np.mean) - _roll((c < c1) * 1.0, n, np.mean),
        "SUMP": lambda n: share(up, down, n),
        "SUMN": lambda n: share(down, up, n),
        "SUMD": lambda n: share(up, down, n, sign=-1.0),
        "VMA": lambda n: _roll(v, n, np.mean) / (v + 1e-12),
        "VSTD": lambda n: _roll(v, n, _std) / (v + 1e-12),
        "WVMA": lambda n: _roll(weighted, n, _std) / (_roll(weighted, n, np.mean) + 1e-12),
        "VSUMP": lambda n: share(v_up, v_down, n),
        "VSUMN": lambda n: share(v_down, v_up, n),
        "VSUMD": lambda n: share(v_up, v_down, n, sign=-1.0),
    }


def _ref(values: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([np.full(n, np.nan), values])[: len(values)]


def _roll(values: np.ndarray, n: int, function: Window) -> np.ndarray:
    """`function` of the known values among the last n, as pandas with `min_periods=1`; NaN where there are none."""
    out = np.full(len(values), np.nan)
    for i in range(len(values)):
        window = values[max(0, i - n + 1) : i + 1]
        known = window[np.isfinite(window)]  # pandas takes an infinity as missing
        if len(known):
            out[i] = function(known)
    return out


def _sum(window: np.ndarray) -> float:
    return float(np.sum(window))


def _std(window: np.ndarray) -> float:
    if len(window) < 2:
        return np.nan
    return 0.0 if (window == window[0]).all() else float(window.std(ddof=1))


def _place_of_max(window: np.ndarray) -> float:
    return float(np.argmax(window)) + 1.0


def _slope(window: np.ndarray) -> float:
    return float(np.polyfit(np.arange(len(window)), window, 1)[0]) if len(window) > 1 else np.nan


def _residual(window: np.ndarray) -> float:
    times = np.arange(len(window))
    return float(window[-1] - np.polyval(np.polyfit(times, window, 1), times[-1])) if len(window) > 1 else np.nan


def _r_squared(window: np.ndarray) -> float:
    return float(np.corrcoef(np.arange(len(window)), window)[0, 1] ** 2) if len(window) > 1 else np.nan


def _still(values: np.ndarray, n: int) -> np.ndarray:
    return np.isclose(_roll(values, n, _std), 0.0, atol=2e-5)


def _corr(x: np.ndarray, y: np.ndarray, n: int) -> np.ndarray:
    out = np.full(len(x), np.nan)
    for i in range(len(x)):
        a, b = x[max(0, i - n + 1) : i + 1], y[max(0, i - n + 1) : i + 1]
        both = np.isfinite(a) & np.isfinite(b)
        if both.sum() > 1:
            out[i] = np.corrcoef(a[both], b[both])[0, 1]
    return np.where(_still(x, n) | _still(y, n), np.nan, out)
