"""What a person sees of a dataset that was made: numbers, tables, a picture, and what is odd about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from trimtab.bars.times import iso
from trimtab.datasets import Dataset
from trimtab.datasets.plots import plot_samples
from trimtab.datasets.schema import HorizonLabels
from trimtab.monitoring.leaks import audit_order
from trimtab.pipeline.running import Produced
from trimtab.pipeline.stage import CheckOutcome, Scalar, Table

SHOWN = 10  # names in the description of a check


def describe_dataset(dataset: Dataset, left_out: Mapping[str, int], fingerprint: str, folder: Path) -> Produced:
    """The result of the stage; `left_out` are the bars that are no samples, by reason."""
    several = len(dataset.horizons) > 1
    return Produced(
        data_version=fingerprint,
        metrics={
            "samples": len(dataset),
            "features": len(dataset.feature_names),
            "instruments": len(dataset.instruments),
            "horizon": dataset.horizon,
            **({"horizons": ", ".join(map(str, dataset.horizons))} if several else {}),
            "positive_share": float(dataset.target.mean()) if dataset.task == "classification" else None,
            "target_std": float(dataset.target.std()),
            "missing_share": float(np.isnan(dataset.features).mean()),
            "bars_left_out": sum(left_out.values()),
            **({} if dataset.history is None else {"history_bars": len(dataset.history.features)}),
            "first_decision": iso(dataset.decision_time[0]),
            "last_decision": iso(dataset.decision_time[-1]),
            "fingerprint": fingerprint[:12],
        },
        tables={
            "samples by instrument": samples_by_instrument(dataset),
            **({"labels by horizon": labels_by_horizon(dataset)} if several else {}),
            "bars that are no samples": [{"reason": reason, "bars": n} for reason, n in left_out.items()],
        },
        plots={"Samples and label": plot_samples(dataset)},
        links={"snapshot": folder},
        checks=(_labels_follow(dataset), _targets_vary(dataset), _features_have_values(dataset)),
        summary={"n_samples": len(dataset)},
    )


def labels_by_horizon(dataset: Dataset) -> Table:
    """One row per horizon: how many samples have its label, and how that behaves."""
    rows: list[dict[str, Scalar]] = []
    for labels in each_horizon(dataset):
        known = ~np.isnan(labels.target)
        length = (labels.label_end - labels.label_start)[known]
        rows.append(
            {
                "horizon": labels.horizon,
                "labels": int(known.sum()),
                "mean_target": float(labels.target[known].mean()),
                "target_std": float(labels.target[known].std()),
                "median_days": float(np.median(length / np.timedelta64(1, "D"))),
            }
        )
    return rows


def each_horizon(dataset: Dataset) -> tuple[HorizonLabels | Dataset, ...]:
    """The labels of each horizon; a dataset of one horizon has them itself."""
    return dataset.by_horizon or (dataset,)


def _labels_follow(dataset: Dataset) -> CheckOutcome:
    return CheckOutcome(
        "labels_follow_decisions",
        audit_order(dataset) == 0,
        True,
        "every label starts after its bar opened and ends after its decision",
        {"samples": len(dataset)},
    )


def _targets_vary(dataset: Dataset) -> CheckOutcome:
    constant = dict(_constant_targets(dataset))
    said = "; ".join(f"over {horizon} bars every label is {value:g}" for horizon, value in constant.items())
    return CheckOutcome(
        "targets_vary",
        not constant,
        False,
        f"{said}: nothing can be learnt from it, choose another label"
        if constant
        else "the labels are not all the same",
        {"constant_horizons": len(constant)},
    )


def _constant_targets(dataset: Dataset) -> Iterator[tuple[int, float]]:
    for labels in each_horizon(dataset):
        values = np.unique(labels.target[~np.isnan(labels.target)])
        if len(values) == 1:
            yield labels.horizon, float(values[0])


def _features_have_values(dataset: Dataset) -> CheckOutcome:
    empty = [name for name, column in zip(dataset.feature_names, dataset.features.T, strict=True) if _is_empty(column)]
    more = f" and {len(empty) - SHOWN} more" if len(empty) > SHOWN else ""
    return CheckOutcome(
        "features_have_values",
        not empty,
        False,
        f"no sample has a value of {', '.join(empty[:SHOWN])}{more}; leave them out, or ingest what they read"
        if empty
        else "every feature has a value in some sample",
        {"empty_features": len(empty)},
    )


def _is_empty(column: np.ndarray) -> bool:
    return bool(np.isnan(column).all())


def samples_by_instrument(dataset: Dataset) -> Table:
    """One row per instrument: its samples, their first and last decision (ISO 8601, UTC), mean label and weight."""
    rows: list[dict[str, Scalar]] = []
    for code, name in enumerate(dataset.instruments):
        mine = dataset.instrument == code
        times = dataset.decision_time[mine]
        rows.append(
            {
                "instrument": name,
                "samples": int(mine.sum()),
                "first": iso(times[0]) if len(times) else None,
                "last": iso(times[-1]) if len(times) else None,
                "mean_target": float(dataset.target[mine].mean()) if len(times) else None,
                "mean_weight": float(dataset.weight[mine].mean()) if len(times) else None,
            }
        )
    return rows
