"""The naive rules against what they say in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError, FeatureError, UnknownNameError
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.naive import RULES, FittedNaive, Naive
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(0, 1)
NAMES = ("return_1", "sma_distance_20", "volume_ratio")


def dataset(target: list[float], task: Task, move: list[float] | None = None) -> Dataset:
    """Rows whose first two features are `move`, the target reversed by default."""
    made = make_dataset(len(target), k=3, task=task, missing=0.0)
    features = made.features.copy(order="F")
    features[:, :2] = np.array(move if move is not None else target[::-1])[:, None]
    return replace(made, target=np.array(target), features=features, feature_names=NAMES)


def said(rule: str, train: Dataset, reads: list[float] | None = None, **given: str) -> list[float]:
    fitted = Naive({"rule": rule, **given}).fit(train, None, CONTEXT)
    rows = np.full((len(reads or [0.0]), 3), 9.0)
    rows[:, 0] = rows[:, 1] = reads or [0.0]
    return fitted.predict(rows).value.tolist()


def test_the_default_is_the_weighted_mean() -> None:
    train = replace(dataset([1.0, 0.0, 0.0, 0.0], "classification"), weight=np.array([3.0, 1.0, 1.0, 1.0]))
    fitted = Naive().fit(train, None, CONTEXT)
    assert fitted.predict(train.features).value.tolist() == [0.5] * 4


def test_the_majority_is_said_with_its_share() -> None:
    assert said("majority", dataset([1.0, 0.0, 0.0, 0.0], "classification")) == [0.25]
    assert said("majority", dataset([1.0, 1.0, 0.0, 1.0], "classification")) == [0.75]
    assert said("majority", dataset([1.0, 0.0], "classification")) == [0.51]


def test_in_regression_the_majority_is_its_sign_and_the_mean_size() -> None:
    # The mean is positive, most signs are negative.
    assert said("majority", dataset([-1.0, -1.0, -2.0, 8.0], "regression")) == [-3.0]


def test_buy_and_hold_says_up_however_often_it_was_wrong() -> None:
    assert said("buy_and_hold", dataset([1.0, 0.0, 0.0, 0.0], "classification")) == [0.51]
    assert said("buy_and_hold", dataset([1.0, 1.0, 1.0, 0.0], "classification")) == [0.75]
    assert said("buy_and_hold", dataset([-1.0, -3.0, 2.0], "regression")) == [2.0]


@pytest.mark.parametrize("rule", ["last_value", "moving_average"])
def test_a_rule_that_reads_a_feature_says_its_side_as_often_as_it_was_right(rule: str) -> None:
    # Of five rows with a side, four were right; the row at 0 and the missing one have no side.
    train = dataset([1, 1, 0, 0, 1, 1, 0], "classification", [0.1, 0.2, -0.1, -0.3, -0.1, 0.0, np.nan])
    value = said(rule, train, [0.5, -0.5, 0.0, np.nan])
    assert value == pytest.approx([0.8, 0.2, 4 / 7, 4 / 7])


def test_a_rule_that_was_mostly_wrong_keeps_its_side() -> None:
    train = dataset([1.0, 1.0, 0.0, 0.0], "classification", [-1.0, -1.0, 1.0, 1.0])
    assert said("last_value", train, [1.0, -1.0]) == [0.51, 0.49]


def test_in_regression_the_last_value_goes_on_and_the_average_gives_its_sign_to_the_mean_size() -> None:
    train = dataset([1.0, -3.0, 1.0, 3.0], "regression")
    assert said("last_value", train, [0.07, -0.2, 0.0, np.nan]) == [0.07, -0.2, 0.0, 0.5]
    assert said("moving_average", train, [0.07, -0.2, 0.0, np.nan]) == [2.0, -2.0, 0.5, 0.5]


def test_weights_count_in_how_often_a_rule_was_right() -> None:
    train = dataset([1.0, 0.0, 0.0], "classification", [1.0, 1.0, -1.0])
    heavy = replace(train, weight=np.array([1.0, 3.0, 6.0]))
    assert said("last_value", heavy, [1.0]) == pytest.approx([0.7])


def test_a_feature_can_be_named_and_otherwise_the_first_that_fits_is_read() -> None:
    train = dataset([1.0, 0.0, 1.0, 1.0], "classification")
    made = [Naive(given).fit(train, None, CONTEXT).feature for given in (
        {"rule": "last_value"}, {"rule": "moving_average"}, {"rule": "last_value", "feature": "volume_ratio"},
    )]  # fmt: skip
    assert made == ["return_1", "sma_distance_20", "volume_ratio"]
    other = replace(train, feature_names=("a", "sma_distance_50", "log_return_1"))
    made = [Naive({"rule": rule}).fit(other, None, CONTEXT).feature for rule in ("last_value", "moving_average")]
    assert made == ["log_return_1", "sma_distance_50"]


def test_a_feature_the_dataset_has_not_is_one_sentence_with_the_near_name() -> None:
    train = dataset([1.0, 0.0], "classification")
    with pytest.raises(FeatureError, match=r"reads sma_distance_2, which .* \(there is 'sma_distance_20'\)"):
        said("moving_average", train, feature="sma_distance_2")
    with pytest.raises(FeatureError, match="reads return_1 or log_return_1, which the dataset has not; add"):
        said("last_value", replace(train, feature_names=("a", "b", "c")))


def test_an_unknown_rule_a_feature_nobody_reads_and_a_feature_that_is_no_text_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'last_value'"):
        make_forecaster("naive", {"rule": "last_valu"})
    with pytest.raises(ConfigurationError, match="reads none"):
        make_forecaster("naive", {"feature": "return_1"})
    with pytest.raises(ConfigurationError, match="must be text"):
        make_forecaster("naive", {"rule": "last_value", "feature": 1})


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_rule_is_stored_exactly_and_says_finite_numbers_of_any_row(rule: str, task: Task) -> None:
    train = replace(make_dataset(300, k=3, task=task), feature_names=NAMES)
    fitted = Naive({"rule": rule}).fit(train, None, CONTEXT)
    again = load_fitted(fitted.save())
    rows = np.vstack([train.features, np.full((1, 3), np.nan), np.full((1, 3), np.inf), np.full((1, 3), -1e300)])
    assert again.save() == fitted.save()
    assert np.array_equal(again.predict(rows).value, fitted.predict(rows).value)
    assert np.isfinite(fitted.predict(rows).value).all() and fitted.importance() == {}


def test_a_stored_rule_that_reads_a_feature_it_has_not_is_refused() -> None:
    files = Naive({"rule": "last_value"}).fit(dataset([1.0, 0.0], "classification"), None, CONTEXT).save()
    damaged = files["model.json"].replace(b'"feature":"return_1","mean"', b'"feature":"other","mean"')
    assert damaged != files["model.json"]
    with pytest.raises(ArtifactError, match="a feature it has not"):
        FittedNaive.load({"model.json": damaged})
    with pytest.raises(ArtifactError, match="numbers of its rule"):
        FittedNaive.load({"model.json": files["model.json"].replace(b'"mean":', b'"men":')})
