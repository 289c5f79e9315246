"""Building a dataset: features and labels of many series become samples ordered by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.config.strategy import DatasetRules
from trimtab.datasets.history import History
from trimtab.datasets.quality import bars_left_out, over_at_decision, usable_bars
from trimtab.datasets.schema import Dataset, HorizonLabels
from trimtab.datasets.series_samples import SeriesSamples, last_rows, realised_times
from trimtab.datasets.weights import average_uniqueness, recency
from trimtab.errors import DatasetError, NotEnoughDataError
from trimtab.features.engine import FeatureBlock

MIN_SAMPLES = 100
DEFAULT_RULES = DatasetRules()
# What helps when most bars are left out for one reason, by how the reason of `quality` begins.
_ADVICE = {
    "no feature": "load a longer history, or use features that have values",
    "fewer than": "load a longer history, use fewer slow features, or lower dataset.min_completeness",
    "known too late": "allow a longer dataset.max_staleness",
    "follows a gap": "allow a longer dataset.max_staleness",
    "no naive forecast": "load a longer history, or use a shorter horizon or label.memory",
    "the label is not decided": "load a longer history, or use a shorter horizon",
    "known only when its label was over": "use a longer horizon, or bars that were known in time",
    "no label": "make label.neutral_band smaller (0.01 is 1 %) or label.memory shorter, or load a longer history",
}


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
    _enough(parts, rules, sum(len(kept) for kept in rows), min_samples)
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
        superseded_at=first.superseded_at,
        superseded_weight=rules.superseded_weight,
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


def _enough(parts: Sequence[SeriesSamples], rules: DatasetRules, n: int, wanted: int) -> None:
    if n < wanted:
        names = ", ".join(part.features.series.key for part in parts)
        raise NotEnoughDataError(
            f"{names} give {n:,} usable samples, at least {wanted:,} are needed; {_why_so_few(parts, rules)}"
            f"{_all_unknown(parts)}"
        )


def _why_so_few(parts: Sequence[SeriesSamples], rules: DatasetRules) -> str:
    """The reason that left out most bars, with what helps against it."""
    left_out = bars_left_out(parts, rules)
    if not left_out:
        return "load a longer history"
    reason = max(left_out, key=lambda each: left_out[each])
    advice = next((told for start, told in _ADVICE.items() if reason.startswith(start)), "load a longer history")
    n_bars = sum(len(part.features) for part in parts)
    return f"{left_out[reason]:,} of {n_bars:,} bars: {reason}; {advice}"


def _enough_of_each(by_horizon: Sequence[HorizonLabels], n_bars: int, wanted: int) -> None:
    for labels in by_horizon:
        n = int((~np.isnan(labels.target)).sum())
        if n < wanted:
            raise NotEnoughDataError(
                f"{n:,} samples have a label over {labels.horizon} bars, at least {wanted:,} are needed, and the "
                f"longest series has {n_bars:,} bars; load a longer history or leave this horizon out"
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
        """The labels of one horizon, by its number.

        There is none where the naive forecast has nothing to say, nor where the label was over at the decision. The
        interval is the one the label looks at: that of a bar which came late begins before its decision.
        """
        blocks = [part.labels[number] for part in self.parts]
        value, baseline = (self.gather([getattr(block, name) for block in blocks]) for name in ("value", "baseline"))
        over = self.gather([over_at_decision(part, number) for part in self.parts])
        unknown = np.isnan(value) | np.isnan(baseline) | over
        start = self.gather([block.label_start for block in blocks])
        ends = [realised_times(part.features, block) for part, block in zip(self.parts, blocks, strict=True)]
        nothing = np.datetime64("NaT")
        return HorizonLabels(
            horizon=blocks[0].horizon,
            target=np.where(unknown, np.nan, value),
            weight=self._weights(number, rules, ~unknown),
            superseded_at=self._superseded_at(number, rules, ~unknown),
            label_start=np.where(unknown, nothing, start),
            label_end=np.where(unknown, nothing, self.gather(ends)),
            baseline=baseline,
        )

    def _weights(self, number: int, rules: DatasetRules, known: np.ndarray) -> np.ndarray:
        """The weights of one horizon: everything multiplied, 1.0 on average over the known labels, 0 elsewhere."""
        weight = known.astype(np.float64)
        if rules.uniqueness:
            weight[known] *= self._uniqueness(number)[known]
        if rules.recency_half_life is not None:
            weight *= recency(self.decision_time, rules.recency_half_life)
        return weight / weight[known].mean() if known.any() else weight

    def _superseded_at(self, number: int, rules: DatasetRules, known: np.ndarray) -> np.ndarray | None:
        """When each sample was superseded, for one horizon; None where the rules do not ask."""
        if rules.superseded_weight == 1.0:
            return None
        moments = self.gather([part.superseded[number] for part in self.parts])
        if rules.superseded_weight == 0.0 and known.any() and not np.isnat(moments[known]).any():
            raise DatasetError(
                "no sample counts anything: dataset.superseded_weight is 0 and every sample is superseded"
            )
        return moments

    def _uniqueness(self, number: int) -> np.ndarray:
        """Average uniqueness of the labels of this horizon among those of all bars of the same series.

        Not among samples only: whether a later bar is one (a return inside the neutral band is not) depends on its
        future, and a weight that counted that would tell a fold about prices after its test began. The labels of
        the newest bars, still open, cover the bars so far: so a dataset built earlier has the same proportions.
        """
        unique = []
        for part in self.parts:
            labels, newest = part.labels[number], len(part.features) - 1
            bars, is_open = np.arange(newest + 1), np.isnat(labels.label_end)
            last = np.where(is_open, newest, last_rows(part.features, labels))
            covering = np.flatnonzero((bars < last) & (~is_open | (bars + labels.horizon > newest)))
            found = np.full(len(bars), np.nan)
            found[covering] = average_uniqueness(covering, last[covering])
            unique.append(found)
        return self.gather(unique)

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
