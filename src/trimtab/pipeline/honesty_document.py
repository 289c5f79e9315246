"""The document of the honesty stage: the Sharpe ratio of one account against everything that was tried beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.metrics.plain import plain
from trimtab.metrics.sharpe import (
    Convention,
    SharpeSample,
    deflated_sharpe_ratio,
    expected_maximum_sharpe,
    minimum_track_record_length,
    probabilistic_sharpe_ratio,
    sharpe_sample,
)
from trimtab.pipeline.honesty_notes import notes_of
from trimtab.pipeline.trial_evidence import TrialEvidence

GATE: Convention = "classic"
CONVENTIONS: dict[Convention, str] = {
    "classic": "The error of the Sharpe ratio is taken at the estimate and divided by the root of T - 1 "
    "(Bailey and López de Prado 2012, 2014).",
    "null_variance": "The error of the Sharpe ratio is taken at the one to be beaten and divided by the root of T "
    "(López de Prado, Lipton and Zoonek 2025).",
}
BENCHMARK = "buy and hold of the instruments at the strategy's largest exposure"


def honesty_document(
    returns: np.ndarray,
    per_year: float,
    buy_and_hold: float | None,
    evidence: TrialEvidence,
    by_source: Sequence[Mapping[str, Any]],
    withheld: str = "",
) -> dict[str, Any]:
    """What is written to `report.json`: plain JSON, unknown is null.

    Parameters
    ----------
    returns: of the candidate's walk-forward account, per bar.
    per_year: bars per year, by which every annual number here is scaled.
    buy_and_hold: annual Sharpe ratio of the backtest's own buy-and-hold, over the same bars.
    evidence: what all trials say together.
    by_source: how many trials of which study, kind and dataset were counted.
    withheld: why the backtest shows no account; empty where it shows one. `returns` has no element then.
    """
    sample = sharpe_sample(returns)
    root, n_effective = math.sqrt(per_year), max(evidence.independent.n_effective, 1)
    std = 0.0 if n_effective == 1 else evidence.sharpe_std  # what was chosen from one has no spread to be lucky in
    document: dict[str, Any] = {
        "sharpe": {
            "annual": sample.ratio * root,
            "per_period": sample.ratio,
            "n_periods": sample.n_periods,
            "skew": sample.skew,
            "kurtosis": sample.kurtosis,
            "periods_per_year": per_year,
            "buy_and_hold_annual": buy_and_hold,
        },
        "conventions": {"gate": GATE, **CONVENTIONS},
        "probabilistic_sharpe_ratio": {c: _probabilistic(sample, c) for c in CONVENTIONS},
        "deflated_sharpe_ratio": {c: _deflated(sample, n_effective, std, c) for c in CONVENTIONS}
        | {"expected_max_sharpe_annual": expected_maximum_sharpe(n_effective, std) * root},
        "minimum_track_record_length": {
            c: minimum_track_record_length(sample.ratio, sample.skew, sample.kurtosis, convention=c)
            for c in CONVENTIONS
        },
        "trials": _trials_part(evidence, root, by_source),
        "backtest_overfitting": _overfitting_part(evidence),
        "superior_ability": _superior_part(evidence),
    }
    shown: dict[str, Any] = plain(document)
    return shown | {"notes": notes_of(shown, evidence.no_overfitting, withheld)}


def _probabilistic(sample: SharpeSample, convention: Convention) -> float:
    return probabilistic_sharpe_ratio(
        sample.ratio, sample.n_periods, sample.skew, sample.kurtosis, convention=convention
    )


def _deflated(sample: SharpeSample, n_trials: int, sharpe_std: float, convention: Convention) -> float:
    return deflated_sharpe_ratio(
        sample.ratio, sample.n_periods, sample.skew, sample.kurtosis,
        n_trials=n_trials, sharpe_std=sharpe_std, convention=convention,
    )  # fmt: skip


def _trials_part(evidence: TrialEvidence, root: float, by_source: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = evidence.independent
    return {
        "n_trials": found.n_trials,
        "n_with_returns": found.n_with_returns,
        "n_effective": max(found.n_effective, 1),
        "estimates": {
            "average_correlation": found.average_correlation,
            "eigenvalues": found.eigenvalues,
            "differences": found.differences,
        },
        "mean_correlation": found.mean_correlation,
        "sharpe_std_annual": evidence.sharpe_std * root,
        "by_source": list(by_source),
        "sharpe_ratios": evidence.sharpe_ratios * root,
    }


def _overfitting_part(evidence: TrialEvidence) -> dict[str, Any] | None:
    found = evidence.overfitting
    if found is None:
        return None
    names = (
        "pbo", "low", "high", "confidence", "n_blocks", "n_combinations", "n_trials", "n_rows", "probability_of_loss",
        "slope", "r_squared",
    )  # fmt: skip
    return {name: getattr(found, name) for name in names} | {"reason": ""}


def _superior_part(evidence: TrialEvidence) -> dict[str, Any] | None:
    """The headline is the studentised p-value: Hansen's own find too much in returns that depend on each other."""
    found = evidence.superior
    if found is None:
        return None
    return {
        "spa_p_value": found.p_studentised,
        "spa_p_consistent": found.p_consistent,
        "spa_p_lower": found.p_lower,
        "spa_p_upper": found.p_upper,
        "reality_check_p_value": found.reality_check_p,
        "n_models": found.n_models,
        "benchmark": BENCHMARK,
    }
