"""The file to copy for a new feature is itself a feature that keeps the rules."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue, described_features
from trimtab.features.engine import compute
from trimtab.features.leaks import certify

TEMPLATE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "templates" / "feature.py"


@pytest.fixture
def template() -> ModuleType:
    spec = importlib.util.spec_from_file_location("feature_template", TEMPLATE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_template_makes_features_that_compute_and_leak_nothing(
    template: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {each.name: each for each in described_features(template.median_distance)}
    assert set(made) == {"median_distance_20", "median_distance_60"}
    known = {**catalogue(), **made}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: known)
    bars = random_walk(300)
    values = compute(bars, ["median_distance_20"]).column("median_distance_20")
    window = slice(280, 300)
    middle = (bars.high[window].max() + bars.low[window].min()) / 2.0
    assert int(np.isnan(values).sum()) == 19
    np.testing.assert_allclose(values[-1], bars.close[-1] / middle - 1.0)
    assert certify(tuple(made), bars, seed=1).passed
