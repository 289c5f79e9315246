"""Immutable snapshots: a dataset under the name of its fingerprint.

`datasets/<fingerprint>/samples.parquet` holds the samples, `history.parquet` the feature rows of all bars where
windows are cut from them, `recipe.json` says what they were made from. The recipe is written last, so a
snapshot with a recipe is whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from trimtab.datasets.history import History
from trimtab.datasets.schema import Dataset, HorizonLabels
from trimtab.errors import DatasetError, NotFoundError
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import canonical_json, fingerprint_arrays, sha256_bytes
from trimtab.storage.lake import Lake

_TIMES = ("event_time", "decision_time", "label_start", "label_end")
_NUMBERS = ("target", "weight", "baseline")
_PER_HORIZON = (*_NUMBERS, "label_start", "label_end")
_SUPERSEDED = "superseded_at"


def fingerprint(dataset: Dataset, recipe: dict[str, Any]) -> str:
    """SHA-256 of content and recipe, as 64 hex digits."""
    described: dict[str, Any] = {
        "names": list(dataset.feature_names),
        "instruments": list(dataset.instruments),
        "task": dataset.task,
        "horizon": dataset.horizon,
        "recipe": recipe,
        "content": fingerprint_arrays(dict(dataset.arrays())),
    }
    if dataset.superseded_at is not None:
        described["superseded_weight"] = dataset.superseded_weight
    if dataset.history is not None:
        history = {"features": dataset.history.features, "first": dataset.history.first}
        described["history"] = fingerprint_arrays(history)
    return sha256_bytes(canonical_json(described).encode())


def save_snapshot(
    lake: Lake, dataset: Dataset, recipe: dict[str, Any], left_out: Mapping[str, int] | None = None
) -> str:
    """Store a dataset and return its fingerprint; storing it again changes nothing.

    `left_out` says how many bars are no samples, by reason: kept beside the recipe for people to read.
    """
    name = fingerprint(dataset, recipe)
    recipe_path = lake.root / "datasets" / name / "recipe.json"
    if not recipe_path.is_file():
        lake.tables.write(f"datasets/{name}/samples", _to_table(dataset))
        if dataset.history is not None:
            lake.tables.write(f"datasets/{name}/history", _history_table(dataset.history, dataset.feature_names))
        described = {"fingerprint": name, "task": dataset.task, "horizon": dataset.horizon, "recipe": recipe}
        described |= {"left_out": dict(left_out)} if left_out is not None else {}
        described |= {"superseded_weight": dataset.superseded_weight} if dataset.superseded_at is not None else {}
        write_text(recipe_path, json.dumps(described, indent=1, sort_keys=True))
    return name


def load_snapshot(lake: Lake, name: str) -> tuple[Dataset, dict[str, Any]]:
    """Read a dataset and its recipe back; a changed byte in either raises `DatasetError`."""
    folder, described = lake.root / "datasets" / name, _read_description(lake, name)
    table = lake.tables.read(f"datasets/{name}/samples")
    history = _read_history(lake, name) if "position" in table.column_names else None
    dataset = _from_table(table, described, history)
    if fingerprint(dataset, described["recipe"]) != name:
        raise DatasetError(
            f"dataset {folder} is damaged: its content does not give its fingerprint; delete it and build again"
        )
    return dataset, described["recipe"]


def read_recipe(lake: Lake, name: str) -> dict[str, Any]:
    """What a stored dataset was made from."""
    recipe: dict[str, Any] = _read_description(lake, name)["recipe"]
    return recipe


def read_left_out(lake: Lake, name: str) -> dict[str, int]:
    """How many bars are no samples of a stored dataset, by reason; empty where it was not noted."""
    counted: dict[str, int] = _read_description(lake, name).get("left_out", {})
    return counted


def stored_fingerprints(lake: Lake) -> list[str]:
    """The fingerprints of all stored datasets, sorted."""
    return sorted(path.parent.name for path in (lake.root / "datasets").glob("*/recipe.json"))


def find_fingerprint(lake: Lake, start: str) -> str:
    """The one stored fingerprint that begins with `start`, or `NotFoundError`."""
    found = [name for name in stored_fingerprints(lake) if start and name.startswith(start)]
    if len(found) != 1:
        known = ", ".join(name[:12] for name in (found or stored_fingerprints(lake))) or "none yet"
        problem = "several datasets begin" if found else "no dataset begins"
        raise NotFoundError(f"{problem} with '{start}'; there are: {known}")
    return found[0]


def _read_description(lake: Lake, name: str) -> dict[str, Any]:
    folder = lake.root / "datasets" / name
    try:
        described: dict[str, Any] = json.loads((folder / "recipe.json").read_text())
    except FileNotFoundError:
        raise NotFoundError(f"there is no dataset {name[:12]} in {folder.parent}; build it again") from None
    except json.JSONDecodeError as error:
        raise DatasetError(f"{folder / 'recipe.json'} is damaged ({error}); delete {folder} and build again") from None
    return described


def _to_table(dataset: Dataset) -> pa.Table:
    columns: dict[str, pa.Array] = {
        "instrument_id": pa.DictionaryArray.from_arrays(pa.array(dataset.instrument), pa.array(dataset.instruments))
    }
    for name in _TIMES:
        columns[name] = _times_array(getattr(dataset, name))
    for name in _NUMBERS:
        columns[name] = pa.array(getattr(dataset, name))
    for labels in dataset.by_horizon:
        for name in _PER_HORIZON:
            values = getattr(labels, name)
            columns[f"{name}@{labels.horizon}"] = _times_array(values) if name in _TIMES else pa.array(values)
        if labels.superseded_at is not None:
            columns[f"{_SUPERSEDED}@{labels.horizon}"] = _times_array(labels.superseded_at)
    if dataset.position is not None:
        columns["position"] = pa.array(dataset.position)
    if dataset.superseded_at is not None:
        columns[_SUPERSEDED] = _times_array(dataset.superseded_at)
    return pa.table(columns | _feature_columns(dataset.features, dataset.feature_names))


def _times_array(times: np.ndarray) -> pa.Array:
    return pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))


def _feature_columns(rows: np.ndarray, names: Sequence[str]) -> dict[str, pa.Array]:
    return {f"feature:{name}": pa.array(rows[:, position]) for position, name in enumerate(names)}


def _from_table(table: pa.Table, described: dict[str, Any], history: History | None) -> Dataset:
    features, names = _features_from(table, "F")
    instrument = table["instrument_id"].combine_chunks()
    if isinstance(instrument, pa.ChunkedArray):
        instrument = instrument.combine_chunks()
    return Dataset(
        features=features,
        feature_names=names,
        task=described["task"],
        horizon=described["horizon"],
        instrument=instrument.indices.to_numpy().astype(np.int32),
        instruments=tuple(instrument.dictionary.to_pylist()),
        by_horizon=tuple(_labels_from(table, horizon) for horizon in _horizons_of(table)),
        history=history,
        position=None if history is None else table["position"].to_numpy(),
        superseded_at=_times_if_stored(table, _SUPERSEDED),
        superseded_weight=described.get("superseded_weight", 1.0),
        **{name: _times_from(table, name) for name in _TIMES},
        **{name: table[name].to_numpy() for name in _NUMBERS},
    )


def _features_from(table: pa.Table, order: Literal["C", "F"]) -> tuple[np.ndarray, tuple[str, ...]]:
    names = tuple(n.removeprefix("feature:") for n in table.column_names if n.startswith("feature:"))
    features = np.empty((table.num_rows, len(names)), order=order)
    for position, name in enumerate(names):
        features[:, position] = table[f"feature:{name}"].to_numpy()
    return features, names


def _times_from(table: pa.Table, name: str) -> np.ndarray:
    times: np.ndarray = table[name].to_numpy().astype("datetime64[us]")
    return times


def _times_if_stored(table: pa.Table, name: str) -> np.ndarray | None:
    return _times_from(table, name) if name in table.column_names else None


def _horizons_of(table: pa.Table) -> list[int]:
    """The horizons with labels of their own, in the order they were stored in."""
    return [int(name.removeprefix("target@")) for name in table.column_names if name.startswith("target@")]


def _labels_from(table: pa.Table, horizon: int) -> HorizonLabels:
    named = {name: f"{name}@{horizon}" for name in _PER_HORIZON}
    return HorizonLabels(
        horizon,
        superseded_at=_times_if_stored(table, f"{_SUPERSEDED}@{horizon}"),
        **{
            name: _times_from(table, column) if name in _TIMES else table[column].to_numpy()
            for name, column in named.items()
        },
    )


def _history_table(history: History, names: Sequence[str]) -> pa.Table:
    return pa.table({"first": pa.array(history.first)} | _feature_columns(history.features, names))


def _read_history(lake: Lake, name: str) -> History:
    table = lake.tables.read(f"datasets/{name}/history")
    return History(_features_from(table, "C")[0], table["first"].to_numpy())
