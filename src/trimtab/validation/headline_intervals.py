"""Intervals of the numbers that head a report: of forecasts, and of returns.

Decision times are resampled in blocks, all instruments of a time together, so neither a crowded
cross-section nor overlapping labels pass for evidence. The intervals are those of `bootstrap_interval`;
the deepest drawdown alone depends on the order of the returns and is resampled as a path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.errors import UnknownNameError
from trimtab.metrics.arrays import average_ranks
from trimtab.validation.bootstrap import MIN_TIMES, default_block_length
from trimtab.validation.bootstrap_interval import Interval, Statistic, bootstrap_interval, sums_by_time
from trimtab.validation.scoring import classes
from trimtab.validation.share_interval import Share

FORECAST_MEASURES = {
    "classification": (
        "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "information_coefficient",
        "log_loss", "brier_score",
    ),
    "regression": ("accuracy", "precision", "recall", "f1", "information_coefficient", "rmse", "mae"),
}  # fmt: skip
RETURN_MEASURES = ("sharpe_ratio", "annual_return", "annual_volatility", "max_drawdown")
_PATH_NUMBERS = 20_000_000  # a resampled path costs one number a period; more periods get fewer paths
_CHUNK = 2_000_000


@dataclass(frozen=True)
class MeasureInterval:
    """The interval of a named measure; the other attributes are those of `Interval`."""

    measure: str
    value: float
    low: float
    high: float
    confidence: float
    block_length: float
    n_times: int


def forecast_intervals(
    task: Task,
    target: np.ndarray,
    value: np.ndarray,
    time: np.ndarray,
    *,
    seed: int,
    measures: tuple[str, ...] | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    block_length: float | None = None,
) -> tuple[MeasureInterval, ...]:
    """Intervals of pooled measures of forecasts, defined as in `scoring.score`.

    `target`, `value` and `time` (of decision) have shape (n,). With `measures` None, all of
    `FORECAST_MEASURES`. Where a measure ranks (`roc_auc`), the ranks of all forecasts are kept: its
    resamples are those of the linear part (DeLong, DeLong & Clarke-Pearson 1988). Rows with an unknown target or
    forecast are left out.

    A share (accuracy, balanced accuracy, precision, recall, F1) with cases of a side at fewer than 20 times has Wilson's
    interval (`share_interval`). `roc_auc` has none where a class occurs at fewer than 20 times, nor where it is
    exactly 0 or 1: resamples of what never fails do not vary.

    >>> random = np.random.default_rng(0)
    >>> target = (random.random(400) < 0.5).astype(float)
    >>> said = np.where(random.random(400) < 0.6, target, 1.0 - target) * 0.2 + 0.4
    >>> found = forecast_intervals("classification", target, said, np.arange(400), seed=1, measures=("accuracy",))
    >>> found[0].measure, found[0].low < found[0].value < found[0].high
    ('accuracy', True)
    """
    names = FORECAST_MEASURES[task] if measures is None else measures
    known = ~(np.isnan(target) | np.isnan(value))
    truth, said, when = target[known], value[known].astype(np.float64), time[known]
    options: dict[str, Any] = {
        "seed": seed, "n_resamples": n_resamples, "confidence": confidence, "block_length": block_length
    }  # fmt: skip

    def of(name: str) -> MeasureInterval:
        columns, statistic = _forecast_statistic(name, task, truth, said)
        spoken = ~np.isnan(columns).any(axis=1)
        found = bootstrap_interval(sums_by_time(columns[spoken], when[spoken]), statistic, **options)
        if name == "roc_auc" and not _can_rank(columns[spoken], when[spoken], found.value):
            found = replace(found, low=float("nan"), high=float("nan"), block_length=float("nan"))
        return _named(name, found)

    return tuple(of(name) for name in names)


def return_intervals(
    returns: np.ndarray,
    *,
    periods_per_year: float,
    seed: int,
    measures: tuple[str, ...] = RETURN_MEASURES,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    block_length: float | None = None,
) -> tuple[MeasureInterval, ...]:
    """Intervals of measures of simple returns per period, shape (n,), defined as in `metrics.trading`.

    An unknown return (NaN) is elapsed time without growth, as there. `max_drawdown` has a percentile interval of
    resampled paths: it says how deep the same returns might have led in another order of their blocks.

    >>> returns = np.random.default_rng(0).normal(0.001, 0.01, 500)
    >>> sharpe, *_ = return_intervals(returns, periods_per_year=252, seed=1)
    >>> sharpe.measure, sharpe.low < sharpe.value < sharpe.high
    ('sharpe_ratio', True)
    """
    values = np.asarray(returns, dtype=np.float64)
    options: dict[str, Any] = {
        "seed": seed, "n_resamples": n_resamples, "confidence": confidence, "block_length": block_length
    }  # fmt: skip

    def of(name: str) -> MeasureInterval:
        if name == "max_drawdown":
            return _named(name, drawdown_interval(values, **options))
        return _named(name, bootstrap_interval(*_return_statistic(name, values, periods_per_year), **options))

    return tuple(of(name) for name in measures)


def drawdown_interval(
    returns: np.ndarray,
    *,
    seed: int,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    block_length: float | None = None,
) -> Interval:
    """Percentile interval of the deepest drawdown over circular block resamples of compounding returns.

    Returns of -1 or less end the account; such a series has no interval. Above 20,000 periods fewer paths are drawn
    (at least 200), since each costs one number a period.
    """
    values = np.nan_to_num(np.asarray(returns, dtype=np.float64))
    n, nan = len(values), float("nan")
    if not n or (values <= -1.0).any():
        return Interval(nan, nan, nan, confidence, nan, n)
    growth = np.log1p(values)
    value = float(_deepest(growth[None])[0])
    if n < MIN_TIMES:
        return Interval(value, nan, nan, confidence, nan, n)
    # A drawdown lives on calm and wild spells too, which the returns themselves do not show but their squares do.
    length = int(block_length or max(default_block_length(each, "circular") for each in (values, values**2)))
    n_paths = int(np.clip(_PATH_NUMBERS // n, min(200, n_resamples), n_resamples))
    random, n_blocks = np.random.default_rng(seed), -(-n // length)
    found = []
    for start in range(0, n_paths, max(1, _CHUNK // n)):
        size = min(max(1, _CHUNK // n), n_paths - start)
        places = random.integers(0, n, (size, n_blocks, 1)) + np.arange(length)
        found.append(_deepest(growth[places.reshape(size, -1)[:, :n] % n]))
    low, high = np.quantile(np.concatenate(found), [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return Interval(value, float(low), float(high), confidence, float(length), n)


def _deepest(growth: np.ndarray) -> np.ndarray:
    """Deepest drawdown of every path of log growth, shape (r, n): a share of the peak, not positive."""
    curve = np.cumsum(growth, axis=1)
    peak = np.maximum(np.maximum.accumulate(curve, axis=1), 0.0)
    return np.expm1((curve - peak).min(axis=1))


def _named(name: str, found: Interval) -> MeasureInterval:
    return MeasureInterval(name, **found.__dict__)


def _forecast_statistic(name: str, task: Task, target: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, Statistic]:
    """What each row adds to the sums, shape (n, k) and NaN where it says nothing; and the measure of the sums."""
    if name in _OF_COUNTS:
        truth, said = classes(task, target, value)
        cells = np.stack([(truth == t) & (said == s) for t in (0.0, 1.0) for s in (0.0, 1.0)], axis=1)
        unknown = np.isnan(truth) | np.isnan(said)
        return np.where(unknown[:, None], np.nan, cells), _OF_COUNTS[name]
    if name in _OF_LOSSES:
        loss, of_mean = _OF_LOSSES[name]
        return _with_count(loss(target, value)), Statistic(lambda sums: of_mean(sums[..., 0] / sums[..., 1]), 0.0)
    if name == "roc_auc":
        return _auc_statistic(*classes(task, target, value)[:1], value)
    if name == "information_coefficient":
        return products(value, target), Statistic(correlation, -1.0, 1.0)
    if name == "rank_information_coefficient":
        return products(average_ranks(value), average_ranks(target)), Statistic(correlation, -1.0, 1.0)
    raise UnknownNameError("measure with an interval", name, (*_OF_COUNTS, *_OF_LOSSES, "roc_auc", *_CORRELATIONS))


def _return_statistic(name: str, values: np.ndarray, periods_per_year: float) -> tuple[np.ndarray, Statistic]:
    known = ~np.isnan(values)
    filled, root = np.where(known, values, 0.0), np.sqrt(periods_per_year)
    moments = np.stack([filled, filled**2, known.astype(np.float64)], axis=1)
    if name == "sharpe_ratio":
        return moments, Statistic(lambda sums: sums[..., 0] / sums[..., 2] / _deviation(sums) * root)
    if name == "annual_volatility":
        return moments, Statistic(lambda sums: _deviation(sums) * root, 0.0)
    if name == "annual_return":
        growth = np.log1p(np.maximum(filled, -1.0 + 1e-15))
        return _with_count(growth), Statistic(lambda s: np.expm1(s[..., 0] / s[..., 1] * periods_per_year), -1.0)
    raise UnknownNameError("measure of returns with an interval", name, RETURN_MEASURES)


def _deviation(sums: np.ndarray) -> np.ndarray:
    """Standard deviation (ddof = 1) from the sums of r, r² and 1."""
    total, squares, count = sums[..., 0], sums[..., 1], sums[..., 2]
    return np.sqrt((squares - total**2 / count) / (count - 1.0))


def _with_count(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones(len(values))], axis=1)


def products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """What a correlation is made of, about the means, so that large levels cost no digits; (n, 6)."""
    a, b = left - left.mean(), right - right.mean()
    return np.stack([a, b, a * a, b * b, a * b, np.ones(len(a))], axis=1)


def correlation(sums: np.ndarray) -> np.ndarray:
    """Pearson correlation from sums of a, b, a^2, b^2, ab and 1 along the last axis."""
    a, b, aa, bb, ab, count = np.moveaxis(sums, -1, 0)
    return (ab - a * b / count) / np.sqrt((aa - a * a / count) * (bb - b * b / count))


def _auc_statistic(truth: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, Statistic]:
    """Placements: of a 1, the share of zeros below it; of a 0, the share of ones above it; ties half."""
    is_one, known = truth == 1.0, ~np.isnan(truth)
    ones, zeros = np.sort(value[is_one]), np.sort(value[known & ~is_one])

    def below(sorted_values: np.ndarray, at: np.ndarray) -> np.ndarray:
        counts = [np.searchsorted(sorted_values, at, side=side) for side in ("left", "right")]
        return (counts[0] + counts[1]) / 2.0 / max(len(sorted_values), 1)

    placed = np.where(is_one, below(zeros, value), 1.0 - below(ones, value))
    columns = np.stack([placed * is_one, is_one, placed * (known & ~is_one), known & ~is_one], axis=1)
    area = float(placed[is_one].mean()) if len(ones) and len(zeros) else float("nan")
    of_sums = Statistic(lambda s: s[..., 0] / s[..., 1] + s[..., 2] / s[..., 3] - area, 0.0, 1.0)
    return np.where(known[:, None], columns, np.nan), of_sums


def _can_rank(columns: np.ndarray, time: np.ndarray, area: float) -> bool:
    """Whether both classes occur at 20 times or more, and some pair is ranked wrongly and some rightly."""
    support = [len(np.unique(time[columns[:, column] > 0.0])) for column in (1, 3)]
    return min(support, default=0) >= MIN_TIMES and 1e-12 < area < 1.0 - 1e-12


def _mean_of_shares(*shares: tuple[tuple[int, ...], tuple[int, ...]]) -> Statistic:
    """The mean of shares, each given by which counts are its hits and which its cases."""

    def of_totals(counts: np.ndarray) -> np.ndarray:
        each = [counts[..., hits].sum(axis=-1) / counts[..., cases].sum(axis=-1) for hits, cases in shares]
        return np.mean(each, axis=0)

    def by_time(counts: np.ndarray) -> Sequence[Share]:
        return [Share(counts[:, hits].sum(axis=1), counts[:, cases].sum(axis=1)) for hits, cases in shares]

    return Statistic(of_totals, 0.0, 1.0, by_time)


_TN, _FP, _FN, _TP = range(4)
_OF_COUNTS = {
    "accuracy": _mean_of_shares(((_TN, _TP), (_TN, _FP, _FN, _TP))),
    "balanced_accuracy": _mean_of_shares(((_TN,), (_TN, _FP)), ((_TP,), (_TP, _FN))),
    "precision": _mean_of_shares(((_TP,), (_TP, _FP))),
    "recall": _mean_of_shares(((_TP,), (_TP, _FN))),
    # F1 is no share, but grows with one: j = tp / (tp + fp + fn) gives 2 j / (1 + j).
    "f1": replace(
        _mean_of_shares(((_TP,), (_TP, _FP, _FN))),
        of_totals=lambda c: 2.0 * c[..., _TP] / (2.0 * c[..., _TP] + c[..., _FP] + c[..., _FN]),
        of_share=lambda share: 2.0 * share / (1.0 + share),
    ),
}


def log_losses(target: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Log loss of each forecast, its probability kept one epsilon away from 0 and 1; shape (n,)."""
    epsilon = np.finfo(np.float64).eps
    said = np.clip(value, epsilon, 1.0 - epsilon)
    return -(target * np.log(said) + (1.0 - target) * np.log1p(-said))


def _squared(target: np.ndarray, value: np.ndarray) -> np.ndarray:
    return (target - value) ** 2


_OF_LOSSES: dict[str, tuple[Callable[[np.ndarray, np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]] = {
    "log_loss": (log_losses, lambda mean: mean),
    "brier_score": (_squared, lambda mean: mean),
    "mse": (_squared, lambda mean: mean),
    "rmse": (_squared, np.sqrt),
    "mae": (lambda target, value: np.abs(target - value), lambda mean: mean),
}
_CORRELATIONS = ("information_coefficient", "rank_information_coefficient")
