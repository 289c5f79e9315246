"""Several runs side by side: what was different about them, and which did better."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.storage.hashing import canonical_json
from trimtab.tracking.parameters import flat_parameters, flattened
from trimtab.tracking.record import RunRecord

HIGHER_IS_BETTER = frozenset({
    "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc", "information_coefficient",
    "rank_information_coefficient", "ic_information_ratio", "consistency", "r2", "average_precision",
})  # fmt: skip
LOWER_IS_BETTER = frozenset({
    "log_loss", "brier_score", "mse", "rmse", "mae", "mape", "train_loss", "validation_loss", "overfitting_gap",
    "accuracy_seed_std", "p_value", "load_seconds", "size_bytes", "expected_calibration_error",
})  # fmt: skip


@dataclass(frozen=True)
class ComparedMetric:
    """One metric over the runs: a value per run (NaN where a run has none), and which run is best.

    `best` is None where better means nothing (a count), where all are equal, where fewer than two runs have
    the metric, and where the runs are about different datasets.
    """

    name: str
    values: tuple[float, ...]
    best: int | None


@dataclass(frozen=True)
class RunComparison:
    """Several runs compared; tuples have one element per run, in the order given.

    Attributes
    ----------
    runs: their ids.
    kinds, strategies, datasets: what they are and what they read.
    same_dataset: whether all read the same rows; only then are their numbers about the same question.
    parameters: those that differ, by their flat name; None where a run does not have one.
    metrics: side by side.
    environment: what differs, by dotted name.
    resources: side by side.
    """

    runs: tuple[str, ...]
    kinds: tuple[str, ...]
    strategies: tuple[str, ...]
    datasets: tuple[str | None, ...]
    same_dataset: bool
    parameters: dict[str, tuple[Any, ...]]
    metrics: tuple[ComparedMetric, ...]
    environment: dict[str, tuple[Any, ...]]
    resources: dict[str, tuple[float | None, ...]]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know before believing a difference; one sentence each."""
        said = []
        if not self.same_dataset:
            said.append("the datasets differ: numbers measured on different rows do not compare, so no best is marked")
        if len(set(self.kinds)) > 1:
            said.append("the runs are of different kinds: metrics of one name need not mean the same")
        if self.environment:
            said.append("the environments differ: library versions may change a result by themselves")
        return tuple(said)


def compare_runs(records: Sequence[RunRecord]) -> RunComparison:
    """Compare two runs or more."""
    datasets = tuple(record.dataset for record in records)
    same = len(set(datasets)) == 1 and datasets[0] is not None
    comparable = same and len({record.kind for record in records}) == 1
    names = _names(records, lambda record: record.metrics)
    return RunComparison(
        runs=tuple(record.id for record in records),
        kinds=tuple(record.kind for record in records),
        strategies=tuple(record.strategy for record in records),
        datasets=datasets,
        same_dataset=same,
        parameters=_differing([{**flat_parameters(record.parameters), "seed": record.seed} for record in records]),
        metrics=tuple(_metric(name, records, comparable) for name in names),
        environment=_differing([flattened({**record.environment, "code": record.code}) for record in records]),
        resources={
            name: tuple(record.resources.get(name) for record in records)
            for name in _names(records, lambda record: record.resources)
        },
    )


def best_of(name: str, values: Sequence[float]) -> int | None:
    """Which value is best, by what is known about the metric; None where there is no telling.

    >>> best_of("accuracy", [0.5, 0.6, float("nan")]), best_of("log_loss", [0.7, 0.6]), best_of("samples", [1, 2])
    (1, 1, None)
    """
    known = [(value, number) for number, value in enumerate(values) if not math.isnan(value)]
    if len(known) < 2 or len({value for value, _ in known}) == 1:
        return None
    measure = name.rsplit("/", 1)[-1]
    if measure in HIGHER_IS_BETTER:
        return max(known, key=lambda each: each[0])[1]
    return min(known, key=lambda each: each[0])[1] if measure in LOWER_IS_BETTER else None


def _metric(name: str, records: Sequence[RunRecord], comparable: bool) -> ComparedMetric:
    values = tuple(record.metrics.get(name, math.nan) for record in records)
    return ComparedMetric(name, values, best_of(name, values) if comparable else None)


def _differing(mappings: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = dict.fromkeys(name for mapping in mappings for name in mapping)
    found = {name: tuple(mapping.get(name) for mapping in mappings) for name in names}
    return {name: values for name, values in found.items() if len({canonical_json(value) for value in values}) > 1}


def _names(records: Sequence[RunRecord], of: Callable[[RunRecord], Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in of(record)))
