"""What is known about a candidate when it is judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
    n_leaks: features, labels or folds found to use the future; 0 is a clean leak certificate.
    leaks_reason: what the certificate names, or why the number is not known; "" where there are none.
    drift_share: share of the features that drifted from this candidate's training rows, 0 to 1; None
        when too few features could be judged.
    artifact_mb: size of all model files, 1 MB = 1,000,000 bytes.
    load_seconds: time to load the model from the artifact store.
    n_damaged_files: registered files that are missing or whose bytes have changed.
    """

    n_samples: int | None = None
    accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    consistency: float | None = None
    max_drawdown: float | None = None
    baseline_p_value: float | None = None
    overfitting_gap: float | None = None
    n_leaks: int | None = None
    leaks_reason: str = ""
    drift_share: float | None = None
    artifact_mb: float | None = None
    load_seconds: float | None = None
    n_damaged_files: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The measurements by name."""
        return asdict(self)
