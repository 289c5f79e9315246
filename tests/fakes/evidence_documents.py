"""Evidence about a model version, made up but shaped as the stages write it: for the report of a model."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from trimtab.reports.evidence import ModelEvidence

N_BARS = 260


def _gate(name: str, value: float | None, limit: float, passed: bool, reason: str) -> dict[str, Any]:
    return {"name": name, "value": value, "limit": limit, "passed": passed, "reason": reason}


def refused_decision() -> dict[str, Any]:
    """Four gates failed, one of them for want of evidence."""
    gates = [
        _gate("sample_size", 4832.0, 100.0, True, "the number of out-of-sample forecasts is 4832, meets the minimum of 100"),
        _gate("accuracy", 0.508, 0.65, False, "walk-forward accuracy is 0.508, below the minimum of 0.65"),
        _gate("precision", 0.519, 0.6, False, "walk-forward precision is 0.519, below the minimum of 0.6"),
        _gate("baseline_significance", 0.594, 0.05, False, "the p-value against the strongest baseline is 0.594, above the maximum of 0.05"),
        _gate("max_drawdown", 0.18, 0.2, True, "the backtest's largest drawdown is 0.18, within the maximum of 0.2"),
        _gate("drift_share", None, 0.3, False, "insufficient evidence: the share of drifted features is not known"),
    ]  # fmt: skip
    return {"outcome": "refused", "decided": "2024-01-02T00:00:00+00:00", "gates": gates}


def approved_decision() -> dict[str, Any]:
    """Every gate passed, so a person is asked."""
    gates = [gate | {"passed": True, "value": gate["value"] or 0.0} for gate in refused_decision()["gates"]]
    return {"outcome": "approval_pending", "decided": "2024-01-02T00:00:00+00:00", "gates": gates}


def walk_forward() -> dict[str, Any]:
    """A classifier a little worse than the commoner class."""

    def compared(name: str, share: float, lead: float, p: float) -> dict[str, Any]:
        return {
            "baseline": name, "model_accuracy": 0.508, "baseline_accuracy": share, "difference": lead, "ci_low": lead - 0.03,
            "ci_high": lead + 0.03, "p_value": p, "block_length": 3.0, "n_times": 1208, "dm_statistic": -0.4, "dm_p_value": p,
        }  # fmt: skip

    majority, naive = compared("majority", 0.511, -0.003, 0.594), compared("naive", 0.504, 0.004, 0.407)
    folds = [
        {
            "name": f"fold_{n}", "test_start": f"20{7 + n:02}-05-14T00:00:00Z", "test_end": f"20{8 + n:02}-07-24T00:00:00Z",
            "n_train": 6118, "n_test": 1208, "metrics": {"accuracy": share, "baseline_accuracy": 0.5, "majority_accuracy": 0.511},
        }
        for n, share in enumerate((0.514, 0.516, 0.498, 0.503), start=1)
    ]  # fmt: skip
    return {
        "task": "classification",
        "pooled": {"accuracy": 0.508, "precision": 0.519, "recall": 0.51, "information_coefficient": 0.037},
        "folds": folds,
        "baselines": {"naive": naive, "majority": majority, "strongest": majority, "others": [compared("last_return_sign", 0.495, 0.013, 0.2)]},
        "intervals": [
            {"measure": "accuracy", "value": 0.508, "low": 0.49, "high": 0.526, "confidence": 0.95, "n_times": 1208, "block_length": 3},
            {"measure": "information_coefficient", "value": 0.037, "low": -0.01, "high": 0.081, "confidence": 0.95, "n_times": 1208, "block_length": 3},
        ],
        "confusion_matrix": [[1190, 1176], [1210, 1256]],
        "reliability": [
            {"low": 0.4 + 0.04 * n, "high": 0.44 + 0.04 * n, "n": 300 + 40 * n, "said": 0.42 + 0.04 * n, "happened": h}
            for n, h in enumerate((0.47, 0.5, 0.495, 0.52, 0.53))
        ],
        "quantiles": [{"quantile": n, "n": 966, "mean_outcome": o, "mean_forecast": 0.44 + 0.03 * n} for n, o in enumerate((0.49, 0.5, 0.52, 0.51, 0.53), start=1)],
    }  # fmt: skip


def backtest() -> dict[str, Any]:
    """A year of days, with a market and a surface."""
    own = [100_000 * (1 + 0.0004 * n + 0.06 * math.sin(n / 17)) for n in range(1, N_BARS + 1)]
    held = [1 + 0.0009 * n + 0.04 * math.sin(n / 23 + 1) for n in range(N_BARS)]
    market = [1 + 0.0005 * n for n in range(N_BARS)]
    risk = {
        "annual_return": 0.1,
        "annual_volatility": 0.2,
        "sharpe_ratio": 0.4,
        "sortino_ratio": 0.6,
        "max_drawdown": -0.18,
    }
    return {
        "metrics": {
            **risk, "total_return": own[-1] / 100_000 - 1, "n_trades": 2200.0, "exposure": 1.0, "turnover": 0.91,
            "total_costs": 11602.27, "trade_win_rate": 0.495, "break_even_cost_bps": 7.33,
        },
        "benchmark": {**risk, "total_return": held[-1] / held[0] - 1, "sharpe_ratio": 0.51, "max_drawdown": -0.495},
        "benchmark_name": "buy and hold of the instruments",
        "benchmark_equity": held,
        "market": {"name": "SPX", "metrics": {**risk, "total_return": market[-1] / market[0] - 1}, "equity": market},
        "periods_per_year": 251.6,
        "equity": [{"event_time": f"2023-{1 + n // 22:02}-{1 + n % 22:02}T00:00:00Z", "value": value} for n, value in enumerate(own)],
        "trades": [],
        "against_benchmark": {
            "alpha": -0.05, "beta": 0.6, "information_ratio": -0.3, "tracking_error": 0.15, "up_capture": 0.7, "down_capture": 0.9,
            "excess_return_sum_low": -0.2, "excess_return_sum_high": 0.1, "p_value": 0.7,
        },
        "intervals": [{"measure": "sharpe_ratio", "value": 0.4, "low": -0.5, "high": 1.2, "confidence": 0.95, "block_length": 8}],
        "surface": {
            "cost_bps": [0, 5, 10, 20], "delay_bars": [0, 1, 5],
            "sharpe_ratio": [[0.9, 0.5, 0.1], [0.4, 0.1, -0.2], [-0.1, -0.3, -0.6], [-1.1, -1.2, None]],
            "total_return": [[0.2, 0.1, 0.0], [0.1, 0.0, -0.1], [-0.05, -0.1, -0.2], [-0.4, -0.5, None]],
        },
        "break_even_cost_bps": 7.33,
        "unfilled": [{"instrument_id": "IBM", "event_time": "2023-02-01T00:00:00Z", "reason": "no next bar", "units": 10.0}],
        "n_unfilled": 1,
        "costs": {"commission_bps": 5.0, "slippage_bps": 5.0, "impact": 0.0},
        "fill": "next_open",
        "delay_bars": 0,
    }  # fmt: skip


def honesty() -> dict[str, Any]:
    """Fifteen trials of one study, worth six."""
    return {
        "sharpe": {"annual": 0.4, "per_period": 0.025, "n_periods": 1208, "skew": -0.3, "kurtosis": 9.1, "periods_per_year": 251.6},
        "conventions": {
            "gate": "classic",
            "classic": "the variance at the Sharpe ratio that was observed (2014)",
            "null_variance": "the variance at the Sharpe ratio of the null (2025)",
        },
        "probabilistic_sharpe_ratio": {"classic": 0.79, "null_variance": 0.8},
        "deflated_sharpe_ratio": {"classic": 0.12, "null_variance": 0.13, "expected_max_sharpe_annual": 0.95},
        "minimum_track_record_length": {"classic": 4250.2, "null_variance": 4310.7},
        "trials": {
            "n_trials": 15, "n_with_returns": 12, "n_effective": 6.2, "estimates": {"average_correlation": 6.2, "eigenvalues": 5.1},
            "sharpe_std_annual": 0.5,
            "by_source": [{"study": "us-equity-direction:a133f1ec", "kind": "tuning", "dataset": "0d544e04c734", "n": 15}],
            "sharpe_ratios": [0.1 * n - 0.6 for n in range(12)],
        },
        "backtest_overfitting": {
            "pbo": 0.57, "low": 0.3, "high": 0.81, "n_blocks": 8, "n_combinations": 70, "n_trials": 12,
            "probability_of_loss": 0.41, "slope": -0.2, "reason": None,
        },
        "superior_ability": {
            "spa_p_value": 0.62, "spa_p_consistent": 0.55, "spa_p_lower": 0.5, "spa_p_upper": 0.7, "reality_check_p_value": 0.71, "n_models": 12,
            "benchmark": "holding nothing",
        },
        "notes": ["the periods are few"],
    }  # fmt: skip


def robustness() -> dict[str, Any]:
    """Every part of the robustness report."""

    def regime(kind: str, name: str, share: float, n: int, **given: Any) -> dict[str, Any]:
        row = {
            "kind": kind,
            "regime": name,
            "n": n,
            "n_times": n // 4,
            "accuracy": share,
            "low": share - 0.04,
            "high": share + 0.04,
        }
        return (
            row
            | {"baseline_accuracy": 0.51, "information_coefficient": 0.03, "mean_return": 0.0001, "is_judged": n > 100}
            | given
        )

    return {
        "overfitting": {"train_accuracy": 0.611, "test_accuracy": 0.508, "gap": 0.103},
        "learning_curve": [
            {"share": s, "n_train": int(6000 * s), "train_accuracy": 0.72 - 0.11 * s, "test_accuracy": t, "low": t - 0.02, "high": t + 0.02}
            for s, t in ((0.25, 0.499), (0.5, 0.503), (0.75, 0.506), (1.0, 0.508))
        ],
        "validation_curves": [{"parameter": "num_leaves", "points": [{"value": 4, "score": 0.036}, {"value": 16, "score": 0.031}]}],
        "noise": [{"noise_sd": 0.1, "accuracy": 0.507, "change": -0.001, "changed_share": 0.06}],
        "removal": [{"group": "candlesticks", "n_features": 61, "accuracy": 0.507, "change": -0.001, "low": -0.012, "high": 0.01}],
        "seeds": [{"measure": "accuracy", "mean": 0.513, "std": 0.0047, "low": 0.508, "high": 0.516, "n_seeds": 3}],
        "regimes": [
            regime("volatility", "low", 0.712, 1600, base_rate=0.3), regime("volatility", "high", 0.493, 1500),
            regime("trend", "up", 0.52, 1700), regime("trend", "down", 0.499, 40),
        ],
        "worst_regime": {"kind": "volatility", "regime": "high", "n": 1500, "accuracy": 0.493},
        "stress": [
            {
                "period": "2008 crisis", "start": "2008-09-01", "end": "2009-03-31", "n": 580, "accuracy": 0.48, "low": 0.41, "high": 0.55, "n_times": 145,
                "total_return": -0.22, "max_drawdown": -0.31, "note": "",
            },
        ],
        "by_instrument": [
            {
                "instrument_id": name, "n": 1208, "accuracy": share, "low": share - 0.03, "high": share + 0.03,
                "baseline_accuracy": 0.51, "said_up_share": 0.5, "happened_share": 0.51,
            }
            for name, share in (("AAPL", 0.51), ("IBM", 0.506))
        ],
        "by_side": [{"side": "long", "n": 2432, "accuracy": 0.519, "low": 0.5, "high": 0.54, "base_rate": 0.51, "mean_return": 0.0002}],
        "notes": ["the forecasts begin in 2008"],
    }  # fmt: skip


def model_leaks() -> dict[str, Any]:
    """One canary of each kind, all as they should be."""
    return {
        "canaries": [
            {"name": "labels_permuted", "kind": "must_vanish", "what": "labels in another order", "n": 1000, "skill": 0.002, "low": -0.03, "high": 0.03, "p_value": 0.4, "passed": True, "sentence": "with permuted labels nothing is learnt"},
            {"name": "future_planted", "kind": "must_appear", "what": "the answer as a feature", "n": 1000, "skill": 0.98, "low": 0.97, "high": 0.99, "p_value": 0.0, "passed": True, "sentence": "the planted answer is found"},
            {"name": "overlap", "kind": "audit", "what": "intervals of training and test", "n": 4, "skill": None, "low": None, "high": None, "p_value": None, "passed": True, "sentence": "no interval overlaps"},
        ],
        "n_failed": 0,
        "reason": "no canary failed",
    }  # fmt: skip


def dataset_leaks() -> dict[str, Any]:
    """A clean certificate over two series."""
    items = [
        {"what": "feature", "where": key, "checked": 262, "unchecked": 0, "leaks": 0} for key in ("AAPL__1d", "IBM__1d")
    ]
    planted = [{"leak": "the close of the next bar", "reads": "bars", "planted": 4, "caught": 4}]
    return {"n_leaks": 0, "reason": "524 features know nothing of the future", "items": items, "planted": planted}


def evidence(**changes: Any) -> ModelEvidence:
    """A refused version of which everything was measured."""
    whole = ModelEvidence(
        strategy="us-equity-direction",
        version="2.0.0",
        description="Will large US equities close the next session higher than this one?",
        state="rejected",
        algorithm="ensemble",
        created="2024-01-02T00:00:00+00:00",
        decision=refused_decision(),
        documents={
            "walk_forward": walk_forward(), "backtest": backtest(), "honesty": honesty(), "robustness": robustness(),
            "model_leaks": model_leaks(), "dataset_leaks": dataset_leaks(), "drift": {"status": "stable", "drifted_share": 0.0},
        },
        importance=[{"feature": f"feature_{n}", "native": 0.3 / n, "permutation": 0.01 * n} for n in range(1, 15)],
        identity=[("Samples", "10,950"), ("Dataset", "0d544e04" * 8)],
        parameters={"members": {"lightgbm": 0.4}, "learning_rate": 0.033},
        commands=[("trimtab run --strategy us-equity-direction", "Run it again:")],
    )  # fmt: skip
    return replace(whole, **changes)


def approved() -> ModelEvidence:
    """The same version with every gate passed."""
    return evidence(decision=approved_decision(), state="approval_pending")


def nothing_measured() -> ModelEvidence:
    """A version that is registered, and no more."""
    return ModelEvidence("empty", "1.0.0", why_missing={"honesty": "the stage honesty_report has not run"})
