"""Storing a model and trusting it again: files by content, a manifest, golden rows.

A model is named by the SHA-256 of its manifest, which names every file by its SHA-256. Loading
checks, in this order: the hash of the manifest, the hash and size of every file, that each file
is one its family may have and looks like its format; only then a parser sees it; last, the
golden rows are forecast again. Files hold data only; a pickle is a program and is refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from trimtab.errors import ArtifactError, IntegrityError
from trimtab.models import golden
from trimtab.models.description import FILE, read_description
from trimtab.models.families import load_fitted, stored_family
from trimtab.models.golden import GoldenRows, make_golden, verify_parity
from trimtab.models.nesting import inner_files
from trimtab.models.protocol import FittedForecaster
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import canonical_json, fingerprint_json, sha256_bytes

FORMAT = 1
LIBRARIES = ("numpy", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost", "safetensors")
PARITY_TIMEOUT_SECONDS = 120
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".dill")


@dataclass(frozen=True)
class StoredFile:
    """One file of a stored model: its name in the model, the SHA-256 of its bytes, its size."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class StoredModel:
    """Where a model is stored.

    Attributes
    ----------
    manifest_digest: SHA-256 of the manifest: the name of the model in the artifact store.
    files: the files the manifest names, by name.
    size_bytes: all of them together.
    """

    manifest_digest: str
    files: tuple[StoredFile, ...]
    size_bytes: int


def pack(fitted: FittedForecaster, golden_features: np.ndarray) -> dict[str, bytes]:
    """The files of a model with its golden rows; the same model and rows give the same bytes."""
    files = {**fitted.save(), golden.FILE: make_golden(fitted, golden_features).to_bytes()}
    check_files(files)
    return dict(sorted(files.items()))


