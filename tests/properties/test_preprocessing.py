"""What is learned comes from the training rows alone, whatever the other rows hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes.datasets import make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trimtab.models.families import make_forecaster
from trimtab.models.inputs import bounded
from trimtab.models.preprocessing import fit_preprocessing
from trimtab.models.protocol import FitContext

N_TRAIN, N = 120, 160
SCALINGS = st.sampled_from(["none", "standard", "min_max", "robust"])
IMPUTATIONS = st.sampled_from(["none", "zero", "mean", "median"])
ANYTHING = arrays(np.float64, (N - N_TRAIN, 3), elements=st.floats(allow_nan=True, allow_infinity=True))


@settings(max_examples=30, deadline=None)
@given(scaling=SCALINGS, imputation=IMPUTATIONS, other=ANYTHING)
def test_changing_rows_outside_the_training_part_leaves_transformed_training_rows_bit_identical(
    scaling, imputation, other: np.ndarray
) -> None:
    dataset = make_dataset(N, k=3, missing=0.1)
    features = dataset.features.copy(order="F")
    features[N_TRAIN:] = other
    changed = replace(dataset, features=features)
    transformed, models = [], []
    for version in (dataset, changed):
        train = version.take(np.arange(N_TRAIN))
        transformed.append(fit_preprocessing(train.features, scaling, imputation).transform(train.features))
        inside = {"scaling": scaling, "imputation": imputation, "family": "linear"}
        models.append(make_forecaster("preprocessed", inside).fit(train, None, FitContext(1, 1)).save())
    assert transformed[0].tobytes() == transformed[1].tobytes()
    assert models[0] == models[1]


@settings(max_examples=50, deadline=None)
@given(scaling=SCALINGS, imputation=IMPUTATIONS, rows=ANYTHING)
def test_a_row_is_transformed_the_same_alone_and_among_others(scaling, imputation, rows: np.ndarray) -> None:
    learned = fit_preprocessing(make_dataset(N, k=3).features, scaling, imputation)
    together = learned.transform(bounded(rows))
    alone = np.concatenate([learned.transform(bounded(rows[i : i + 1])) for i in range(len(rows))])
    assert together.tobytes() == alone.tobytes()


@settings(max_examples=50, deadline=None)
@given(scaling=SCALINGS, imputation=IMPUTATIONS.filter(lambda name: name != "none"), rows=ANYTHING)
def test_imputed_rows_have_no_missing_value_whatever_was_learned_from(scaling, imputation, rows: np.ndarray) -> None:
    learned = fit_preprocessing(bounded(rows), scaling, imputation)
    assert np.isfinite(learned.transform(bounded(make_dataset(N, k=3, missing=0.5).features))).all()
