"""How every stage runs: recognised as unchanged, or computed, stored, and recorded last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_bytes
from trimtab.storage.locks import exclusive
from trimtab.storage.manifests import Manifest

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
    inputs: Mapping[str, Any],
    compute: Callable[[], Produced],
    still_there: Callable[[Manifest], bool] = lambda manifest: True,
) -> StageResult:
    """Run `compute` unless a manifest says the same inputs were done and the outputs are there.

    Two runs of the same stage and key never compute at once. The manifest is written after
    everything else, so a run killed at any moment is simply done again.
    """
    with exclusive(workspace.lake.lock_path(f"{stage}/{key}"), LOCK_TIMEOUT_SECONDS):
        manifest = workspace.manifests.find(stage, key, inputs)
        if manifest is not None and _plots_exist(workspace, manifest) and still_there(manifest):
            return _result(workspace, stage, key, manifest, skipped=True)
        produced = compute()
        folder = workspace.report_folder(stage, key)
        for title, content in produced.plots.items():
            write_bytes(folder / _plot_name(title), content)
        manifest = workspace.manifests.record(
            stage,
            key,
            inputs,
            produced.data_version,
            _shown(workspace, folder, produced) | {"values": produced.summary},
        )
        return _result(workspace, stage, key, manifest, skipped=False)


def stage_values(workspace: Workspace, stage: str, key: str) -> dict[str, Any] | None:
    """The summary values of the last finished run of a stage, or None when it never finished."""
    manifest = workspace.manifests.latest(stage, key)
    if manifest is None:
        return None
    return dict(manifest.summary["values"]) | {"data_version": manifest.output_fingerprint}


def latest_result(workspace: Workspace, stage: str, key: str) -> StageResult | None:
    """What the last finished run of a stage showed, or None."""
    manifest = workspace.manifests.latest(stage, key)
    return None if manifest is None else _result(workspace, stage, key, manifest, skipped=True)


def _shown(workspace: Workspace, folder: Path, produced: Produced) -> dict[str, Any]:
    # Paths are stored relative to the lake, so that a lake may be moved.
    root = workspace.lake.root
    return {
        "metrics": produced.metrics,
        "tables": produced.tables,
        "plots": {title: str((folder / _plot_name(title)).relative_to(root)) for title in produced.plots},
        "links": {title: str(path.relative_to(root)) for title, path in produced.links.items()},
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


def _plots_exist(workspace: Workspace, manifest: Manifest) -> bool:
    return all((workspace.lake.root / path).is_file() for path in manifest.summary["plots"].values())


def _plot_name(title: str) -> str:
    return f"{title.lower().replace(' ', '_')}.png"
