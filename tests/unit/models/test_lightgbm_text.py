"""A stored text is read as LightGBM writes it; anything else is refused."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.lightgbm_text import read_booster
from trimtab.models.protocol import FitContext

DATASET = make_dataset(300)
FILES = make_forecaster("lightgbm", {"n_estimators": 6}).fit(DATASET, None, FitContext(0, 1)).save()
TEXT = FILES["booster.txt"].decode()


def resized(text: str) -> str:
    """The text with the sizes of its trees made right again, as a careful forger would."""
    sections = re.split(r"(?=Tree=\d+\n)|(?=end of trees)", text.partition("\n\n")[2])[1:-1]
    return re.sub(r"tree_sizes=.*", "tree_sizes=" + " ".join(str(len(s)) for s in sections), text)


def test_a_text_cut_after_its_trees_forecasts_as_the_whole_one() -> None:
    matrix = lightgbm.Dataset(DATASET.features, DATASET.target)
    booster = lightgbm.train({"objective": "binary", "verbosity": -1}, matrix, 10)
    whole = booster.model_to_string()
    cut = whole[: whole.index("end of trees\n") + len("end of trees\n")]
    read_booster(cut, 6)
    again = lightgbm.Booster(model_str=cut)
    assert np.array_equal(again.predict(DATASET.features), booster.predict(DATASET.features))
    assert np.array_equal(again.feature_importance("gain"), booster.feature_importance("gain"))


def test_no_thread_count_and_no_place_is_in_the_text() -> None:
    assert TEXT.endswith("end of trees\n")
    assert "num_threads" not in TEXT


def test_what_unusual_columns_lead_to_is_accepted() -> None:
    features = DATASET.features.copy(order="F")
    features[:, 0], features[:, 1], features[:, 2] = np.nan, 7.0, features[:, 2] * 1e-30
    features[5, 3], features[6, 3] = np.inf, -np.inf
    for dataset in (replace(DATASET, features=features), replace(DATASET, features=np.ones((300, 6), order="F"))):
        fitted = make_forecaster("lightgbm").fit(dataset, None, FitContext(0, 1))
        assert load_fitted(fitted.save()).save() == fitted.save()


@pytest.mark.parametrize(
    ("pattern", "new", "reason"),
    [
        (r"left_child=\S+", "left_child=0", "points outside"),
        (r"right_child=\S+", "right_child=99", "points outside"),
        (r"right_child=\S+", "right_child=-99", "points outside"),
        (r"split_feature=\S+", "split_feature=6", "points outside"),
        (r"decision_type=\S+", "decision_type=1", "points outside"),
        (r"leaf_value=\S+ ", "leaf_value=", "values of leaf_value"),
        (r"threshold=", "threshold=1.0 ", "values of threshold"),
        (r"leaf_value=", "leaf_value==", "could not convert"),
        (r"split_gain=", "split_gain==", "could not convert"),
        (r"is_linear=0", "is_linear=1", "number splits"),
        (r"num_leaves=\d+", "num_leaves=1000000", "values of"),
        (r"Tree=1", "Tree=7", "not where the header says"),
        (r"shrinkage=1\n", "shrinkage=1\nextra=1\n", "number splits"),
        (r"end of trees\n", "end of trees\n\nparameters:\n[seed: 0]\n", "do not end"),
        (r"objective=.*", "objective=multiclass", "one output"),
        (r"max_feature_idx=5", "max_feature_idx=6", "over 6 features"),
        (r"version=v4\n", "version=v4\nversion=v4\n", "occurs twice"),
        (r"feature_infos=\S+", "feature_infos=[", "ranges"),
        (r"tree\n", "tree\u00e9\n", "ASCII"),
    ],
)
def test_a_line_that_lightgbm_would_not_write_is_refused(pattern: str, new: str, reason: str) -> None:
    changed = re.sub(pattern, new, TEXT, count=1)
    assert changed != TEXT
    read_booster(TEXT, 6)
    with pytest.raises(ValueError, match=reason):
        read_booster(changed if "Tree=7" in new else resized(changed), 6)


def test_random_damage_is_refused_or_harmless_and_never_ends_the_process() -> None:
    rng = random.Random(0)
    refused = 0
    for _ in range(200):
        damaged = bytearray(FILES["booster.txt"])
        for _ in range(3):
            damaged[rng.randrange(len(damaged))] = rng.choice(b"0123456789- .=\n")
        try:
            load_fitted({**FILES, "booster.txt": bytes(damaged)}).predict(DATASET.features)
        except ArtifactError:
            refused += 1
    assert 0 < refused < 200
