from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.folds import thirds

from trimtab.config.strategy import Model
from trimtab.datasets import Dataset
from trimtab.models.configured import configured_space
from trimtab.models.protocol import FitContext
from trimtab.tuning.handover import ConfiguredMake, read_search, write_search
from trimtab.tuning.objectives import OBJECTIVES
from trimtab.tuning.trials import Search

MODEL = Model(algorithm="ensemble", members={"linear": 1.0}, parameters={"linear.l2": 3.0}, scaling="standard")


def search_of(dataset: Dataset, model: Model = MODEL) -> Search:
    return Search(
        dataset=dataset,
        folds=thirds(len(dataset)),
        make=ConfiguredMake(model),
        space=configured_space(Model(algorithm="lightgbm")),
        sampler="tpe",
        n_trials=7,
        seed=3,
        objectives=(OBJECTIVES["accuracy"], OBJECTIVES["complexity"]),
        context=FitContext(seed=5, n_threads=4, device="cpu"),
        pruning=True,
        n_workers=2,
        kept_in=Path("kept").absolute(),
    )


def filled() -> Dataset:
    """A history that says what a bar before its beginning is."""
    dataset = make_dataset(200, k=2, history=True)
    return dataset.with_features(lambda rows: np.nan_to_num(rows) + 1.0, ("a", "b"))


def superseded() -> Dataset:
    """Several horizons of which each was superseded at times of its own."""
    dataset = make_dataset(200, further=(5,))
    own = [
        replace(labels, superseded_at=dataset.decision_time + np.timedelta64(labels.horizon, "h"))
        for labels in dataset.by_horizon
    ]
    return replace(dataset, by_horizon=tuple(own), superseded_at=own[0].superseded_at, superseded_weight=0.25)


@pytest.mark.parametrize(
    "dataset",
    [make_dataset(200), make_dataset(200, history=True, further=(5,)), filled(), superseded()],
    ids=["plain", "all", "filled", "superseded"],
)
def test_a_search_comes_out_of_the_folder_as_it_went_in(tmp_path: Path, dataset: Dataset) -> None:
    given = search_of(dataset)
    write_search(tmp_path, given)
    read = read_search(tmp_path)
    for (name, one), (other_name, other) in zip(dataset.arrays(), read.dataset.arrays(), strict=True):
        assert name == other_name
        assert one.dtype == other.dtype
        assert np.array_equal(one, other, equal_nan=True)
    assert read.dataset.feature_names == dataset.feature_names
    assert (read.dataset.task, read.dataset.horizons) == (dataset.task, dataset.horizons)
    assert read.dataset.superseded_weight == dataset.superseded_weight
    assert all(np.array_equal(a.train, b.train) for a, b in zip(given.folds, read.folds, strict=True))
    if dataset.history is not None:
        rows = np.array([0, 50, 199])
        assert np.array_equal(dataset.windows(4, rows), read.dataset.windows(4, rows), equal_nan=True)
    assert read.make == given.make
    assert read.context == replace(given.context, n_threads=2)  # the threads are shared among the workers
    same = ("space", "sampler", "n_trials", "seed", "objectives", "pruning", "n_workers", "kept_in")
    assert all(getattr(read, name) == getattr(given, name) for name in same)


def test_nothing_in_the_folder_can_run_code(tmp_path: Path) -> None:
    write_search(tmp_path, search_of(make_dataset(200)))
    kinds = {path.suffix for path in tmp_path.iterdir()}
    assert kinds == {".npy", ".json"}
    for path in tmp_path.glob("*.npy"):
        np.load(path, allow_pickle=False)
