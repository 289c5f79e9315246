"""What the commands about runs share: opening them, and showing one as a row or a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace
    from trimtab.tracking.record import RunRecord
    from trimtab.tracking.run_store import RunStore

HASH_DIGITS = 12  # of a fingerprint that a person reads
# What a list shows of a run: the first of these it has.
LEADING = ("accuracy", "best_value", "training_accuracy")


def open_workspace() -> Workspace:
    """The workspace of the settings."""
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    return Workspace.open(load_settings())


def open_runs() -> RunStore:
    """The runs of the lake; the strategy files are not read, since a run may outlive its file."""
    from trimtab.config import load_settings
    from trimtab.storage.lake import open_lake
    from trimtab.tracking.run_store import RunStore

    return RunStore.of(open_lake(load_settings()))


def document(record: RunRecord) -> dict[str, Any]:
    """A run as a JSON document."""
    files = {name: vars(file) for name, file in record.artifacts.items()}
    return {**vars(record), "artifacts": files}


def row(record: RunRecord, runs: RunStore) -> dict[str, Any]:
    """A run as a line of a table."""
    leading = next((name for name in LEADING if name in record.metrics), None)
    return {
        "run": record.id,
        "strategy": record.strategy,
        "kind": record.kind,
        "version": record.tags.get("version"),
        "status": _status(record, runs),
        "result": None if leading is None else f"{leading} {record.metrics[leading]:.4g}".replace("_", " "),
        "dataset": (record.dataset or "")[:HASH_DIGITS] or None,
        "seconds": record.resources.get("wall_seconds"),
    }


def _status(record: RunRecord, runs: RunStore) -> str:
    done = None if record.is_over else runs.progress(record.id)
    if done is None:
        return record.status
    step, total = done
    return f"running, {step} of {total}" if total else f"running, step {step}"
