"""Golden rows hold everything a model says, so that nothing of it can change unnoticed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError
from trimtab.models.families import make_forecaster
from trimtab.models.golden import GoldenRows, choose_golden_rows, everything_said, make_golden, verify_parity
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast

DATASET = make_dataset(300, further=(5,))
INNER = {
    "family": "confident",
    "parameters": {"family": "ensemble", "parameters": {"members": {"linear": 1, "naive": 1}}},
}


def fitted() -> FittedForecaster:
    return make_forecaster("horizons", INNER).fit(DATASET, None, FitContext(3, 1))


@dataclass(frozen=True)
class Altered:
    """A model that says something else in one place."""

    inner: Any
    change: Any
    window: ClassVar[int] = 1

    def predict(self, features: np.ndarray) -> Forecast:
        return self.change(self.inner.predict(features))


def further_high(said: Forecast) -> Forecast:
    own = said.horizons[5]
    return replace(said, horizons={**said.horizons, 5: replace(own, high=own.high + 0.01)})


CHANGES = {
    "value": lambda said: replace(said, value=said.value + 0.01),
    "low": lambda said: replace(said, low=said.low - 0.01),
    "confidence": lambda said: replace(said, confidence=said.confidence * 0.9),
    "novelty": lambda said: replace(said, novelty=said.novelty + 0.1),
    "member.linear": lambda said: replace(said, members={**said.members, "linear": said.members["linear"] + 0.1}),
    "5 bars.high": further_high,
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_of_anything_a_model_says_is_noticed(name: str) -> None:
    model = fitted()
    golden = GoldenRows.from_bytes(make_golden(model, choose_golden_rows(DATASET.features)).to_bytes())
    verify_parity(model, golden, tolerance=0.0)
    with pytest.raises(ArtifactError, match=f"another {name} for golden row"):
        verify_parity(Altered(model, CHANGES[name]), golden)  # type: ignore[arg-type]  # it only forecasts


def test_a_model_that_says_less_than_it_did_is_refused() -> None:
    model = fitted()
    golden = make_golden(model, choose_golden_rows(DATASET.features))
    silent = Altered(model, lambda said: replace(said, novelty=None))
    with pytest.raises(ArtifactError, match="do not say the same things"):
        verify_parity(silent, golden)  # type: ignore[arg-type]  # it only forecasts


def test_a_plain_model_says_its_value_and_nothing_else() -> None:
    plain = make_forecaster("linear").fit(DATASET, None, FitContext(3, 1))
    assert set(everything_said(plain.predict(DATASET.features))) == {"value"}
