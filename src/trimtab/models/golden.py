"""Golden rows: a few rows and what the model said about them, stored with the model.

Whoever loads the model lets it forecast them again: a library that reads the file but computes
something else is noticed before the model is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from trimtab.datasets import Dataset
from trimtab.errors import ArtifactError
from trimtab.models.forecasting import inputs_of
from trimtab.models.inputs import bounded
from trimtab.models.protocol import FittedForecaster, Forecast

FILE = "golden.safetensors"
# Another processor or library build may round the last digits differently; boosters say float32.
LOAD_TOLERANCE = 1e-6


@dataclass(frozen=True)
class GoldenRows:
    """Rows with the forecasts the model made of them when it was stored.

    Attributes
    ----------
    features: float64, shape (n, k) or (n, window, k), NaN and extremes among them.
    said: everything the model said of them, see `everything_said`; each float64, shape (n,).
    """

    features: np.ndarray
    said: dict[str, np.ndarray]

    def to_bytes(self) -> bytes:
        """As safetensors, float64 exact."""
        return write_tensors({"features": np.ascontiguousarray(self.features), **self.said})

    @classmethod
    def from_bytes(cls, content: bytes) -> GoldenRows:
        """Read them back; `ArtifactError` when they are damaged."""
        try:
            arrays = read_tensors(content)
            features = arrays.pop("features")
        except (SafetensorError, KeyError) as error:
            raise ArtifactError(f"the model's {FILE} is damaged ({error}); train the model again") from error
        return cls(features, dict(sorted(arrays.items())))


def everything_said(forecast: Forecast, prefix: str = "") -> dict[str, np.ndarray]:
    """A forecast as arrays by name: value, members, interval, confidence, novelty, and those of every horizon.

    >>> sorted(everything_said(Forecast(np.zeros(1), {"linear": np.zeros(1)}, low=np.zeros(1))))
    ['low', 'member.linear', 'value']
    """
    found = {f"{prefix}value": forecast.value}
    found |= {f"{prefix}member.{name}": value for name, value in forecast.members.items()}
    for name in ("low", "high", "confidence", "novelty"):
        value = getattr(forecast, name)
        if value is not None:
            found[prefix + name] = value
    for horizon, own in forecast.horizons.items():
        found |= everything_said(own, f"{prefix}{horizon} bars.")
    return {name: np.ascontiguousarray(value, dtype=np.float64) for name, value in sorted(found.items())}


def golden_inputs(fitted: FittedForecaster, dataset: Dataset) -> np.ndarray:
    """Golden rows for a model, from the samples of a dataset; windows are taken from some samples only."""
    if fitted.window == 1:
        return choose_golden_rows(dataset.features)
    some = np.unique(np.linspace(0, len(dataset) - 1, min(256, len(dataset))).round().astype(np.int64))
    return choose_golden_rows(inputs_of(fitted, dataset, some))


def choose_golden_rows(features: np.ndarray, n: int = 16) -> np.ndarray:
    """`n` inputs spread over `features`, then the hard ones; shape (at most n + 4, k) or (at most n + 4, window, k).

    The hard ones: the row with most missing values, the smallest and the largest value of every
    column, and a row without any value. They need not be rows of the sample: they only have to
    be forecast the same way for ever.

    >>> choose_golden_rows(np.array([[1.0], [2.0], [3.0]]), n=2).ravel()
    array([ 1.,  3.,  1.,  1.,  3., nan])
    """
    rows = bounded(features)
    if len(rows) == 0:
        raise ArtifactError("golden rows need at least one row of features; give some training rows")
    spread = np.unique(np.linspace(0, len(rows) - 1, min(n, len(rows))).round().astype(np.int64))
    emptiest = rows[[int(np.isnan(rows).reshape(len(rows), -1).sum(axis=1).argmax())]]
    known = np.isfinite(rows)
    lowest = np.where(known.any(axis=0), np.where(known, rows, np.inf).min(axis=0), np.nan)
    highest = np.where(known.any(axis=0), np.where(known, rows, -np.inf).max(axis=0), np.nan)
    nothing = np.full(rows.shape[1:], np.nan)
    return np.concatenate([rows[spread], emptiest, lowest[None], highest[None], nothing[None]])


def make_golden(fitted: FittedForecaster, features: np.ndarray) -> GoldenRows:
    """Let a model forecast golden rows."""
    rows = np.ascontiguousarray(features, dtype=np.float64)
    return GoldenRows(rows, everything_said(fitted.predict(rows)))


def verify_parity(fitted: FittedForecaster, golden: GoldenRows, tolerance: float = LOAD_TOLERANCE) -> None:
    """Raise `ArtifactError` unless the model still says about golden rows what it said when stored.

    `tolerance` is relative to 1 or to the value, whichever is larger; 0 asks for equality bit by bit.
    """
    n = len(golden.features)
    if golden.features.ndim not in (2, 3) or any(said.shape != (n,) for said in golden.said.values()):
        raise ArtifactError(f"the model's {FILE} has not one forecast per row; train the model again")
    says = everything_said(fitted.predict(golden.features))
    if says.keys() != golden.said.keys():
        odd = sorted(says.keys() ^ golden.said.keys())
        raise ArtifactError(
            f"the model's {FILE} and the model do not say the same things ({', '.join(odd[:4])}); train the model again"
        )
    for name, then in golden.said.items():
        _same(name, says[name], then, tolerance)


def _same(name: str, now: np.ndarray, then: np.ndarray, tolerance: float) -> None:
    allowed = tolerance * np.maximum(1.0, np.abs(then))
    with np.errstate(invalid="ignore"):  # two infinities are the same by the comparison after it
        same = (np.abs(now - then) <= allowed) | (now == then) | (np.isnan(now) & np.isnan(then))
    if not same.all():
        row = int(np.flatnonzero(~same)[0])
        raise ArtifactError(
            f"the model loads but forecasts another {name} for golden row {row}: {now[row]}, where it said {then[row]} when stored; "
            "another library version or processor computes differently, train the model again here"
        )
