from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset

from trimtab.config.as_read import confidence_as_read, folds_as_read, label_as_read, model_as_read, search_as_read
from trimtab.config.strategy import Confidence, Label, Model, Tuning, Validation
from trimtab.labels.compute import compute_labels
from trimtab.models.configured import configured_forecaster
from trimtab.validation.splitters import walk_forward_from

OTHER: dict[str, Any] = {
    "horizons": (3,), "neutral_band": 0.01, "memory": 60, "take_profit": 0.5, "stop_loss": 0.5, "volatility_window": 50,
}  # fmt: skip
SPLITS: dict[str, Any] = {"hold_out": (0.5, 0.2, 0.3), "initial_train": 0.4, "test": 0.2, "step": 0.2, "embargo": "9d"}


@pytest.mark.parametrize("kind", ["forward_return", "direction", "triple_barrier", "volatility_regime"])
@pytest.mark.parametrize("key", OTHER)
def test_a_key_of_the_label_is_left_out_exactly_when_the_labels_stay_the_same_without_it(kind: Any, key: str) -> None:
    def values(label: Label) -> list[np.ndarray]:
        (block,) = compute_labels(bars, label)
        return [np.asarray(getattr(block, name)) for name in block.__dataclass_fields__]

    bars = random_walk(400, seed=3)
    one, other = Label(kind=kind, horizons=(5,)), Label(**{"kind": kind, "horizons": (5,), key: OTHER[key]})
    stays = all(
        np.array_equal(a, b, equal_nan=a.dtype.kind in "fM") for a, b in zip(values(one), values(other), strict=True)
    )
    assert (label_as_read(one) == label_as_read(other)) == stays
    assert Label(**label_as_read(other)) == other or stays


@pytest.mark.parametrize("window", ["expanding", "rolling", "hold_out"])
@pytest.mark.parametrize("key", SPLITS)
def test_a_share_is_left_out_exactly_when_the_folds_stay_the_same_without_it(window: Any, key: str) -> None:
    def rows(validation: Validation) -> list[list[int]]:
        folds = walk_forward_from(validation).split(dataset)
        return [part.tolist() for fold in folds for part in (fold.train, fold.test)]

    dataset = make_dataset(300, horizon=3)
    one, other = Validation(window=window), Validation(**{"window": window, key: SPLITS[key]})
    assert (folds_as_read(one) == folds_as_read(other)) == (rows(one) == rows(other))


def test_sizes_of_every_kind_are_kept_as_they_are_and_differ_where_the_folds_differ() -> None:
    sizes: list[Any] = [0.5, 150, "150d", 151, "151d"]
    read = [folds_as_read(Validation(initial_train=size)) for size in sizes]
    assert [each["initial_train"] for each in read] == [0.5, 150, "P150D", 151, "P151D"]
    assert read[2] == folds_as_read(Validation(initial_train="3600h"))  # the same time, written otherwise
    assert json.loads(json.dumps(read)) == read


def test_how_many_features_or_parts_counts_only_where_some_are_asked_for() -> None:
    few, many = (Model(algorithm="linear", selection="lasso", n_selected=n) for n in (5, 9))
    assert configured_forecaster(few).parameters != configured_forecaster(many).parameters
    assert model_as_read(few) != model_as_read(many)
    assert model_as_read(Model(n_selected=5)) == model_as_read(Model(n_selected=9))  # nothing is made of either
    for calibration in ("none", "sigmoid"):
        few, many = (Confidence(calibration=calibration, n_parts=n) for n in (4, 5))
        made = [configured_forecaster(Model(algorithm="linear"), None, each).parameters for each in (few, many)]
        assert (confidence_as_read(few) == confidence_as_read(many)) == (made[0] == made[1])


def test_the_number_of_trials_is_part_of_a_grid_only() -> None:
    assert search_as_read(Tuning(sampler="random", n_trials=5)) == search_as_read(Tuning(sampler="random"))
    assert search_as_read(Tuning(sampler="grid", n_trials=5)) != search_as_read(Tuning(sampler="grid"))
    for key, value in {"sampler": "gp", "objectives": ("accuracy",), "pruning": True, "narrowing": True}.items():
        assert search_as_read(Tuning(**{key: value})) != search_as_read(Tuning()), key
