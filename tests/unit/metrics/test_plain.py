"""A whole array becomes what each of its elements becomes."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.metrics.plain import plain

TIMES = np.array(["2024-01-02T03:04:05", "2024-01-02T03:04:05.000007", "NaT", "1969-12-31T23:59:59.5"])
ARRAYS = [
    np.array([1.5, np.nan, np.inf, -np.inf, -0.0, 1e-300]),
    np.array([0.1, np.nan], np.float32),
    np.array([1, -2, 2**62]),
    np.array([3], np.uint8),
    np.array([True, False]),
    TIMES.astype("datetime64[us]"),
    TIMES.astype("datetime64[ns]"),
    np.array(["2024-01-02"], "datetime64[D]"),
    np.array(["2024-01-02"], "datetime64[us]")[:0],
    np.array(["a", "b"]),
    np.array([1.0, None, "x"], object),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}")
def test_an_array_is_the_list_of_its_plain_elements(array: np.ndarray) -> None:
    found, each = plain(array), [plain(element) for element in array]
    assert found == each
    assert [type(element) for element in found] == [type(element) for element in each]


def test_a_table_is_a_list_of_rows() -> None:
    assert plain(np.array([[1.0, np.nan], [2.0, 3.0]])) == [[1.0, None], [2.0, 3.0]]
