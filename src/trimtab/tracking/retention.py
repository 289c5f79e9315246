"""Which runs may be forgotten, and which files of the artifact store go with them.

The rules are here, the facts come from outside: what a registered model needs is told as `protected`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.errors import ConfigurationError
from trimtab.tracking.record import RunRecord


@dataclass(frozen=True)
class KeptRun:
    """A run that stays, and why, in a few words."""

    run: RunRecord
    reason: str


@dataclass(frozen=True)
class CleanPlan:
    """What cleaning would do.

    Attributes
    ----------
    removed: the runs to forget, newest first.
    kept: every other run with the reason.
    blobs: SHA-256 and size in bytes of the files that only removed runs refer to.
    """

    removed: tuple[RunRecord, ...]
    kept: tuple[KeptRun, ...]
    blobs: dict[str, int]

    @property
    def freed_bytes(self) -> int:
        return sum(self.blobs.values())


def plan_cleaning(
    records: Sequence[RunRecord],
    *,
    now: datetime,
    older_than: timedelta,
    keep: int,
    protected_runs: Mapping[str, str],
    protected_blobs: Collection[str],
) -> CleanPlan:
    """Decide about every run.

    A run stays when it is running, when it is protected, when it began less than `older_than` ago, and when
    it is among the `keep` newest finished ones of its kind and strategy (at least the newest always stays). A
    file stays while any run that stays refers to it, or anything protected does.

    Parameters
    ----------
    records: every run there is; one left out would lose its files.
    protected_runs: reason by run id.
    protected_blobs: SHA-256 of files that others need.
    """
    if keep < 1:
        raise ConfigurationError(f"keep is {keep}; the newest run of a strategy always stays, so it must be 1 or more")
    if older_than < timedelta(0):
        raise ConfigurationError(f"older-than is {older_than}; it must not be negative")
    newest = _newest(records, keep)
    kept, removed = [], []
    for record in sorted(records, key=lambda each: each.id, reverse=True):
        reason = _reason(record, now - older_than, newest, protected_runs)
        if reason:
            kept.append(KeptRun(record, reason))
        else:
            removed.append(record)
    needed = {*protected_blobs, *(file.sha256 for each in kept for file in each.run.artifacts.values())}
    files = [file for record in removed for file in record.artifacts.values()]
    blobs = {file.sha256: file.size_bytes for file in files if file.sha256 not in needed}
    return CleanPlan(tuple(removed), tuple(kept), blobs)


def _reason(
    record: RunRecord, limit: datetime, newest: Collection[str], protected_runs: Mapping[str, str]
) -> str | None:
    if not record.is_over:
        return "it is running"
    if record.id in protected_runs:
        return protected_runs[record.id]
    if record.id in newest:
        return "among the newest of its kind"
    return "it is young" if record.started > limit else None


def _newest(records: Sequence[RunRecord], keep: int) -> set[str]:
    by_kind: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if record.status == "finished":
            by_kind.setdefault((record.kind, record.strategy), []).append(record.id)
    return {name for names in by_kind.values() for name in sorted(names)[-keep:]}
