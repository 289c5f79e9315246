"""Judged versions of strategies: a real registry and lake, forecasts written by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from trimtab.config import Settings
from trimtab.pipeline.walk_forward_forecasts import recipe_table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.models import Candidate

CUTS = "c" * 12  # how time was cut when they were judged
LABEL = {"kind": "direction", "horizons": [1]}
DAYS = np.datetime64("2020-01-01", "us") + np.arange(300) * np.timedelta64(1, "D")
RANDOM = np.random.default_rng(0)
TARGET = (RANDOM.random((300, 2)) < 0.5).astype(float)


def said(skill: float, seed: int) -> np.ndarray:
    """Probabilities for 300 days of two instruments; `skill` 0 knows nothing."""
    return np.clip(0.5 + skill * (TARGET - 0.5) + np.random.default_rng(seed).normal(0, 0.1, (300, 2)), 0.01, 0.99)


def table(value: np.ndarray, days: slice = slice(None), target: np.ndarray = TARGET) -> pa.Table:
    time = np.repeat(DAYS[days], 2)
    return pa.table(
        {
            "instrument_id": ["AAA", "BBB"] * (len(time) // 2),
            "decision_time": pa.array(time, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC")),
            "value": value[days].ravel(),
            "target": target[days].ravel(),
        }
    )


class JudgedVersions:
    """A registry and a lake to put versions and their forecasts into."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder))

    def add(self, forecasts: pa.Table | None, strategy: str = "mine", label: dict | None = None, **more: object) -> str:
        """Register a version; its recipe is known, and its forecasts are kept when there are any."""
        number = str(len(self.workspace.registry.list_models()))
        recipe = number * 64
        model = self.workspace.registry.register_model(
            Candidate(
                strategy=strategy,
                algorithm="linear",
                configuration={"label": label or LABEL},
                hyper_parameters={"l2": float(number)},
                dataset_fingerprint="d" * 64,
                manifest_digest=recipe,
                size_bytes=1,
                code_version="1",
                metrics={"recipe": recipe, "cuts": CUTS} | more,
                features={"a": 1.0, f"own_{number}": 0.5},
            ),
            "test",
        )
        if forecasts is not None:
            self.workspace.lake.tables.write(recipe_table(strategy, recipe, CUTS), forecasts)
        return model.version
