"""What protects a recorded run and its files, and how the rest is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from trimtab.errors import LockedError
from trimtab.pipeline.tracking import mirrors
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.locks import exclusive
from trimtab.tracking.record import RunRecord
from trimtab.tracking.retention import CleanPlan, plan_cleaning
from trimtab.tracking.run_store import RunStore

RECORDED = ("tuning_study", "candidate_model", "walk_forward_report")
STAGE_WAIT_SECONDS = 2.0
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Protection:
    """What may not be removed: runs with the reason, and files of the artifact store."""

    runs: dict[str, str]
    blobs: frozenset[str]


def protection(workspace: Workspace, records: list[RunRecord]) -> Protection:
    """What the registry and the latest stages need.

    Every registered version keeps its files, whatever its state: an alias, a decision or a roll-back may
    reach it. It also keeps the newest run that trained it and the newest run of each other kind made for the
    same recipe: the evidence it was decided on.
    """
    registry = workspace.registry
    models = registry.list_models()
    blobs = {model.manifest_digest for model in models}
    blobs |= {file.sha256 for model in models for file in registry.artifacts(model.id)}
    blobs |= _digests_in_manifests(workspace)
    versions = {(model.strategy, model.manifest_digest): model.version for model in models}
    return Protection(_needed_runs(records, versions), frozenset(blobs))


def clean_runs(workspace: Workspace, older_than: timedelta, keep: int = 1, *, dry_run: bool = False) -> CleanPlan:
    """Forget old runs that nothing needs, their files and their copies in MLflow; say what and why not.

    Nothing is removed while a stage that stores files is at work: it may have found a file there that this
    is about to remove. Raises `LockedError` then.
    A dry run removes nothing, so it waits for nobody.
    """
    lake, store = workspace.lake, RunStore.of(workspace.lake)
    if dry_run:
        return _plan(workspace, older_than, keep)
    with _no_stage_running(workspace), exclusive(lake.lock_path("runs_clean"), STAGE_WAIT_SECONDS):
        plan = _plan(workspace, older_than, keep)
        for record in plan.removed:
            store.remove(record.id)
        # Files last: killed in between, a file nobody names is left over, never a name without its file.
        for digest in plan.blobs:
            lake.artifacts.path(digest).unlink(missing_ok=True)
    return plan


def running_stage(workspace: Workspace) -> str | None:
    """A stage that keeps cleaning from removing anything now, as a sentence; None where there is none."""
    try:
        with _no_stage_running(workspace, wait_seconds=0.0):
            return None
    except LockedError as error:
        return str(error)


def _plan(workspace: Workspace, older_than: timedelta, keep: int) -> CleanPlan:
    records = RunStore.of(workspace.lake).list()
    needed = protection(workspace, records)
    return plan_cleaning(
        records,
        now=workspace.lake.clock.now(),
        older_than=older_than,
        keep=keep,
        protected_runs=needed.runs,
        protected_blobs=needed.blobs,
    )


def forget_copies(workspace: Workspace, plan: CleanPlan) -> int:
    """Delete what MLflow has of the removed runs, where MLflow is used; return how many."""
    if not mirrors(workspace):
        return 0
    from trimtab.tracking.mlflow_mirror import forget

    return forget(workspace.lake.root, workspace.settings.mlflow_uri, [record.id for record in plan.removed])


def _needed_runs(records: list[RunRecord], versions: Mapping[tuple[str, str], str]) -> dict[str, str]:
    needed: dict[str, str] = {}
    trained: set[tuple[str, str]] = set()
    evidence: dict[tuple[str, str | None], str] = {}
    newest_first = sorted(records, key=lambda each: each.id, reverse=True)
    for record in newest_first:
        made = (record.strategy, record.tags.get("manifest", ""))
        if made in versions and made not in trained:
            trained.add(made)
            needed[record.id] = f"it trained version {versions[made]}"
            for tag in ("recipe", "study"):
                if tag in record.tags:
                    evidence.setdefault((record.strategy, record.tags[tag]), versions[made])
    seen: set[tuple[str, str, str]] = set()
    for record in newest_first:
        if "manifest" in record.tags or record.status != "finished":
            continue
        for tag in ("recipe", "study"):
            name = record.tags.get(tag)
            version = evidence.get((record.strategy, name)) if name else None
            if version and name and (record.kind, record.strategy, name) not in seen:
                seen.add((record.kind, record.strategy, name))
                needed.setdefault(record.id, f"it is evidence for version {version}")
    return needed


def _digests_in_manifests(workspace: Workspace) -> set[str]:
    """Everything in the latest manifests that looks like the name of a file: too many are kept rather than one too few."""
    root = workspace.manifests.root
    return {digest for path in sorted(root.rglob("*.json")) for digest in _DIGEST.findall(path.read_text())}


@contextmanager
def _no_stage_running(workspace: Workspace, wait_seconds: float = STAGE_WAIT_SECONDS) -> Iterator[None]:
    strategies = {*workspace.strategies, *(record.name for record in workspace.registry.strategies())}
    with ExitStack() as held:
        for name in sorted(strategies):
            for stage in RECORDED:
                try:
                    path = workspace.lake.lock_path(f"stages/{stage}/{name}")
                    held.enter_context(exclusive(path, wait_seconds))
                except LockedError as error:
                    raise LockedError(f"{stage} of {name} is running; clean when it is done") from error
        yield
