"""A search as files, for the processes that run its trials: JSON and plain arrays, nothing that runs code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.config.strategy import Model
from trimtab.datasets import Dataset
from trimtab.datasets.history import History
from trimtab.datasets.schema import HorizonLabels
from trimtab.models.configured import configured_forecaster
from trimtab.models.protocol import FitContext, Forecaster
from trimtab.models.space import SearchSpace
from trimtab.tuning.objectives import OBJECTIVES
from trimtab.tuning.trials import Rows, Search

TASK = "task.json"
DESCRIBED = ("feature_names", "task", "horizon", "instruments", "superseded_weight")


@dataclass(frozen=True)
class ConfiguredMake:
    """A `make` that another process can build again: the `[model]` section of a strategy file."""

    model: Model

    def __call__(self, tuned: Mapping[str, Any]) -> Forecaster:
        """The forecaster of the section with some parameters."""
        return configured_forecaster(self.model, tuned)


def write_search(folder: Path, search: Search) -> None:
    """Put a search whose `make` is a `ConfiguredMake` into a folder."""
    assert isinstance(search.make, ConfiguredMake)
    dataset, arrays = search.dataset, dict(search.dataset.arrays())
    if dataset.history is not None:
        arrays |= {"history": dataset.history.features, "first": dataset.history.first}
        if dataset.history.before is not None:
            arrays["before"] = dataset.history.before
    for number, fold in enumerate(search.folds):
        arrays |= {f"train_{number}": fold.train, f"test_{number}": fold.test}
    for position, array in enumerate(arrays.values()):
        np.save(folder / f"{position}.npy", array, allow_pickle=False)
    task = {
        "arrays": list(arrays),
        "model": search.make.model.model_dump(mode="json"),
        "dataset": {name: getattr(dataset, name) for name in DESCRIBED},
        "horizons": [labels.horizon for labels in dataset.by_horizon],
        "n_folds": len(search.folds),
        "space": search.space.to_json(),
        "objectives": [objective.name for objective in search.objectives],
        "context": {
            "seed": search.context.seed,
            "n_threads": max(search.context.n_threads // search.n_workers, 1),
            "device": search.context.device,
        },
        "kept_in": None if search.kept_in is None else str(search.kept_in.absolute()),
        "how": {name: getattr(search, name) for name in ("sampler", "n_trials", "seed", "pruning", "n_workers")},
    }
    (folder / TASK).write_text(json.dumps(task))


def read_search(folder: Path) -> Search:
    """The search in a folder; its arrays are mapped, so that workers share one copy in memory."""
    task = json.loads((folder / TASK).read_text())
    arrays = {
        name: np.load(folder / f"{position}.npy", mmap_mode="r", allow_pickle=False)
        for position, name in enumerate(task["arrays"])
    }
    return Search(
        dataset=_dataset(task, arrays),
        folds=[Rows(arrays[f"train_{i}"], arrays[f"test_{i}"]) for i in range(task["n_folds"])],
        make=ConfiguredMake(Model(**task["model"])),
        space=SearchSpace.from_json(task["space"]),
        objectives=tuple(OBJECTIVES[name] for name in task["objectives"]),
        context=FitContext(**task["context"]),
        kept_in=Path(task["kept_in"]) if task["kept_in"] else None,
        **task["how"],
    )


def _dataset(task: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Dataset:
    labels = ("target", "weight", "label_start", "label_end", "baseline")
    own = (*labels, "features", "instrument", "event_time", "decision_time")
    described = task["dataset"]
    return Dataset(
        feature_names=tuple(described["feature_names"]),
        task=described["task"],
        horizon=described["horizon"],
        superseded_weight=described["superseded_weight"],
        instruments=tuple(described["instruments"]),
        by_horizon=tuple(
            HorizonLabels(
                horizon,
                **{name: arrays[f"{name}@{horizon}"] for name in labels},
                superseded_at=arrays.get(f"superseded_at@{horizon}"),
            )
            for horizon in task["horizons"]
        ),
        history=History(arrays["history"], arrays["first"], arrays.get("before")) if "history" in arrays else None,
        position=arrays.get("position"),
        superseded_at=arrays.get("superseded_at"),
        **{name: arrays[name] for name in own},
    )
