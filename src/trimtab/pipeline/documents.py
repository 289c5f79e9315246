"""The files that a stage shows, as its manifest knows them: a file of another run is never read as this one's.

A stage writes its report and its plots before its manifest. When it is killed in between, or somebody edits a file,
what lies in the folder is not what the manifest speaks of; the SHA-256 of every file in the manifest tells.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trimtab.errors import NotFoundError
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import sha256_bytes
from trimtab.storage.manifests import Manifest


def digests_of(workspace: Workspace, folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """SHA-256 by path, of the files directly in a stage's own report folder; `paths` are relative to the lake.

    Tables, bars and artifacts lie elsewhere and have fingerprints of their own; they may be large, and other
    stages may add to them.
    """
    root = workspace.lake.root
    return {path: sha256_bytes((root / path).read_bytes()) for path in paths if _is_own(root / path, folder)}


def _is_own(path: Path, folder: Path) -> bool:
    return path.parent == folder and path.is_file()


def are_as_recorded(workspace: Workspace, manifest: Manifest) -> bool:
    """Whether all plots and links are there, and those with a digest have it; False for a manifest without digests."""
    shown, root = manifest.summary, workspace.lake.root
    paths, digests = [*shown["plots"].values(), *shown["links"].values()], shown.get("digests")
    if digests is None or not all((root / path).exists() for path in paths):
        return False
    return all(_digest(root / path) == digest for path, digest in digests.items())


def read_document(workspace: Workspace, stage: str, key: str) -> dict[str, Any]:
    """The full result of the last finished run of a stage, its `report.json`.

    Raises `NotFoundError` where the stage never finished, or the file is not the one it wrote.
    """
    manifest = workspace.manifests.latest(stage, key)
    if manifest is None:
        raise NotFoundError(f"the stage {stage} has not run for '{key}'; run it first")
    path = workspace.report_folder(stage, key) / "report.json"
    content = path.read_bytes() if path.is_file() else b""
    digests = manifest.summary.get("digests", {})
    if digests.get(str(path.relative_to(workspace.lake.root))) != sha256_bytes(content):
        raise NotFoundError(
            f"the report of the stage {stage} for '{key}' is not the one that its last finished run wrote; "
            f"run the stage {stage} again"
        )
    document: dict[str, Any] = json.loads(content)
    return document


def _digest(path: Path) -> str | None:
    return sha256_bytes(path.read_bytes()) if path.is_file() else None
