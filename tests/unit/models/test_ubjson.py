from __future__ import annotations

import contextlib

import numpy as np
import pytest
from fakes.datasets import make_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.models.ubjson import read_ubjson
from trimtab.models.xgboost_ubjson import read_booster

RAW = (
    make_forecaster("xgboost", {"n_estimators": 4}).fit(make_dataset(300), None, FitContext(0, 1)).save()["booster.ubj"]
)


def test_a_booster_reads_as_xgboosts_own_json() -> None:
    import json

    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(RAW))
    assert_same(read_ubjson(RAW), json.loads(booster.save_raw("json")))


def assert_same(ours: object, theirs: object) -> None:
    if isinstance(theirs, dict):
        assert isinstance(ours, dict) and ours.keys() == theirs.keys()
        for key, value in theirs.items():
            assert_same(ours[key], value)
    elif isinstance(ours, np.ndarray):
        np.testing.assert_allclose(ours, np.array(theirs, dtype=np.float64), rtol=1e-6)
    elif isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
    else:
        assert ours == theirs


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_a_value_error(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_ubjson(content)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(RAW) - 1))
def test_every_truncation_of_a_booster_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_ubjson(RAW[:length])


def test_bytes_after_the_value_are_refused() -> None:
    with pytest.raises(ValueError, match="1 bytes follow"):
        read_ubjson(RAW + b"N")


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        read_ubjson(b"[" * 1000)


@pytest.mark.parametrize(("name", "value"), [("left_children", 0), ("right_children", 10**6), ("split_indices", 6)])
def test_a_tree_that_points_astray_never_reaches_xgboost(name: str, value: int) -> None:
    marker = bytes([len(name)]) + name.encode() + b"[$l#"
    start = RAW.index(marker) + len(marker)
    width = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}[RAW[start : start + 1]]
    first = start + 1 + width
    damaged = RAW[:first] + value.to_bytes(4, "big") + RAW[first + 4 :]
    read_booster(RAW, 6)
    with pytest.raises(ValueError, match="points outside"):
        read_booster(damaged, 6)


def test_another_number_of_features_is_refused() -> None:
    with pytest.raises(ValueError, match="has 6 features, its description 7"):
        read_booster(RAW, 7)
