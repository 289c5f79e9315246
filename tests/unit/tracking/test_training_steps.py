"""Boosters tell whoever watches every round as it happens, and are the same whether anybody watches or not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.datasets import make_dataset
from fakes.runs import start_run
from sklearn.metrics import log_loss

from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.storage.lake import Lake
from trimtab.tracking.run_store import RunStore
from trimtab.tracking.watching import watch_of

ROUNDS = 12
ALONE = FitContext(seed=7, n_threads=1)


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_every_round_is_told_with_the_loss_on_the_validation_part(family: str, lake: Lake) -> None:
    train, validation = make_dataset(400), make_dataset(200, seed=1)
    forecaster = make_forecaster(family, {"n_estimators": ROUNDS})
    with start_run(lake) as run:
        fitted = forecaster.fit(train, validation, replace(ALONE, watch=watch_of(run)))
    losses = RunStore.of(lake).series(run.id)["validation_loss"]
    assert list(losses) == list(range(1, ROUNDS + 1))
    best = min(losses.values())  # the model keeps the rounds up to the best one
    assert best == pytest.approx(log_loss(validation.target, fitted.predict(validation.features).value), rel=1e-5)
    assert fitted.save() == forecaster.fit(train, validation, ALONE).save()


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_without_a_validation_part_rounds_are_counted_and_nothing_is_measured(family: str, lake: Lake) -> None:
    train = make_dataset(200)
    forecaster = make_forecaster(family, {"n_estimators": ROUNDS})
    with start_run(lake) as run:
        fitted = forecaster.fit(train, None, replace(ALONE, watch=watch_of(run)))
    store = RunStore.of(lake)
    assert store.progress(run.id) == (ROUNDS, ROUNDS)
    assert store.series(run.id) == {}
    assert fitted.save() == forecaster.fit(train, None, ALONE).save()
