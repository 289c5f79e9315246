"""Every gate keeps the same promises."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest

from trimtab.config.strategy import Gates
from trimtab.lifecycle.evidence import Evidence
from trimtab.lifecycle.gates import GATES, INSUFFICIENT_EVIDENCE, Gate, evaluate_gates

LIMITS = Gates(
    min_accuracy=0.65, min_precision=0.61, min_recall=0.62, min_consistency=0.75, max_drawdown=0.2,
    max_baseline_p_value=0.05, max_overfitting_gap=0.15, min_deflated_sharpe_ratio=0.9, min_worst_regime_accuracy=0.5, max_drift_share=0.3, max_artifact_mb=100.0, max_load_seconds=5.0,
)  # fmt: skip

# Every gate: what it reads, a value exactly on the limit, and the next worse one.
CASES: dict[str, tuple[str, float, float]] = {
    "sample_size": ("n_samples", 100, 99),
    "accuracy": ("accuracy", 0.65, 0.6499999),
    "precision": ("precision", 0.61, 0.6099999),
    "recall": ("recall", 0.62, 0.6199999),
    "consistency": ("consistency", 0.75, 0.7499999),
    "baseline_significance": ("baseline_p_value", 0.05, 0.0500001),
    "overfitting_gap": ("overfitting_gap", 0.15, 0.1500001),
    "deflated_sharpe_ratio": ("deflated_sharpe_ratio", 0.9, 0.8999999),
    "worst_regime": ("worst_regime_accuracy", 0.5, 0.4999999),
    "max_drawdown": ("max_drawdown", 0.2, 0.2000001),
    "leak_certificate": ("n_leaks", 0, 1),
    "model_certificate": ("n_failed_canaries", 0, 1),
    "drift_share": ("drift_share", 0.3, 0.3000001),
    "artifact_size": ("artifact_mb", 100.0, 100.0001),
    "load_time": ("load_seconds", 5.0, 5.0001),
    "artifact_integrity": ("n_damaged_files", 0, 1),
}
REASONS = {"leaks_reason", "canaries_reason", "worst_regime", "why_unknown"}  # words beside a measurement
ON_THE_LIMIT = Evidence(**{field: value for field, value, _ in CASES.values()})  # type: ignore[arg-type]  # by name

every_gate = pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)


def test_every_gate_has_a_case_and_every_measurement_a_gate() -> None:
    assert [gate.__name__ for gate in GATES] == list(CASES)
    assert {field for field, _, _ in CASES.values()} == {field.name for field in fields(Evidence)} - REASONS


@every_gate
@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_without_evidence_a_gate_does_not_pass_and_says_so(gate: Gate, unknown: float | None) -> None:
    field, _, _ = CASES[gate.__name__]
    result = gate(replace(ON_THE_LIMIT, **{field: unknown}), LIMITS)
    assert (result.passed, result.value) == (False, None)
    assert result.reason.startswith(INSUFFICIENT_EVIDENCE)


@every_gate
def test_exactly_on_the_limit_passes(gate: Gate) -> None:
    field, value, _ = CASES[gate.__name__]
    result = gate(ON_THE_LIMIT, LIMITS)
    assert (result.name, result.value, result.limit, result.passed) == (gate.__name__, value, value, True), field
    assert "meets the minimum" in result.reason or "within the maximum" in result.reason


@every_gate
def test_a_little_worse_fails_with_a_sentence_that_shows_the_difference(gate: Gate) -> None:
    field, limit, worse = CASES[gate.__name__]
    result = gate(replace(ON_THE_LIMIT, **{field: worse}), LIMITS)
    assert (result.passed, result.value, result.limit) == (False, worse, limit)
    shown = re.search(r" is (\S+), (?:below the minimum|above the maximum) of (\S+)$", result.reason)
    assert shown is not None
    assert shown[1] != shown[2]


@every_gate
def test_a_gate_reads_its_own_measurement_only(gate: Gate) -> None:
    field, _, _ = CASES[gate.__name__]
    alone = Evidence(**{field: getattr(ON_THE_LIMIT, field)})
    assert gate(alone, LIMITS) == gate(ON_THE_LIMIT, LIMITS)


@every_gate
def test_a_gate_says_why_it_exists(gate: Gate) -> None:
    assert (gate.__doc__ or "").strip().endswith(".")


def test_a_verdict_lists_every_gate_in_order() -> None:
    assert [result.name for result in evaluate_gates(Evidence(), Gates())] == list(CASES)
