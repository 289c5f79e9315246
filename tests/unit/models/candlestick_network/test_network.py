"""What a network says of bars: shapes, unknown values, one window as among many."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trimtab.errors import ConfigurationError
from trimtab.models.candlestick_network.comparison import Comparison
from trimtab.models.candlestick_network.network import Shape
from trimtab.models.candlestick_network.windows import Windows


def test_a_window_alone_is_told_bit_for_bit_as_among_others(made: Comparison, windows: Windows) -> None:
    rows = windows.cut(np.arange(300))
    together = made.model.probabilities(rows)
    for row in (0, 17, 255, 256, 299):
        assert np.array_equal(made.model.probabilities(rows[row : row + 1])[0], together[row])
    assert np.array_equal(made.model.probabilities_of(windows.take(np.arange(300))), together)


def test_a_network_says_the_same_at_any_unit_of_price_and_volume(made: Comparison, windows: Windows) -> None:
    rows = windows.cut(np.arange(100))
    assert np.array_equal(made.model.probabilities(rows), made.model.probabilities(rows * 8192.0))
    assert np.abs(made.model.probabilities(rows) - made.model.probabilities(rows * 0.0173)).max() < 1e-4


def test_an_unknown_value_makes_its_window_unknown_and_no_other(made: Comparison, windows: Windows) -> None:
    rows = windows.cut(np.arange(4))
    rows[2, 3, 1] = np.nan
    said = made.model.probabilities(rows)
    assert np.isnan(said[2]).all()
    assert np.array_equal(np.delete(said, 2, axis=0), made.model.probabilities(np.delete(rows, 2, axis=0)))


def test_no_window_gives_no_row(made: Comparison) -> None:
    assert made.model.probabilities(np.empty((0, 20, 5))).shape == (0, 15)


def test_asking_leaves_the_threads_of_torch_as_they_were(made: Comparison, windows: Windows) -> None:
    before = torch.get_num_threads()
    made.model.probabilities(windows.cut(np.arange(3)))
    assert torch.get_num_threads() == before


def test_windows_of_another_shape_are_refused_in_a_sentence(made: Comparison) -> None:
    with pytest.raises(ConfigurationError, match=r"must be \(n, 20, 5\): open, high, low, close, volume"):
        made.model.probabilities(np.zeros((3, 10, 5)))


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"hidden": 10**6}, {"kernel": 4}, {"kernel": 21}, {"hidden": 2.5}])
def test_a_shape_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Shape(**wrong)
