"""Drift plots are PNG, deterministic, and cope with odd features."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from trimtab.config.strategy import Drift
from trimtab.drift.plots import plot_histograms, plot_psi
from trimtab.drift.snapshot import DriftSnapshot, take_snapshot

PNG = b"\x89PNG\r\n\x1a\n"


def case(k: int) -> tuple[DriftSnapshot, np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(k)
    reference, current = rng.normal(size=(400, k)), rng.normal(size=(100, k))
    current[:, 0] = np.nan
    reference[:, -1], current[:, -1] = 1.0, 1.0
    names = [f"feature_{number}" for number in range(k)]
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    return take_snapshot(reference, current, names, limits=Drift(), as_of=moment), reference, current, names


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    first, second = case(20), case(20)
    assert plot_psi(first[0]) == plot_psi(second[0])
    assert plot_histograms(*first) == plot_histograms(*second)
    assert plot_psi(first[0]).startswith(PNG)


def test_another_snapshot_gives_other_bytes() -> None:
    assert plot_psi(case(20)[0]) != plot_psi(case(19)[0])


def test_missing_and_constant_features_can_be_drawn() -> None:
    assert plot_psi(case(1)[0]).startswith(PNG)
    assert plot_histograms(*case(2)).startswith(PNG)
