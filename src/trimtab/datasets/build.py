"""Building a dataset: features and labels of many series become samples ordered by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.datasets.schema import Dataset
from trimtab.datasets.weights import average_uniqueness
from trimtab.errors import DatasetError, NotEnoughDataError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.labels import LabelBlock

MIN_SAMPLES = 100
MIN_COMPLETENESS = 0.95


@dataclass(frozen=True)
class SeriesSamples:
    """What one series brings to a dataset: features and labels over the same bars, both point in time."""

    features: FeatureBlock
    labels: LabelBlock


def build_dataset(parts: Sequence[SeriesSamples], min_completeness: float = MIN_COMPLETENESS) -> Dataset:
    """Put the samples of all series in order of decision time, then of instrument.

    A bar is a sample when its label exists, the naive forecast exists, at least `min_completeness` of the
    features that always have a value after their look-back have one (the first bars of a series do not), and
    so has any feature at all. Features that may be unknown, because a fact is, stay NaN.
    Raises `NotEnoughDataError` below 100 samples: no honest judgement is possible there.
    """
    if not parts:
        raise DatasetError("a dataset needs at least one series")
    _same_shape(parts)
    rows = [_usable_rows(part, min_completeness) for part in parts]
    n = sum(len(kept) for kept in rows)
    if n < MIN_SAMPLES:
        names = ", ".join(part.features.series.key for part in parts)
        raise NotEnoughDataError(
            f"{names} give {n} usable samples, at least {MIN_SAMPLES} are needed; "
            f"load a longer history, use a shorter label memory or fewer slow features{_all_unknown(parts)}"
        )
    return _ordered(parts, rows)


def current_rows(parts: Sequence[FeatureBlock], last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The last `last` feature rows of each series: values (m, k), group codes (m,), times (m,).

    These include the newest bars, whose labels are not known yet: drift is measured on them.
    """
    values = [part.values[-last:] for part in parts]
    codes = [np.full(len(rows), code, dtype=np.int32) for code, rows in enumerate(values)]
    times = [part.known_time[-last:] for part in parts]
    return np.asfortranarray(np.concatenate(values)), np.concatenate(codes), np.concatenate(times)


def _same_shape(parts: Sequence[SeriesSamples]) -> None:
    first = parts[0]
    for part in parts:
        if part.features.names != first.features.names:
            raise DatasetError(f"{part.features.series} has other features than {first.features.series}")
        if part.labels.horizon != first.labels.horizon or part.labels.task != first.labels.task:
            raise DatasetError(f"{part.features.series} has another label than {first.features.series}")
        if not np.array_equal(part.features.event_time, part.labels.event_time):
            raise DatasetError(f"features and labels of {part.features.series} are not over the same bars")


def _usable_rows(part: SeriesSamples, min_completeness: float) -> np.ndarray:
    known = ~np.isnan(part.features.values)
    always = np.array([_is_always_known(name) for name in part.features.names])
    complete = known[:, always].mean(axis=1) >= min_completeness if always.any() else np.ones(len(known), bool)
    usable = complete & known.any(axis=1) & ~np.isnan(part.labels.value) & ~np.isnan(part.labels.baseline)
    return np.flatnonzero(usable)


def _is_always_known(name: str) -> bool:
    feature = catalogue().get(name)
    return feature is None or not feature.unknown_when


def _all_unknown(parts: Sequence[SeriesSamples]) -> str:
    """Which series have no feature with a value in any row, as the end of a sentence."""
    empty = [part.features.series.key for part in parts if np.isnan(part.features.values).all()]
    return f"; no feature of {', '.join(empty)} has a value in any row: are its facts ingested?" if empty else ""


def _realised(part: SeriesSamples) -> np.ndarray:
    """When each label could be known: the end of what it looks at, or when the last bar in it was known."""
    bars, labels = part.features, part.labels
    last_opens = labels.label_end - (labels.label_start - labels.event_time)
    last = np.minimum(np.searchsorted(bars.event_time, last_opens), len(bars) - 1)
    return np.where(np.isnat(labels.label_end), labels.label_end, np.maximum(labels.label_end, bars.known_time[last]))


def _ordered(parts: Sequence[SeriesSamples], rows: list[np.ndarray]) -> Dataset:
    def gather(select: str, of: str) -> np.ndarray:
        return np.concatenate([getattr(getattr(p, of), select)[kept] for p, kept in zip(parts, rows, strict=True)])

    codes = np.concatenate([np.full(len(kept), code, dtype=np.int32) for code, kept in enumerate(rows)])
    weights = np.concatenate([average_uniqueness(kept, parts[0].labels.horizon) for kept in rows])
    decision_time = gather("known_time", "features")
    order = np.lexsort((codes, decision_time))
    label_start = np.maximum(gather("label_start", "labels"), decision_time)  # no label starts before its decision
    label_end = np.concatenate([_realised(part)[kept] for part, kept in zip(parts, rows, strict=True)])
    return Dataset(
        features=np.asfortranarray(gather("values", "features")[order]),
        feature_names=tuple(parts[0].features.names),
        target=gather("value", "labels")[order],
        task=parts[0].labels.task,
        horizon=parts[0].labels.horizon,
        weight=weights[order] / weights.mean(),
        instrument=codes[order],
        instruments=tuple(part.features.series.instrument_id for part in parts),
        event_time=gather("event_time", "features")[order],
        decision_time=decision_time[order],
        label_start=label_start[order],
        label_end=label_end[order],
        baseline=gather("baseline", "labels")[order],
    )
