"""Everything stored is plain JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from trimtab.registry.plain import number, plain


def test_numbers_of_numpy_become_python_numbers() -> None:
    found = plain({"a": np.float32(0.5), "b": np.int64(3), "c": np.array([1.0, np.nan]), "d": np.bool_(True)})
    assert found == {"a": 0.5, "b": 3, "c": [1.0, None], "d": True}
    assert [type(value) for value in found.values()] == [float, int, list, bool]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_cannot_say_is_unknown(value: float) -> None:
    assert plain([value]) == [None]
    assert number(value) is None


def test_times_durations_paths_and_sets_have_one_spelling() -> None:
    told = [datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=1), Path("a/b"), {"y", "x"}]
    assert plain(told) == ["2024-01-01T00:00:00+00:00", 86400.0, "a/b", ["x", "y"]]


def test_an_object_is_refused_instead_of_stored_as_its_name() -> None:
    with pytest.raises(TypeError, match="not a JSON value"):
        plain({"model": object()})
