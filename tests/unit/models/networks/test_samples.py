"""Samples are the dataset's own windows, scaled; what stops a training is later and purged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import DatasetError
from trimtab.models.networks.outcome import Outcome
from trimtab.models.networks.samples import early_stopping_parts, maker_of_samples
from trimtab.models.networks.scaling import fit_scaling


def test_windows_are_those_of_the_dataset_scaled() -> None:
    dataset = make_dataset(60, history=True).take(np.arange(3, 60, 2))
    scaling = fit_scaling(dataset.features)
    samples = maker_of_samples(scaling, Outcome("classification"), 5)(dataset)
    index = np.array([0, 7, 3, 28])  # the first reaches back before its series began
    inputs, target, weight = samples.rows(index)
    assert np.array_equal(inputs.numpy(), scaling.transform(dataset.windows(5, index)))
    assert np.array_equal(target.numpy(), dataset.target[index]) and weight.tolist() == [1.0] * 4


def test_table_rows_are_those_of_the_dataset_scaled() -> None:
    dataset = make_dataset(40, task="regression")
    scaling, outcome = fit_scaling(dataset.features), Outcome("regression", 1.0, 2.0)
    dataset = replace(dataset, weight=np.linspace(2.0, 6.0, 40))
    inputs, target, weight = maker_of_samples(scaling, outcome, 1)(dataset).rows(np.array([5, 2]))
    assert np.array_equal(inputs.numpy(), scaling.transform(dataset.features[[5, 2]]))
    assert target.numpy() == pytest.approx((dataset.target[[5, 2]] - 1.0) / 2.0)
    assert weight.numpy() == pytest.approx(dataset.weight[[5, 2]] / 4.0)  # 1.0 on average


def test_two_parts_of_a_dataset_share_one_scaled_history() -> None:
    dataset = make_dataset(60, history=True)
    make = maker_of_samples(fit_scaling(dataset.features), Outcome("classification"), 5)
    first, second = make(dataset.take(np.arange(30))), make(dataset.take(np.arange(30, 60)))
    assert first.table is second.table


def test_bars_before_the_beginning_train_as_they_are_forecast_with() -> None:
    """A preprocessing that fills missing values says what such a bar is; 0 would be another than in a forecast."""
    dataset = make_dataset(60, k=3, history=True)
    filled = dataset.with_features(lambda rows: np.nan_to_num(rows) + np.array([5.0, 0.0, -3.0]), ("a", "b", "c"))
    assert filled.history is not None and filled.history.before is not None
    scaling = fit_scaling(filled.features)
    samples = maker_of_samples(scaling, Outcome("classification"), 5)(filled)
    inputs, _, _ = samples.rows(np.arange(60))
    assert np.array_equal(inputs.numpy(), scaling.transform(filled.windows(5)))
    other = replace(filled, history=replace(filled.history, before=np.array([5.0, 1.0, -3.0])))
    assert maker_of_samples(scaling, Outcome("classification"), 5)(other).fingerprint() != samples.fingerprint()


def test_windows_need_a_history() -> None:
    dataset = make_dataset(60)
    with pytest.raises(DatasetError, match="no history"):
        maker_of_samples(fit_scaling(dataset.features), Outcome("classification"), 5)(dataset)


@pytest.mark.parametrize("changed", ["features", "target", "weight"])
def test_the_fingerprint_knows_everything_a_training_reads(changed: str) -> None:
    dataset = make_dataset(60, task="regression")
    make = maker_of_samples(fit_scaling(dataset.features), Outcome("regression"), 1)
    array = getattr(dataset, changed).copy(order="F")
    array[-1] = 0.5
    assert make(dataset).fingerprint() == make(dataset).fingerprint()
    assert make(replace(dataset, **{changed: array})).fingerprint() != make(dataset).fingerprint()


def test_the_last_part_of_the_time_stops_the_training_and_is_purged() -> None:
    dataset = make_dataset(600, horizon=5)
    fitting, judging = early_stopping_parts(dataset, None)
    assert judging is not None and len(judging) == 90
    assert judging.decision_time.min() > fitting.decision_time.max()
    assert fitting.label_end.max() <= judging.decision_time.min()
    assert len(fitting) < 510


def test_a_given_validation_stops_the_training_without_its_rows_of_weight_zero() -> None:
    train, validation = make_dataset(100), make_dataset(50, seed=1)
    weight = np.arange(50) % 2.0
    fitting, judging = early_stopping_parts(train, replace(validation, weight=weight))
    assert fitting is train and judging is not None
    assert np.array_equal(judging.target, validation.target[weight > 0])
    assert early_stopping_parts(train, replace(validation, weight=np.zeros(50)))[1] is None


@pytest.mark.parametrize("n", [2, 40, 150])
def test_too_few_samples_all_train(n: int) -> None:
    dataset = make_dataset(n)
    assert early_stopping_parts(dataset, None) == (dataset, None)
