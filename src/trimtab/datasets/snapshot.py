"""Immutable snapshots: a dataset under the name of its fingerprint.

`datasets/<fingerprint>/samples.parquet` holds the samples, `recipe.json` says what they were
made from. The recipe is written last, so a snapshot with a recipe is whole.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.datasets.schema import Dataset
from trimtab.errors import DatasetError, NotFoundError
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import canonical_json, fingerprint_arrays, sha256_bytes
from trimtab.storage.lake import Lake

_TIMES = ("event_time", "decision_time", "label_start", "label_end")
_NUMBERS = ("target", "weight", "baseline")


def fingerprint(dataset: Dataset, recipe: dict[str, Any]) -> str:
    """SHA-256 of content and recipe, as 64 hex digits."""
    described = {
        "names": list(dataset.feature_names),
        "instruments": list(dataset.instruments),
        "task": dataset.task,
        "horizon": dataset.horizon,
        "recipe": recipe,
        "content": fingerprint_arrays(dict(dataset.arrays())),
    }
    return sha256_bytes(canonical_json(described).encode())


def save_snapshot(lake: Lake, dataset: Dataset, recipe: dict[str, Any]) -> str:
    """Store a dataset and return its fingerprint; storing it again changes nothing."""
    name = fingerprint(dataset, recipe)
    recipe_path = lake.root / "datasets" / name / "recipe.json"
    if not recipe_path.is_file():
        lake.tables.write(f"datasets/{name}/samples", _to_table(dataset))
        described = {"fingerprint": name, "task": dataset.task, "horizon": dataset.horizon, "recipe": recipe}
        write_text(recipe_path, json.dumps(described, indent=1, sort_keys=True))
    return name


def load_snapshot(lake: Lake, name: str) -> tuple[Dataset, dict[str, Any]]:
    """Read a dataset and its recipe back; a changed byte in either raises `DatasetError`."""
    folder, described = lake.root / "datasets" / name, _read_description(lake, name)
    dataset = _from_table(lake.tables.read(f"datasets/{name}/samples"), described)
    if fingerprint(dataset, described["recipe"]) != name:
        raise DatasetError(
            f"dataset {folder} is damaged: its content does not give its fingerprint; delete it and build again"
        )
    return dataset, described["recipe"]


def read_recipe(lake: Lake, name: str) -> dict[str, Any]:
    """What a stored dataset was made from."""
    recipe: dict[str, Any] = _read_description(lake, name)["recipe"]
    return recipe


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
        columns[name] = pa.array(getattr(dataset, name), pa.timestamp("us")).cast(pa.timestamp("us", tz="UTC"))
    for name in _NUMBERS:
        columns[name] = pa.array(getattr(dataset, name))
    for position, name in enumerate(dataset.feature_names):
        columns[f"feature:{name}"] = pa.array(dataset.features[:, position])
    return pa.table(columns)


def _from_table(table: pa.Table, described: dict[str, Any]) -> Dataset:
    names = tuple(n.removeprefix("feature:") for n in table.column_names if n.startswith("feature:"))
    features = np.empty((table.num_rows, len(names)), order="F")
    for position, name in enumerate(names):
        features[:, position] = table[f"feature:{name}"].to_numpy()
    instrument = table["instrument_id"].combine_chunks()
    if isinstance(instrument, pa.ChunkedArray):
        instrument = instrument.combine_chunks()
    arrays = {name: table[name].to_numpy().astype("datetime64[us]") for name in _TIMES}
    arrays |= {name: table[name].to_numpy() for name in _NUMBERS}
    return Dataset(
        features=features,
        feature_names=names,
        task=described["task"],
        horizon=described["horizon"],
        instrument=instrument.indices.to_numpy().astype(np.int32),
        instruments=tuple(instrument.dictionary.to_pylist()),
        **arrays,
    )
