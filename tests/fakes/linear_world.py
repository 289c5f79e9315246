"""A lake whose one strategy is quick to train: two random walks, four features, a linear model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fakes.bars import random_walk

from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.features.catalogue import catalogue
from trimtab.pipeline import datasets, features
from trimtab.pipeline.tuning import run_tuning_study
from trimtab.pipeline.workspace import Workspace

NAME = "mine"
RECEIVED = datetime(2023, 1, 2, tzinfo=UTC)


def write_linear(folder: Path, benchmark: bool = False, n_trials: int = 0, algorithm: str = "linear") -> Path:
    """The strategy file; with `benchmark` a third walk is the market."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.toml").write_text(f"""
name = "{NAME}"
[universe]
instruments = ["AAA", "BBB"]
{'benchmark = "MKT"' if benchmark else ""}
[features]
names = ["return_1", "rsi_14", "return_5", "sma_distance_20"]
sets = []
[label]
kind = "direction"
horizons = [1]
[model]
algorithm = "{algorithm}"
[tuning]
n_trials = {n_trials}
n_folds = 2
[validation]
n_seeds = 1
""")
    return folder


def open_linear(folder: Path, n_threads: int = 1) -> Workspace:
    """The workspace of a folder that holds the strategy file and, under `data`, the lake."""
    settings = Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=n_threads)
    return Workspace.open(settings, SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC)))


def build_linear(folder: Path, n_bars: int = 800) -> Workspace:
    """Bars, features, dataset and study."""
    workspace = open_linear(folder)
    for seed, series in enumerate(workspace.series.values()):
        workspace.bars.append(random_walk(n_bars, seed=seed, instrument=series.instrument_id), RECEIVED)
    for family in {catalogue()[name].family for name in workspace.strategy(NAME).features.names}:
        for key in workspace.series:
            features.compute_family(workspace, family, key)
    datasets.build_training_dataset(workspace, NAME)
    run_tuning_study(workspace, NAME)
    return workspace
