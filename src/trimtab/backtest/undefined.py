"""Why a measure of returns has no value, in sentences for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from trimtab.validation.bootstrap import MIN_TIMES

_NEED_VARIATION = frozenset(
    {"sharpe_ratio", "skew", "kurtosis", "annual_volatility", "value_at_risk_gaussian", "expected_shortfall_gaussian"}
)
_NEED_A_MOVE = frozenset({"win_rate", "tail_ratio", "stability_of_timeseries"})
_NEED_A_LOSS = frozenset(
    {
        *("sortino_ratio", "calmar_ratio", "calmar_ratio_sum", "profit_factor", "omega_ratio", "recovery_factor"),
        *("common_sense_ratio", "gain_to_pain_ratio", "payoff_ratio", "kelly_criterion", "ulcer_performance_index"),
    }
)


def undefined_notes(returns: np.ndarray, measures: Mapping[str, float]) -> tuple[str, ...]:
    """Which of `measures` of `returns` (shape (n,), NaN unknown) have no value, and the reason as far as it is plain.

    >>> undefined_notes(np.array([0.01, 0.01, 0.01]), {"sharpe_ratio": np.nan, "total_return": 0.03})
    ('sharpe_ratio is undefined: the returns do not vary',)
    >>> undefined_notes(np.array([0.01]), {"sharpe_ratio": np.nan})
    ('sharpe_ratio is undefined: 1 return is known, and a deviation needs 2',)
    """
    known = returns[~np.isnan(returns)]
    by_reason: dict[str, list[str]] = {}
    for name, value in measures.items():
        reason = "" if np.isfinite(value) else _reason(name, known)
        if reason:
            by_reason.setdefault(reason, []).append(name)
    return tuple(f"{_are_undefined(names)}: {reason}" for reason, names in by_reason.items())


def interval_note(returns: np.ndarray) -> tuple[str, ...]:
    """Why there are no intervals and p-values; nothing where there are enough returns.

    >>> interval_note(np.zeros(4))
    ('4 returns are known; an interval and a p-value need 20',)
    """
    n_known = int((~np.isnan(returns)).sum())
    return () if n_known >= MIN_TIMES else (f"{_known(n_known)}; an interval and a p-value need {MIN_TIMES}",)


def _reason(name: str, known: np.ndarray) -> str:
    if name in _NEED_VARIATION and len(known) < 2:
        return f"{_known(len(known))}, and a deviation needs 2"
    if name in _NEED_VARIATION and np.ptp(known) == 0.0:
        return "the returns do not vary"
    if name in _NEED_A_MOVE and not known.any():
        return "no return differs from 0"
    return "there is no loss to divide by" if name in _NEED_A_LOSS and not (known < 0.0).any() else ""


def _known(n: int) -> str:
    return f"{n} return is known" if n == 1 else f"{n} returns are known"


def _are_undefined(names: Iterable[str]) -> str:
    listed = list(names)
    return f"{', '.join(listed)} {'is' if len(listed) == 1 else 'are'} undefined"
