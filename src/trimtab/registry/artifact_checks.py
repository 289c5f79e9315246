"""Checks of a stored model on registration and on load: size, integrity, load time, features."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab.errors import IntegrityError, NotFoundError, TrimtabError
from trimtab.registry.models import ArtifactFile
from trimtab.storage.artifacts import ArtifactStore


@dataclass(frozen=True)
class ArtifactCheck:
    """The answer of one check: its name, the number measured (None when it could not be), one sentence."""

    name: str
    passed: bool
    value: float | None
    detail: str


def check_artifacts(
    store: ArtifactStore,
    files: Sequence[ArtifactFile],
    feature_names: Sequence[str],
    catalogue: Collection[str],
    load: Callable[[], Any],
    *,
    max_megabytes: float,
    max_load_seconds: float,
    timer: Callable[[], float] = time.perf_counter,
) -> tuple[ArtifactCheck, ...]:
    """Run every check; a model whose bytes are not the registered ones is never parsed.

    Parameters
    ----------
    files: what was registered.
    feature_names: what the model reads; `catalogue`: the names that can be computed.
    load: loads the model from the store, for the load time.
    max_megabytes: limit for all files together, 1 MB = 1,000,000 bytes.
    timer: seconds from any start.
    """
    integrity = check_integrity(store, files)
    return (
        check_size(files, max_megabytes),
        integrity,
        check_load_time(load, max_load_seconds, timer) if integrity.passed else _not_loaded(),
        check_features(feature_names, catalogue),
    )


def check_size(files: Sequence[ArtifactFile], max_megabytes: float) -> ArtifactCheck:
    """All files together keep the limit."""
    megabytes = sum(file.size_bytes for file in files) / 1e6
    passed = megabytes <= max_megabytes
    relation = "within" if passed else "above"
    detail = f"the files take {megabytes:.3g} MB, {relation} the limit of {max_megabytes:g} MB"
    return ArtifactCheck("artifact_size", passed, megabytes, detail)


def check_integrity(store: ArtifactStore, files: Sequence[ArtifactFile]) -> ArtifactCheck:
    """Every file is there and its bytes are those that were registered."""
    problems = [problem for file in files if (problem := _problem(store, file))]
    if not files:
        problems = ["no file is registered"]
    detail = "; ".join(problems) or f"all {len(files)} files have the registered SHA-256"
    return ArtifactCheck("artifact_integrity", not problems, float(len(problems)), detail)


def check_load_time(load: Callable[[], Any], max_seconds: float, timer: Callable[[], float]) -> ArtifactCheck:
    """The model loads, and quickly enough."""
    start = timer()
    try:
        load()
    except TrimtabError as error:
        return ArtifactCheck("load_time", False, None, f"the model does not load: {error}")
    seconds = timer() - start
    passed = seconds <= max_seconds
    relation = "within" if passed else "above"
    return ArtifactCheck(
        "load_time", passed, seconds, f"loading takes {seconds:.3g} s, {relation} the limit of {max_seconds:g} s"
    )


def check_features(feature_names: Sequence[str], catalogue: Collection[str]) -> ArtifactCheck:
    """Every feature the model reads can be computed."""
    missing = [name for name in feature_names if name not in catalogue]
    listed = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    detail = f"the catalogue lacks {listed}" if missing else f"all {len(feature_names)} features are in the catalogue"
    return ArtifactCheck("features_exist", not missing, float(len(missing)), detail)


def _problem(store: ArtifactStore, file: ArtifactFile) -> str | None:
    try:
        content = store.get(file.sha256)
    except NotFoundError:
        return f"'{file.name}' is missing from the artifact store"
    except IntegrityError:
        return f"'{file.name}' does not have the registered SHA-256"
    if len(content) != file.size_bytes:
        return f"'{file.name}' has {len(content)} bytes, registered were {file.size_bytes}"
    return None


def _not_loaded() -> ArtifactCheck:
    return ArtifactCheck("load_time", False, None, "not loaded, because the files are not the registered ones")
