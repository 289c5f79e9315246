from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from trimtab.validation.seed_spread import seed_spread


def report(accuracy: float) -> SimpleNamespace:
    return SimpleNamespace(pooled={"accuracy": accuracy})


def test_the_spread_is_the_sample_deviation_over_seeds() -> None:
    (found,) = seed_spread([report(0.5), report(0.6), report(0.7)], ["accuracy"])
    assert (found.n_seeds, found.low, found.high) == (3, 0.5, 0.7)
    assert found.mean == pytest.approx(0.6)
    assert found.std == pytest.approx(0.1)


def test_one_seed_has_no_spread() -> None:
    (found,) = seed_spread([report(0.5)], ["accuracy"])
    assert np.isnan(found.std)