def manifest_of(fitted: FittedForecaster, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the manifest says: JSON values only, no time and no place, so equal models have equal manifests."""
    described = read_description(files)
    return {
        "format": FORMAT,
        "family": fitted.family,
        "task": fitted.task,
        "feature_names": list(fitted.feature_names),
        "schema_hash": schema_hash(fitted),
        "parameters": dict(described.parameters),
        "libraries": _installed_libraries(files),
        "files": {name: {"sha256": sha256_bytes(c), "size_bytes": len(c)} for name, c in sorted(files.items())},
    }


def schema_hash(fitted: FittedForecaster) -> str:
    """SHA-256 of what a model expects and gives: its feature names in order, and its task."""
    return fingerprint_json({"feature_names": list(fitted.feature_names), "task": fitted.task})


def store_model(
    artifacts: ArtifactStore, fitted: FittedForecaster, golden_features: np.ndarray, *, in_fresh_process: bool = False
) -> StoredModel:
    """Store a model; storing it again changes nothing.

    `golden_features` are a few rows of shape (n, k), see `choose_golden_rows`. The model is read
    back and must forecast them bit for bit the same; with `in_fresh_process` another Python does
    so too, which costs a second or two and also notices a file that crashes its parser.
    """
    files = pack(fitted, golden_features)
    manifest = manifest_of(fitted, files)
    for content in files.values():
        artifacts.put(content)
    digest = artifacts.put(canonical_json(manifest).encode())  # last: a manifest names only what exists
    load_model(artifacts, digest, tolerance=0.0)
    if in_fresh_process:
        verify_in_fresh_process(artifacts, digest)
    return stored_model(artifacts, digest)


def load_model(
    artifacts: ArtifactStore, manifest_digest: str, *, tolerance: float = golden.LOAD_TOLERANCE
) -> FittedForecaster:
    """Load a model that is proven to be the stored one.

    Raises `NotFoundError` for a file that is gone, `IntegrityError` for one that has changed,
    `ArtifactError` for one that is not allowed, cannot be read, or forecasts something else.
    """
    manifest = read_manifest(artifacts, manifest_digest)
    files = {name: _verified(artifacts, name, entry) for name, entry in manifest["files"].items()}
    check_files(files)
    fitted = load_fitted(files)
    if [fitted.family, fitted.task, list(fitted.feature_names)] != [
        manifest[k] for k in ("family", "task", "feature_names")
    ]:
        raise ArtifactError(
            f"model {manifest_digest[:12]} is not what its manifest says; register it again from its training"
        )
    verify_parity(fitted, GoldenRows.from_bytes(files[golden.FILE]), tolerance)
    return fitted


def stored_model(artifacts: ArtifactStore, manifest_digest: str) -> StoredModel:
    """The files and sizes of a stored model, from its manifest alone."""
    entries = read_manifest(artifacts, manifest_digest)["files"]
    files = tuple(StoredFile(name, e["sha256"], e["size_bytes"]) for name, e in sorted(entries.items()))
    return StoredModel(manifest_digest, files, sum(file.size_bytes for file in files))


def read_manifest(artifacts: ArtifactStore, manifest_digest: str) -> dict[str, Any]:
    """The manifest of a stored model, its hash checked."""
    content = artifacts.get(manifest_digest)
    _check_content("manifest.json", content)
    try:
        manifest: dict[str, Any] = json.loads(content)
        ok = manifest["format"] == FORMAT and all(
            isinstance(e["sha256"], str) and isinstance(e["size_bytes"], int) for e in manifest["files"].values()
        )
        missing = {"family", "task", "feature_names"} - manifest.keys()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"artifact {manifest_digest[:12]} is not the manifest of a model ({error!r})") from error
    if not ok or missing:
        raise ArtifactError(
            f"artifact {manifest_digest[:12]} is not a manifest of format {FORMAT}; train the model again"
        )
    return manifest


def verify_in_fresh_process(artifacts: ArtifactStore, manifest_digest: str) -> None:
    """Load a model in another Python and compare its golden rows bit by bit; `ArtifactError` otherwise."""
    command = [sys.executable, "-m", "trimtab.models.parity", str(artifacts.root.absolute()), manifest_digest]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PARITY_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise ArtifactError(
            f"model {manifest_digest[:12]} did not load within {PARITY_TIMEOUT_SECONDS} s in a fresh process"
        ) from error
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
        raise ArtifactError(f"model {manifest_digest[:12]} does not load the same in a fresh process: {reason}")


def check_files(files: Mapping[str, bytes]) -> None:
    """Raise `ArtifactError` unless these are exactly files a model may have; no parser but JSON's is used."""
    for name, content in files.items():
        _check_content(name, content)
    if golden.FILE not in files:
        raise ArtifactError(f"the model has no {golden.FILE}, so what it says cannot be verified; train it again")
    _check_names({name: content for name, content in files.items() if name != golden.FILE})


def _check_names(files: Mapping[str, bytes]) -> None:
    """Compare names with what the family may have, in the inner models too."""
    family = stored_family(files)
    own = {name for name in files if "/" not in name}
    if own != family.files:
        raise ArtifactError(f"the model has the files {sorted(own)}; its family has {sorted(family.files)}")
    for folder in sorted({name.partition("/")[0] for name in files if "/" in name}):
        if family.folders is None or not folder.startswith(family.folders):
            raise ArtifactError(f"the model has a folder '{folder}', which its family does not have")
        _check_names(inner_files(folder, files))


def _check_content(name: str, content: bytes) -> None:
    """Refuse what does not look like its format; whoever could read a pickle is never asked."""
    looks = {
        "json": content.startswith(b"{"),
        "txt": content.startswith(b"tree\n"),
        "ubj": content.startswith(b"{"),
        "safetensors": content[8:9] == b"{",
    }
    if looks.get(name.rpartition(".")[2], False):
        return
    if name.endswith(_PICKLE_NAMES) or content.startswith(b"\x80"):
        raise ArtifactError(
            f"'{name}' is a pickle: a program, not data, so it is never opened; store the model with trimtab in {FILE} and its family's own format"
        )
    raise ArtifactError(
        f"'{name}' is not one of the formats a model may have ({', '.join(sorted(looks))}), or does not look like it"
    )


def _verified(artifacts: ArtifactStore, name: str, entry: Mapping[str, Any]) -> bytes:
    content = artifacts.get(entry["sha256"])
    if len(content) != entry["size_bytes"]:
        raise IntegrityError(
            f"'{name}' has {len(content)} bytes, the manifest says {entry['size_bytes']}; train the model again"
        )
    return content


def _installed_libraries(files: Mapping[str, bytes]) -> dict[str, str]:
    """What the model was made with; PyTorch only where there is a network in it."""
    from importlib.metadata import PackageNotFoundError

    found = {}
    has_network = any(name.endswith("weights.safetensors") for name in files)
    for name in (*LIBRARIES, *(["torch"] if has_network else [])):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # xgboost and xgboost-cpu are the same module
            continue
    return found
