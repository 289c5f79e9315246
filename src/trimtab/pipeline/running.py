"""How every stage runs: recognised as unchanged, or computed, stored, and recorded last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab.errors import ConflictError
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.documents import are_as_recorded, digests_of, read_document
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_bytes
from trimtab.storage.locks import exclusive
from trimtab.storage.manifests import Manifest

__all__ = ["Produced", "read_document", "run_stage", "stage_values"]

MAX_ATTEMPTS = 3
LOCK_TIMEOUT_SECONDS = 900.0  # a second run of the same stage waits for the first, then finds it done


@dataclass(frozen=True)
class Produced:
    """What a stage has computed, before it is recorded; plots are PNG bytes by title.

    `summary` holds values that later stages read back without opening the full result.
    """

    data_version: str
    metrics: Mapping[str, Scalar] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    plots: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, Path] = field(default_factory=dict)
    checks: tuple[CheckOutcome, ...] = ()
    summary: dict[str, Any] = field(default_factory=dict)


def run_stage(
    workspace: Workspace,
    stage: str,
    key: str,
    inputs: Callable[[], Mapping[str, Any]],
    compute: Callable[[], Produced],
    still_there: Callable[[Manifest], bool] = lambda manifest: True,
) -> StageResult:
    """Run `compute` unless a manifest says the same inputs were done and the outputs are there, byte by byte.

    `inputs` names everything the result depends on; the code is added here. Two runs of the same
    stage and key never compute at once. Inputs are read inside that lock, and again after
    computing: when somebody changed them meanwhile, what was computed belongs to neither, and it is
    computed again. The manifest is written after everything else, so a run killed at any moment is
    simply done again.
    """
    with exclusive(workspace.lake.lock_path(f"stages/{stage}/{key}"), LOCK_TIMEOUT_SECONDS):
        before = _with_code(inputs())
        manifest = workspace.manifests.find(stage, key, before)
        if manifest is not None and are_as_recorded(workspace, manifest) and still_there(manifest):
            return _result(workspace, stage, key, manifest, skipped=True)
        for _ in range(MAX_ATTEMPTS):
            produced, after = compute(), _with_code(inputs())
            if after == before:
                return _record(workspace, stage, key, before, produced)
            before = after
        raise ConflictError(
            f"the inputs of {stage} for {key} changed {MAX_ATTEMPTS} times while it was computed; "
            "wait until the other runs are done and run it again"
        )


def _with_code(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {**inputs, "code": code_fingerprint()}


def _record(workspace: Workspace, stage: str, key: str, inputs: Mapping[str, Any], produced: Produced) -> StageResult:
    folder = workspace.report_folder(stage, key)
    for title, content in produced.plots.items():
        write_bytes(folder / _plot_name(title), content)
    shown = _shown(workspace, folder, produced) | {"values": produced.summary}
    manifest = workspace.manifests.record(stage, key, inputs, produced.data_version, shown)
    return _result(workspace, stage, key, manifest, skipped=False)


def stage_values(workspace: Workspace, stage: str, key: str) -> dict[str, Any] | None:
    """The summary values of the last finished run of a stage, or None when it never finished."""
    manifest = workspace.manifests.latest(stage, key)
    if manifest is None:
        return None
    return dict(manifest.summary["values"]) | {"data_version": manifest.output_fingerprint}


def _shown(workspace: Workspace, folder: Path, produced: Produced) -> dict[str, Any]:
    # Paths are stored relative to the lake, so that a lake may be moved.
    root = workspace.lake.root
    plots = {title: str((folder / _plot_name(title)).relative_to(root)) for title in produced.plots}
    links = {title: str(path.relative_to(root)) for title, path in produced.links.items()}
    return {
        "metrics": produced.metrics,
        "tables": produced.tables,
        "plots": plots,
        "links": links,
        "digests": digests_of(workspace, folder, [*plots.values(), *links.values()]),
        "checks": [check.__dict__ for check in produced.checks],
    }


def _result(workspace: Workspace, stage: str, key: str, manifest: Manifest, skipped: bool) -> StageResult:
    shown, root = manifest.summary, workspace.lake.root
    return StageResult(
        stage=stage,
        key=key,
        data_version=manifest.output_fingerprint,
        skipped=skipped,
        metrics=shown["metrics"],
        tables=shown["tables"],
        plots={title: root / path for title, path in shown["plots"].items()},
        links={title: root / path for title, path in shown["links"].items()},
        checks=tuple(CheckOutcome(**check) for check in shown["checks"]),
    )


def _plot_name(title: str) -> str:
    return f"{title.lower().replace(' ', '_')}.png"
