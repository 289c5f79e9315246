"""The gates a candidate passes on its way to approval; each reads one measurement.

A gate answers with value, limit, verdict and one sentence. Exactly on the limit passes. Without
a measurement a gate does not pass: insufficient evidence is an answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from trimtab.config.strategy import Gates
from trimtab.lifecycle.evidence import Evidence
from trimtab.registry.decisions import GateResult

Gate = Callable[[Evidence, Gates], GateResult]

INSUFFICIENT_EVIDENCE = "insufficient evidence"
MIN_SAMPLES = 100


def evaluate_gates(evidence: Evidence, limits: Gates) -> tuple[GateResult, ...]:
    """Every gate's answer, in the order of `GATES`.

    >>> results = evaluate_gates(Evidence(accuracy=0.52), Gates())
    >>> next(gate.reason for gate in results if gate.name == "accuracy")
    'walk-forward accuracy is 0.52, below the minimum of 0.65'
    """
    return tuple(_explained(gate(evidence, limits), evidence) for gate in GATES)


def _explained(result: GateResult, evidence: Evidence) -> GateResult:
    """With why a measurement is missing, where that is known."""
    why = evidence.why_unknown.get(result.name)
    return replace(result, reason=f"{result.reason}: {why}") if why and result.value is None else result


def sample_size(evidence: Evidence, limits: Gates) -> GateResult:
    """Fewer than 100 outcomes prove nothing, whatever their accuracy."""
    return _at_least("sample_size", "the number of out-of-sample forecasts", evidence.n_samples, MIN_SAMPLES)


def accuracy(evidence: Evidence, limits: Gates) -> GateResult:
    """Right often enough on samples it has never seen."""
    return _at_least("accuracy", "walk-forward accuracy", evidence.accuracy, limits.min_accuracy)


def precision(evidence: Evidence, limits: Gates) -> GateResult:
    """Right often enough when it says yes."""
    return _at_least("precision", "walk-forward precision", evidence.precision, limits.min_precision)


def recall(evidence: Evidence, limits: Gates) -> GateResult:
    """Finds enough of what it should find."""
    return _at_least("recall", "walk-forward recall", evidence.recall, limits.min_recall)


def consistency(evidence: Evidence, limits: Gates) -> GateResult:
    """As good in one period as in another."""
    return _at_least("consistency", "consistency over the folds", evidence.consistency, limits.min_consistency)


def baseline_significance(evidence: Evidence, limits: Gates) -> GateResult:
    """Better than every simple rule by more than luck explains: the largest p-value of all decides."""
    value, limit = evidence.baseline_p_value, limits.max_baseline_p_value
    return _at_most("baseline_significance", "the p-value against the strongest baseline", value, limit)


def overfitting_gap(evidence: Evidence, limits: Gates) -> GateResult:
    """Not much better on what it has seen than on what it has not."""
    value, limit = evidence.overfitting_gap, limits.max_overfitting_gap
    return _at_most("overfitting_gap", "training accuracy minus walk-forward accuracy", value, limit)


def deflated_sharpe_ratio(evidence: Evidence, limits: Gates) -> GateResult:
    """Its Sharpe ratio is more than the luck of the best of all trials."""
    value, limit = evidence.deflated_sharpe_ratio, limits.min_deflated_sharpe_ratio
    return _at_least("deflated_sharpe_ratio", "the deflated Sharpe ratio", value, limit)


def worst_regime(evidence: Evidence, limits: Gates) -> GateResult:
    """Not worse than a coin in any kind of market."""
    where = f" ({evidence.worst_regime})" if evidence.worst_regime else ""
    value, limit = evidence.worst_regime_accuracy, limits.min_worst_regime_accuracy
    return _at_least("worst_regime", f"accuracy in the worst regime{where}", value, limit)


def max_drawdown(evidence: Evidence, limits: Gates) -> GateResult:
    """Traded, it does not lose too much on the way."""
    return _at_most("max_drawdown", "the backtest's largest drawdown", evidence.max_drawdown, limits.max_drawdown)


def leak_certificate(evidence: Evidence, limits: Gates) -> GateResult:
    """Nothing it learns from looks into the future."""
    result = _at_most("leak_certificate", "the number of leaks found", evidence.n_leaks, 0)
    why = f": {evidence.leaks_reason}" if evidence.leaks_reason and not result.passed else ""
    return replace(result, reason=result.reason + why)


def model_certificate(evidence: Evidence, limits: Gates) -> GateResult:
    """Its training finds skill where it was planted, and none where there is none."""
    result = _at_most("model_certificate", "the number of failed canaries", evidence.n_failed_canaries, 0)
    why = f": {evidence.canaries_reason}" if evidence.canaries_reason and not result.passed else ""
    return replace(result, reason=result.reason + why)


def drift_share(evidence: Evidence, limits: Gates) -> GateResult:
    """The market still looks like the one it learned."""
    return _at_most("drift_share", "the share of drifted features", evidence.drift_share, limits.max_drift_share)


def artifact_size(evidence: Evidence, limits: Gates) -> GateResult:
    """Small enough to be served."""
    return _at_most("artifact_size", "the size of the model in MB", evidence.artifact_mb, limits.max_artifact_mb)


def load_time(evidence: Evidence, limits: Gates) -> GateResult:
    """Loads quickly enough to be served and rolled back."""
    return _at_most("load_time", "the time to load in seconds", evidence.load_seconds, limits.max_load_seconds)


def artifact_integrity(evidence: Evidence, limits: Gates) -> GateResult:
    """Its files are the files that were registered."""
    value = evidence.n_damaged_files
    return _at_most("artifact_integrity", "the number of missing or damaged files", value, 0)


GATES: tuple[Gate, ...] = (
    sample_size, accuracy, precision, recall, consistency, baseline_significance, overfitting_gap,
    deflated_sharpe_ratio, worst_regime, max_drawdown, leak_certificate, model_certificate, drift_share, artifact_size, load_time, artifact_integrity,
)  # fmt: skip
"""Every gate, in the order they are shown."""


def _at_least(name: str, what: str, value: float | None, limit: float) -> GateResult:
    if value is None or math.isnan(value):
        return _unknown(name, what, limit)
    relation = "meets the minimum" if value >= limit else "below the minimum"
    return GateResult(name, value, limit, value >= limit, _sentence(what, value, relation, limit))


def _at_most(name: str, what: str, value: float | None, limit: float) -> GateResult:
    if value is None or math.isnan(value):
        return _unknown(name, what, limit)
    relation = "within the maximum" if value <= limit else "above the maximum"
    return GateResult(name, value, limit, value <= limit, _sentence(what, value, relation, limit))


def _unknown(name: str, what: str, limit: float) -> GateResult:
    return GateResult(name, None, limit, False, f"{INSUFFICIENT_EVIDENCE}: {what} is not known")


def _sentence(what: str, value: float, relation: str, limit: float) -> str:
    if float(value).is_integer() and float(limit).is_integer():
        return f"{what} is {value:.0f}, {relation} of {limit:.0f}"
    digits = 3
    # 0.6499 must not read as "0.65, below the minimum of 0.65".
    while digits < 17 and value != limit and f"{value:.{digits}g}" == f"{limit:.{digits}g}":
        digits += 1
    return f"{what} is {value:.{digits}g}, {relation} of {limit:.{digits}g}"
