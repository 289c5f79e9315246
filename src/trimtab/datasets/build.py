"""Building a dataset: features and labels of many series become samples ordered by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.config.strategy import DatasetRules
from trimtab.datasets.history import History
from trimtab.datasets.quality import usable_bars
from trimtab.datasets.schema import Dataset, HorizonLabels
from trimtab.datasets.series_samples import SeriesSamples, last_rows, realised_times
from trimtab.datasets.weights import average_uniqueness, recency
from trimtab.errors import DatasetError, NotEnoughDataError
from trimtab.features.engine import FeatureBlock

MIN_SAMPLES = 100
DEFAULT_RULES = DatasetRules()


def build_dataset(
    parts: Sequence[SeriesSamples],
    rules: DatasetRules = DEFAULT_RULES,
    *,
    with_history: bool = False,
    min_samples: int = MIN_SAMPLES,
) -> Dataset:
    """Put the samples of all series in order of decision time, then of instrument.

    `trimtab.datasets.quality.usable_bars` says which bars are samples: the label of the first horizon must exist,
    those of further ones may be NaN. `with_history` keeps the feature rows of every bar, sample or not, for
    models that look at windows of bars.

    Raises `NotEnoughDataError` below `min_samples` samples, or labels of any horizon: no honest judgement is
    possible there.
    """
    if not parts:
        raise DatasetError("a dataset needs at least one series")
    _same_shape(parts)
    rows = [usable_bars(part, rules).rows for part in parts]
    _enough(parts, sum(len(kept) for kept in rows), min_samples)
    chosen = _Chosen.of(parts, rows)
    by_horizon = tuple(chosen.labels(number, rules) for number in range(len(parts[0].labels)))
    _enough_of_each(by_horizon, max(len(part.features) for part in parts), min_samples)
    first = by_horizon[0]
    history, position = chosen.history() if with_history else (None, None)
    return Dataset(
        features=np.asfortranarray(chosen.gather([part.features.values for part in parts])),
        feature_names=tuple(parts[0].features.names),
        target=first.target,
        task=parts[0].labels[0].task,
        horizon=first.horizon,
        weight=first.weight,
        instrument=chosen.instrument,
        instruments=tuple(part.features.series.instrument_id for part in parts),
        event_time=chosen.gather([part.features.event_time for part in parts]),
        decision_time=chosen.decision_time,
        label_start=first.label_start,  # every label of a sample starts there
        label_end=np.fmax.reduce([labels.label_end for labels in by_horizon]),
        baseline=first.baseline,
        by_horizon=by_horizon if len(by_horizon) > 1 else (),
        history=history,
        position=position,
    )


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
    wanted = [(block.horizon, block.task) for block in first.labels]
    for part in parts:
        if part.features.names != first.features.names:
            raise DatasetError(f"{part.features.series} has other features than {first.features.series}")
        if [(block.horizon, block.task) for block in part.labels] != wanted:
            raise DatasetError(f"{part.features.series} has another label than {first.features.series}")
        if not all(np.array_equal(part.features.event_time, block.event_time) for block in part.labels):
            raise DatasetError(f"features and labels of {part.features.series} are not over the same bars")


def _enough(parts: Sequence[SeriesSamples], n: int, wanted: int) -> None:
    if n < wanted:
        names = ", ".join(part.features.series.key for part in parts)
        raise NotEnoughDataError(
            f"{names} give {n} usable samples, at least {wanted} are needed; load a longer history, "
            f"use a shorter horizon or label memory, or fewer slow features{_all_unknown(parts)}"
        )


def _enough_of_each(by_horizon: Sequence[HorizonLabels], n_bars: int, wanted: int) -> None:
    for labels in by_horizon:
        n = int((~np.isnan(labels.target)).sum())
        if n < wanted:
            raise NotEnoughDataError(
                f"{n} samples have a label over {labels.horizon} bars, at least {wanted} are needed, and the "
                f"longest series has {n_bars} bars; load a longer history or leave this horizon out"
            )


def _all_unknown(parts: Sequence[SeriesSamples]) -> str:
    """Which series have no feature with a value in any row, as the end of a sentence."""
    empty = [part.features.series.key for part in parts if np.isnan(part.features.values).all()]
    return f"; no feature of {', '.join(empty)} has a value in any row: are its facts ingested?" if empty else ""


@dataclass(frozen=True)
class _Chosen:
    """The bars of each series that are samples, and their order.

    Attributes
    ----------
    parts: the series.
    rows: per series the positions of its samples.
    order: of all samples, one series after the other, by decision time, then instrument.
    """

    parts: Sequence[SeriesSamples]
    rows: Sequence[np.ndarray]
    order: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[SeriesSamples], rows: Sequence[np.ndarray]) -> _Chosen:
        """The samples of some series, their order found."""
        unordered = cls(parts, rows, np.arange(sum(len(kept) for kept in rows)))
        return cls(parts, rows, np.lexsort((unordered.instrument, unordered.decision_time)))

    @property
    def instrument(self) -> np.ndarray:
        codes = np.arange(len(self.rows), dtype=np.int32)
        ordered: np.ndarray = np.repeat(codes, [len(kept) for kept in self.rows])[self.order]
        return ordered

    @property
    def decision_time(self) -> np.ndarray:
        return self.gather([part.features.known_time for part in self.parts])

    def gather(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """What the samples have in columns with an element per bar, one column per series."""
        taken = [column[kept] for column, kept in zip(columns, self.rows, strict=True)]
        ordered: np.ndarray = np.concatenate(taken)[self.order]
        return ordered

    def labels(self, number: int, rules: DatasetRules) -> HorizonLabels:
        """The labels of one horizon, by its number; no label where the naive forecast has nothing to say."""
        blocks = [part.labels[number] for part in self.parts]
        value, baseline = (self.gather([getattr(block, name) for block in blocks]) for name in ("value", "baseline"))
        unknown = np.isnan(value) | np.isnan(baseline)
        start = np.maximum(self.gather([block.label_start for block in blocks]), self.decision_time)
        ends = [realised_times(part.features, block) for part, block in zip(self.parts, blocks, strict=True)]
        nothing = np.datetime64("NaT")
        return HorizonLabels(
            horizon=blocks[0].horizon,
            target=np.where(unknown, np.nan, value),
            weight=self._weights(number, rules, ~unknown),
            label_start=np.where(unknown, nothing, start),  # no label starts before its decision
            label_end=np.where(unknown, nothing, self.gather(ends)),
            baseline=baseline,
        )

    def _weights(self, number: int, rules: DatasetRules, known: np.ndarray) -> np.ndarray:
        """The weights of one horizon: everything multiplied, 1.0 on average over the known labels, 0 elsewhere."""
        weight = known.astype(np.float64)
        if rules.uniqueness:
            weight *= self._uniqueness(number, known)
        if rules.recency_half_life is not None:
            weight *= recency(self.decision_time, rules.recency_half_life)
        if rules.superseded_weight < 1.0:
            doubtful = self.gather([part.superseded[number] for part in self.parts])
            weight *= np.where(doubtful, rules.superseded_weight, 1.0)
        if not known.any():
            return weight
        if not weight.any():
            raise DatasetError(
                "no sample counts anything: dataset.superseded_weight is 0 and every sample is superseded"
            )
        return weight / weight[known].mean()

    def _uniqueness(self, number: int, known: np.ndarray) -> np.ndarray:
        """Average uniqueness among the samples of the same series that have a label of this horizon."""
        unordered = np.empty_like(known)
        unordered[self.order] = known
        ends, unique = np.cumsum([len(kept) for kept in self.rows])[:-1], []
        for part, kept, has_label in zip(self.parts, self.rows, np.split(unordered, ends), strict=True):
            found = np.zeros(len(kept))
            bar = kept[has_label]
            found[has_label] = average_uniqueness(bar, last_rows(part.features, part.labels[number])[bar])
            unique.append(found)
        ordered: np.ndarray = np.concatenate(unique)[self.order]
        return ordered

    def history(self) -> tuple[History, np.ndarray]:
        """The feature rows of all bars in the order in which they were known, and where in them each sample is.

        That is the order of time, but for a bar that came late: it enters when it came, so that no window holds
        a row that was not known at its decision.
        """
        orders = [np.lexsort((part.features.event_time, part.features.known_time)) for part in self.parts]
        starts = np.cumsum([0, *(len(order) for order in orders)])
        rows = [part.features.values[order] for part, order in zip(self.parts, orders, strict=True)]
        first = np.repeat(starts[:-1], [len(order) for order in orders])
        position = self.gather([start + np.argsort(order) for start, order in zip(starts[:-1], orders, strict=True)])
        return History(np.ascontiguousarray(np.concatenate(rows)), first.astype(np.int64)), position.astype(np.int64)
