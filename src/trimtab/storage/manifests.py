"""What was built from what, so that unchanged work is recognised and not done again.

A manifest names the inputs of a stage (fingerprints, configuration, code version) and the
outputs it left. A stage whose inputs are all the same, and whose outputs still exist, is
skipped. The manifest is written last: a run killed half-way leaves none, and is done again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json


@dataclass(frozen=True)
class Manifest:
    """The record of one finished stage.

    Attributes
    ----------
    inputs_fingerprint: SHA-256 of everything the result depends on.
    output_fingerprint: SHA-256 of what was made; the data version shown in Dagster.
    summary: what a reader of the result wants without opening it (JSON values only).
    """

    inputs_fingerprint: str
    output_fingerprint: str
    summary: dict[str, Any]


@dataclass(frozen=True)
class ManifestStore:
    """Manifests as JSON files under `root`, one per stage and key."""

    root: Path

    def find(self, stage: str, key: str, inputs: Mapping[str, Any]) -> Manifest | None:
        """The manifest of `stage` for `key` if it was made from exactly these inputs."""
        manifest = self.latest(stage, key)
        if manifest is None or manifest.inputs_fingerprint != fingerprint_json(dict(inputs)):
            return None
        return manifest

    def latest(self, stage: str, key: str) -> Manifest | None:
        """The last manifest of a stage and key, whatever its inputs were."""
        try:
            return Manifest(**json.loads(self._path(stage, key).read_text()))
        except (FileNotFoundError, json.JSONDecodeError, TypeError):
            return None  # absent or unreadable: the stage is simply done again

    def record(
        self, stage: str, key: str, inputs: Mapping[str, Any], output_fingerprint: str, summary: dict[str, Any]
    ) -> Manifest:
        """Write the manifest of a finished stage; call it last."""
        manifest = Manifest(fingerprint_json(dict(inputs)), output_fingerprint, summary)
        write_text(self._path(stage, key), json.dumps(manifest.__dict__, indent=1))
        return manifest

    def _path(self, stage: str, key: str) -> Path:
        return self.root / stage / f"{key}.json"
