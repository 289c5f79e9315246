"""Strategies and bars small enough to run from bars to decision in seconds, and what such a run left behind."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select

from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.clock import Clock
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.pipeline.datasets import STAGE as DATASET
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.tuning import TUNING
from trimtab.pipeline.workspace import Workspace
from trimtab.registry import schema

NAME = "tiny"
INSTRUMENTS = ("SIMBAD", "SIMREGIME")  # one of them delivers bars that must be refused
TINY: dict[str, dict[str, Any]] = {
    "universe": {"source": "files", "instruments": list(INSTRUMENTS), "timeframe": "1d"},
    "features": {"sets": ["candlesticks", "market_state"]},
    "label": {"kind": "volatility_regime", "horizons": [5], "memory": 60},
    # Every family of the shipped ensemble, so that every kind of model file is written.
    "model": {"algorithm": "ensemble", "members": {"lightgbm": 0.4, "xgboost": 0.4, "random_forest": 0.2}},
    "tuning": {"n_trials": 2, "n_folds": 2},
    "validation": {"n_seeds": 1},
    "drift": {"current": 100},
}


def write_bars(folder: Path, n_bars: int = 780, instruments: Sequence[str] = INSTRUMENTS) -> Path:
    """Instruments of the simulated market as a bar file, defects included."""
    market = SimulatedMarket(seed=7, n_bars=n_bars)
    tables = [market.fetch(Series(name, Timeframe.DAY)).to_table() for name in instruments]
    columns = ["instrument_id", "event_time", "open", "high", "low", "close", "volume"]
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(tables).select(columns), folder / "bars.parquet")
    return folder / "bars.parquet"


def write_strategy(folder: Path, **changes: Mapping[str, Any]) -> Path:
    """The tiny strategy as a file, with the keys of some sections changed; returns the folder."""
    sections = {title: {**TINY.get(title, {}), **changes.get(title, {})} for title in {**TINY, **changes}}
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f'name = "{NAME}"']
    for title, values in sections.items():
        lines += ["", f"[{title}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    (folder / f"{NAME}.toml").write_text("\n".join(lines) + "\n")
    return folder


def write_world(folder: Path, **changes: Mapping[str, Any]) -> Path:
    """Bars and the tiny strategy that reads them; returns the folder of strategies."""
    changes["universe"] = {"path": str(write_bars(folder)), **changes.get("universe", {})}
    return write_strategy(folder / "strategies", **changes)


def run_environment(lake: Path, strategies: Path, **more: str) -> dict[str, str]:
    """The environment of a `trimtab run` on a lake, free of what the outer one says about trimtab."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIMTAB_", "DAGSTER_"))}
    mine = {"TRIMTAB_DATA_DIR": str(lake), "TRIMTAB_STRATEGIES_DIR": str(strategies), "TRIMTAB_N_THREADS": "1"}
    return kept | mine | more


def open_world(lake: Path, strategies: Path, clock: Clock | None = None, **more: Any) -> Workspace:
    """The workspace of a lake, in this process."""
    return Workspace.open(Settings(data_dir=lake, strategies_dir=strategies, n_threads=1, **more), clock)


def run_market_data(workspace: Workspace) -> dict[str, StageResult]:
    """Bars, facts and the features that strategies use, of every series; results by `stage/key`."""
    from trimtab.features.catalogue import catalogue, resolve
    from trimtab.pipeline.bars import ingest_bars
    from trimtab.pipeline.facts import ingest_facts
    from trimtab.pipeline.features import STAGES, compute_family

    chosen = [each.features for each in workspace.strategies.values()]
    used = {catalogue()[name].family for each in chosen for name in resolve(each.sets, each.names)}
    results = [stage(workspace, key) for stage in (ingest_bars, ingest_facts) for key in workspace.series]
    results += [compute_family(workspace, f, key) for f in STAGES if f in used for key in workspace.series]
    return {f"{result.stage}/{result.key}": result for result in results}


def run_strategy(workspace: Workspace, name: str = NAME) -> dict[str, StageResult]:
    """Dataset to decision of one strategy; results by stage."""
    from trimtab.pipeline.backtest import report_backtest
    from trimtab.pipeline.datasets import build_training_dataset
    from trimtab.pipeline.governance import decide_deployment
    from trimtab.pipeline.honesty import report_honesty
    from trimtab.pipeline.leak_certificate import certify_leaks
    from trimtab.pipeline.model_certificate import certify_model
    from trimtab.pipeline.model_report import report_model
    from trimtab.pipeline.models import train_candidate
    from trimtab.pipeline.monitoring import snapshot_drift
    from trimtab.pipeline.robustness import report_robustness
    from trimtab.pipeline.tuning import run_tuning_study
    from trimtab.pipeline.walk_forward import report_walk_forward

    stages = (
        build_training_dataset, run_tuning_study, train_candidate, snapshot_drift,
        report_walk_forward, report_backtest, report_honesty, report_robustness, certify_leaks, certify_model,
        decide_deployment, report_model,
    )  # fmt: skip
    results = [stage(workspace, name) for stage in stages]
    return {result.stage: result for result in results}


def table_sizes(workspace: Workspace) -> dict[str, int]:
    """Rows of every table of the registry."""
    assert workspace.registry  # the schema must exist
    with workspace.lake.database.read() as connection:
        tables = schema.metadata.tables.values()
        return {t.name: connection.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


def outcome_of(workspace: Workspace, name: str = NAME) -> dict[str, Any]:
    """Everything a run must end with, whatever happened on the way: no times, no paths, no load time."""
    registry = workspace.registry
    models, decision = registry.list_models(name), registry.latest_decision(strategy=name)
    assert models
    assert decision
    files = {file.name: file.sha256 for model in models for file in registry.artifacts(model.id)}
    study = stage_values(workspace, TUNING, name)
    dataset = stage_values(workspace, DATASET, name)
    assert study
    assert dataset
    gates = [
        (gate.name, None if gate.name == "load_time" else gate.value, gate.limit, gate.passed)
        for gate in decision.gates
    ]
    return {
        "bars": {key: workspace.bars.fingerprint(series) for key, series in workspace.series.items()},
        "versions": {key: workspace.bars.n_versions(series) for key, series in workspace.series.items()},
        "quarantine": {
            key: sorted((kept.bar, kept.check) for kept in workspace.quarantine.list(series))
            for key, series in workspace.series.items()
        },
        "dataset": dataset["data_version"],
        "datasets": sorted(path.name for path in (workspace.lake.root / "datasets").iterdir()),
        "best parameters": study["best_parameters"],
        "trials": [(t.number, dict(t.parameters), t.value) for t in registry.trials(study["study"])],
        "models": [(model.version, model.manifest_digest, model.state) for model in models],
        "files": {file: workspace.lake.artifacts.get(digest) for file, digest in files.items()},
        "drift": [snapshot.snapshot_id for snapshot in registry.drift_snapshots(name)],
        "decision": (decision.outcome, decision.version, gates),
        "rows": table_sizes(workspace),
    }


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)  # strings, numbers, booleans and lists are written alike
