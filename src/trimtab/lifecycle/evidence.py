"""What is known about a candidate when it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """Measurements the gates read; None (or NaN) means nobody could measure it.

    Attributes
    ----------
    n_samples: out-of-sample forecasts with an outcome, over all walk-forward folds.
    accuracy: mean over the folds, 0 to 1, as the walk-forward verdict uses it.
    precision, recall: of all those forecasts together, 0 to 1.
    consistency: how alike the folds are, 0 to 1, as the walk-forward report defines it.
    max_drawdown: largest loss from a peak in the backtest, as a positive share (0.2 is 20 %).
    baseline_p_value: one-sided p-value that the candidate is no better than the stronger naive
        baseline on the same samples.
    overfitting_gap: training accuracy minus walk-forward accuracy.
    deflated_sharpe_ratio: probability, 0 to 1, that the backtest's Sharpe ratio is above what the best of all
        trials would show by luck alone (Bailey and Lopez de Prado's classic convention).
    worst_regime_accuracy: accuracy in the regime of volatility or trend where it is lowest, among those with
        enough forecasts to be judged, 0 to 1.
    worst_regime: which one, such as "high volatility".
    n_leaks: features, labels or folds found to use the future; 0 is a clean leak certificate.
    leaks_reason: what the certificate names, or why the number is not known; "" where there are none.
    n_failed_canaries: trials of the training procedure that found skill where there is none, or none where it
        was planted; 0 is a clean certificate of the model.
    canaries_reason: what failed, or why the number is not known; "" where nothing did.
    drift_share: share of the features that drifted from this candidate's training rows, 0 to 1; None
        when too few features could be judged.
    artifact_mb: size of all model files, 1 MB = 1,000,000 bytes.
    load_seconds: time to load the model from the artifact store.
    n_damaged_files: registered files that are missing or whose bytes have changed.
    why_unknown: by gate, why its measurement is not known and what to run.
    """

    n_samples: int | None = None
    accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    consistency: float | None = None
    max_drawdown: float | None = None
    baseline_p_value: float | None = None
    overfitting_gap: float | None = None
    deflated_sharpe_ratio: float | None = None
    worst_regime_accuracy: float | None = None
    worst_regime: str = ""
    n_leaks: int | None = None
    leaks_reason: str = ""
    n_failed_canaries: int | None = None
    canaries_reason: str = ""
    drift_share: float | None = None
    artifact_mb: float | None = None
    load_seconds: float | None = None
    n_damaged_files: int | None = None
    why_unknown: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The measurements by name."""
        return asdict(self)
