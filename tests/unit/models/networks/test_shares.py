"""Gradient times input against the closed form of a linear network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fakes.network_rows import Rows, make_rows

from trimtab.models.networks.shares import N_ROWS, feature_shares


def linear(weights: list[float]) -> torch.nn.Module:
    layer = torch.nn.Linear(len(weights), 1)
    layer.weight.data = torch.tensor([weights])
    return torch.nn.Sequential(layer, torch.nn.Flatten(0))


def test_of_a_linear_network_they_are_weight_times_size() -> None:
    rows = make_rows(100)
    moved = np.abs(rows.inputs).mean(axis=0) * np.array([2.0, 0.5, 1.0])
    assert feature_shares(linear([2.0, -0.5, 1.0]), rows) == pytest.approx(moved / moved.sum(), rel=1e-5)


def test_a_network_that_nothing_moves_has_none() -> None:
    assert feature_shares(linear([0.0, 0.0, 0.0]), make_rows(20)).tolist() == [0.0, 0.0, 0.0]


def test_the_bars_of_a_window_count_together() -> None:
    class Last(torch.nn.Module):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return inputs[:, -1, 0] - 3.0 * inputs[:, 0, 1]

    windows = np.ones((10, 4, 3))
    assert feature_shares(Last(), Rows(windows, np.ones(10), np.ones(10))).tolist() == [0.25, 0.75, 0.0]


def test_of_many_rows_some_are_asked_spread_over_all() -> None:
    rows = make_rows(5000)
    feature_shares(linear([1.0, 1.0, 1.0]), rows)
    asked = [position for batch in rows.asked for position in batch]
    assert len(asked) == N_ROWS and (asked[0], asked[-1]) == (0, 4999)
