"""A training as a whole: what it may look at, and that an interrupted one ends alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.dying import Died
from fakes.network_rows import DyingAt, Noting

from trimtab.datasets import Dataset
from trimtab.datasets.history import History
from trimtab.models.families import make_forecaster
from trimtab.models.networks.fitted import FittedNetwork
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(seed=4, n_threads=1)
SMALL = {
    "dense": {"hidden": [8], "schedule": "plateau"},
    "lstm": {"hidden": [6], "window": 4},
    "cnn": {"channels": [6], "window": 4, "schedule": "constant"},
    "tcn": {"channels": [6], "window": 4},
    "transformer": {"width": 8, "n_heads": 2, "window": 4, "loss": "huber"},
}


def fit(
    family: str, train: Dataset, validation: Dataset | None = None, context: FitContext = CONTEXT, epochs: int = 4
) -> FittedNetwork:
    return make_forecaster(family, {**SMALL[family], "epochs": epochs}).fit(train, validation, context)


@pytest.mark.parametrize("family", sorted(SMALL))
def test_a_killed_training_goes_on_and_ends_with_the_same_files(family: str, tmp_path: Path) -> None:
    train = make_dataset(240, task="regression", history=True)
    for epoch in (1, 3):
        with pytest.raises(Died):
            fit(family, train, context=replace(CONTEXT, checkpoints=tmp_path, watch=DyingAt(epoch)))
    watch = Noting()
    resumed = fit(family, train, context=replace(CONTEXT, checkpoints=tmp_path, watch=watch))
    assert resumed.save() == fit(family, train).save()
    assert [number for number, _, _ in watch.steps] == [1, 2, 3, 4]
    assert list(tmp_path.iterdir()) == []


def test_other_data_does_not_go_on_from_the_checkpoint_of_these(tmp_path: Path) -> None:
    with pytest.raises(Died):
        fit("dense", make_dataset(240), context=replace(CONTEXT, checkpoints=tmp_path, watch=DyingAt(3)))
    other = make_dataset(240, seed=1)
    assert fit("dense", other, context=replace(CONTEXT, checkpoints=tmp_path)).save() == fit("dense", other).save()
    assert len(list(tmp_path.iterdir())) == 1  # the first one's waits for it


def test_the_future_of_the_history_changes_nothing() -> None:
    whole = make_dataset(300, history=True)
    train = whole.take(np.arange(200))
    assert train.history is not None and train.position is not None
    features = train.history.features.copy()
    unseen = np.ones(len(features), bool)
    unseen[train.position] = False
    features[unseen] = 1e6
    changed = replace(train, history=History(features, train.history.first))
    assert fit("lstm", changed).save() == fit("lstm", train).save()


def test_the_scaling_is_learnt_from_the_fitting_rows_only() -> None:
    train, validation = make_dataset(100), make_dataset(50, seed=1)
    shifted = replace(validation, features=validation.features + 100.0)
    ours, theirs = fit("dense", train, validation), fit("dense", train, shifted)
    assert np.array_equal(ours.scaling.center, theirs.scaling.center)
    assert ours.scaling.center == pytest.approx(np.nanmean(train.features, axis=0))
    features = make_dataset(400).features
    cut = fit("dense", make_dataset(400)).scaling.center  # the last 15 % stop the training and teach it nothing
    assert cut == pytest.approx(np.nanmean(features[:340], axis=0))


def test_the_validation_only_chooses_the_epoch() -> None:
    train, validation = make_dataset(200), make_dataset(100, seed=1)
    files = [fit("dense", train, validation, epochs=1).save()]
    files.append(fit("dense", train, replace(validation, target=1.0 - validation.target), epochs=1).save())
    assert files[0] == files[1]


def test_a_longer_window_sees_what_a_short_one_cannot() -> None:
    rng = np.random.default_rng(0)
    base = make_dataset(900, k=1, missing=0.0, signal=0.0, instruments=("AAA",), history=True)
    before = np.concatenate([np.zeros(3), base.features[:-3, 0]])
    target = (before + 0.3 * rng.standard_normal(900) > 0).astype(np.float64)
    dataset = replace(base, target=target)
    rows = np.arange(900)
    train, test = dataset.take(rows[:600]), dataset.take(rows[600:])
    settings = {"channels": [8], "epochs": 12, "learning_rate": 0.02, "dropout": 0.0, "batch_size": 64}
    right = {}
    for window in (2, 5):
        forecaster = make_forecaster("cnn", {**settings, "kernel_size": window, "window": window})
        fitted = forecaster.fit(train, None, CONTEXT)
        right[window] = ((fitted.predict(test.windows(window)).value > 0.5) == test.target).mean()
    assert right[5] > 0.8 and right[2] < 0.7
