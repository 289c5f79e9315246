from __future__ import annotations

from datetime import timedelta

import pytest

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.validation import splitters
from trimtab.validation.splitters import SPLITTERS, CombinatorialPurged, make_splitter


def test_every_splitter_of_the_package_has_a_name() -> None:
    classes = {each for name in splitters.__all__ if hasattr(each := getattr(splitters, name), "split")}
    assert classes == set(SPLITTERS.values())


def test_a_splitter_is_made_by_its_name_with_the_options_given() -> None:
    made = make_splitter("combinatorial_purged", n_folds=5, embargo=timedelta(days=2))
    assert made == CombinatorialPurged(5, 2, timedelta(days=2))


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown splitter 'purged_kfold'; did you mean 'purged_k_fold'"):
        make_splitter("purged_kfold")


def test_an_option_of_another_splitter_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="'hold_out' has no option 'n_folds'; it has shares, embargo"):
        make_splitter("hold_out", n_folds=3)
