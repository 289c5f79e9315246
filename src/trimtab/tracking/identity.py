"""The id of a run: the time it began and a short hash, so that ids sort by time and are easily told apart."""

from __future__ import annotations

from datetime import UTC, datetime

from trimtab.storage.hashing import fingerprint_json
from trimtab.tracking.protocol import RunStart

HASH_DIGITS = 8


def run_id(start: RunStart, time: datetime, attempt: int = 0) -> str:
    """`<time to the millisecond>-<8 hex digits>` of what the run begins with; the same beginning gives the same id.

    `attempt` counts the ids tried before, where two runs that begin alike begin at the same moment.

    >>> run_id(RunStart("candidate_model", "demo", 7, 1), datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC))
    '20240102T030405.000-...'
    """
    moment = time.astimezone(UTC)
    begun = [start.kind, start.strategy, start.seed, start.dataset, start.parameters, moment.isoformat(), attempt]
    stamp = f"{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}"
    return f"{stamp}-{fingerprint_json(begun)[:HASH_DIGITS]}"
