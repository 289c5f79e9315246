from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.datasets import make_dataset

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.labels import LabelBlock
from trimtab.labels.compute import compute_label
from trimtab.monitoring import leaks
from trimtab.monitoring.leaks import audit_folds, audit_label
from trimtab.validation.splitters import WalkForward

LABELS = [Label(kind="direction"), Label(kind="forward_return"), Label(kind="volatility_regime", memory=20)]


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.kind)
def test_the_labels_there_are_see_no_further_than_they_say(label: Label) -> None:
    assert not audit_label(random_walk(300), label, 5, seed=0)


def looks_too_far(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A label that says it ends after `horizon` bars and looks at one more."""
    honest, further = compute_label(bars, label, horizon), compute_label(bars, label, horizon + 1)
    return replace(honest, value=further.value)


def knows_the_answer(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """A naive forecast that is the outcome itself."""
    honest = compute_label(bars, label, horizon)
    return replace(honest, baseline=honest.value)


@pytest.mark.parametrize("cheat", [looks_too_far, knows_the_answer])
def test_a_label_or_naive_forecast_that_sees_further_is_caught(cheat: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "compute_label", cheat)
    assert audit_label(random_walk(300), Label(kind="forward_return"), 5, seed=0)


def test_purged_folds_are_clean_and_a_fold_without_its_purge_is_named() -> None:
    dataset = make_dataset(n=600, horizon=5)
    folds = WalkForward().split(dataset)
    assert audit_folds(dataset, folds) == ()
    unpurged = replace(folds[1], train=np.arange(folds[1].test[0]))
    assert audit_folds(dataset, [folds[0], unpurged]) == (folds[1].name,)


def test_a_fold_that_trains_on_a_test_row_is_named() -> None:
    dataset = make_dataset(n=600, horizon=1)
    fold = WalkForward().split(dataset)[0]
    shared = replace(fold, train=np.append(fold.train, fold.test[-1]))
    assert audit_folds(dataset, [shared]) == (fold.name,)
