from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ConfigurationError
from trimtab.models.families import make_forecaster
from trimtab.models.preprocessed import PreprocessedForecaster
from trimtab.models.preprocessing import fit_preprocessing
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(0, 1)


def test_the_validation_part_teaches_the_preprocessing_nothing() -> None:
    train, validation = make_dataset(300), make_dataset(200, seed=1)
    shifted = replace(validation, features=validation.features * 50.0 + 7.0)
    forecaster = PreprocessedForecaster({"family": "xgboost", "scaling": "standard", "n_estimators": 20})
    learned = [
        forecaster.fit(train, part, CONTEXT).save()["preprocessing.json"] for part in (None, validation, shifted)
    ]
    assert learned[0] == learned[1] == learned[2]


def test_the_inner_model_sees_transformed_rows_in_training_early_stopping_and_forecast() -> None:
    train, validation = make_dataset(300), make_dataset(200, seed=1)
    settings = {"n_estimators": 200, "early_stopping_rounds": 3}
    wrapped = PreprocessedForecaster({"family": "xgboost", "scaling": "robust", "imputation": "mean", **settings})
    learned = fit_preprocessing(train.features, "robust", "mean")
    by_hand = [replace(d, features=np.asfortranarray(learned.transform(d.features))) for d in (train, validation)]
    inner = make_forecaster("xgboost", settings).fit(by_hand[0], by_hand[1], CONTEXT)
    value = wrapped.fit(train, validation, CONTEXT).predict(validation.features).value
    assert np.array_equal(value, inner.predict(by_hand[1].features).value)


def test_preprocessing_cannot_wrap_itself() -> None:
    with pytest.raises(ConfigurationError, match="cannot wrap"):
        PreprocessedForecaster({"family": "preprocessed"})
