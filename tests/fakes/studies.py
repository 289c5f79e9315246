"""A study that takes a second: a linear model, one parameter, thirds of 300 rows."""

from __future__ import annotations

from typing import Any

from fakes.datasets import make_dataset
from fakes.folds import thirds

from trimtab.config.strategy import Model
from trimtab.models.families import search_space
from trimtab.models.protocol import FitContext
from trimtab.storage.database import Database
from trimtab.tuning.handover import ConfiguredMake

DATASET = make_dataset(300)
FOLDS = thirds(300)


def small_study(storage: Database) -> dict[str, Any]:
    """The arguments of `run_study`."""
    return {
        "dataset": DATASET,
        "folds": FOLDS,
        "make": ConfiguredMake(Model(algorithm="linear")),
        "space": search_space("linear"),
        "sampler": "tpe",
        "n_trials": 10,
        "objectives": ["log_loss"],
        "seed": 1,
        "context": FitContext(seed=2, n_threads=1),
        "storage": storage,
        "study_name": "study",
    }
