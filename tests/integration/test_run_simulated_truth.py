"""On a market whose truth is known, the pipeline finds what is there and refuses what is not."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.strategies import NAME, open_world, run_market_data, run_strategy, write_strategy

from trimtab.clock import SimulatedClock
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.registry.decisions import Decision

pytestmark = pytest.mark.slow

NOW = datetime(2021, 1, 1, tzinfo=UTC)
CHEAP: dict[str, Any] = {
    "model": {"algorithm": "lightgbm", "members": {}},
    "tuning": {"n_trials": 2, "n_folds": 2},
}


def judged(tmp_path: Path, **changes: Any) -> tuple[dict[str, Any], Decision]:
    strategies = write_strategy(tmp_path / "strategies", **CHEAP, **changes)
    workspace = open_world(tmp_path / "lake", strategies, SimulatedClock(NOW))
    run_market_data(workspace)
    run_strategy(workspace)
    measured, decision = stage_values(workspace, WALK_FORWARD, NAME), workspace.registry.latest_decision(strategy=NAME)
    assert measured
    assert decision
    return measured, decision


def test_the_direction_of_a_random_walk_is_a_coin_and_is_refused(tmp_path: Path) -> None:
    measured, decision = judged(
        tmp_path,
        universe={"source": "simulated", "instruments": ["SIMNULL"]},
        label={"kind": "direction", "horizons": [1]},
    )
    n = measured["n_forecasts"]
    assert n > 400
    # 3.3 standard deviations of the mean of n fair coins: outside it once in a thousand seeds.
    assert abs(measured["accuracy"] - 0.5) < 3.3 * math.sqrt(0.25 / n)
    assert decision.outcome == "refused"
    failed = {gate.name for gate in decision.gates if not gate.passed}
    assert {"accuracy", "baseline_significance"} <= failed


def test_a_planted_volatility_regime_is_found_and_beats_the_naive_forecast(tmp_path: Path) -> None:
    # Three twins: one alone sees some thirty regimes in six years, too few to tell skill from luck
    # against a naive forecast that already knows today's volatility.
    measured, decision = judged(
        tmp_path,
        universe={"source": "simulated", "instruments": ["SIMREGIME", "SIMREGIME2", "SIMREGIME3"]},
        label={"kind": "volatility_regime", "horizons": [5], "memory": 252},
    )
    assert measured["accuracy"] > measured["baseline_accuracy"]
    assert measured["baseline_p_value"] < 0.05
    significance = next(gate for gate in decision.gates if gate.name == "baseline_significance")
    assert significance.passed
