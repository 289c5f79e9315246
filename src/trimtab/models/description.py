"""`model.json`, the file every stored model has: what it is and what it expects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError
from trimtab.storage.hashing import canonical_json

FILE = "model.json"
FORMAT = 1


@dataclass(frozen=True)
class Description:
    """What a fitted model remembers beside its weights.

    Attributes
    ----------
    family: the family that made it and can load it.
    task: "classification" or "regression".
    feature_names: the columns it was trained on, in order.
    parameters: the parameters it was trained with, defaults filled in.
    learned: what a small family has learned, as JSON values; empty where another file holds it.
    """

    family: str
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    learned: Mapping[str, Any] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The file's content; equal descriptions give equal bytes, floats exact."""
        return canonical_json({"format": FORMAT, **vars(self)}).encode()


def read_description(files: Mapping[str, bytes], family: str | None = None) -> Description:
    """Read `model.json`; `ArtifactError` when it is absent, damaged or of another family."""
    try:
        content = json.loads(files[FILE])
        found = Description(
            family=str(content["family"]),
            task=cast(Task, content["task"]),
            feature_names=tuple(str(name) for name in content["feature_names"]),
            parameters=dict(content["parameters"]),
            learned=dict(content["learned"]),
        )
        version = content["format"]
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the model's {FILE} is missing or damaged ({error!r}); train the model again") from error
    if version != FORMAT:
        raise ArtifactError(
            f"the model's {FILE} has format {version}, this trimtab reads {FORMAT}; train the model again"
        )
    if found.task not in ("classification", "regression"):
        raise ArtifactError(
            f"the model's {FILE} names the task '{found.task}'; it must be classification or regression"
        )
    if family is not None and found.family != family:
        raise ArtifactError(f"the files hold a model of family '{found.family}', not '{family}'")
    return found
