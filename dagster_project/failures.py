"""Why a run failed, as sentences for a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg


def sentences_of(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """What failed in a run, one sentence per failed stage or blocking check, in the order of the events."""
    found = [said for event in events if (said := _sentence(event))]
    return list(dict.fromkeys(found))


def traceback_of(events: Iterable[dg.DagsterEvent]) -> str:
    """The tracebacks of the failed stages, for whoever asked for them."""
    errors = [event.step_failure_data.error for event in events if event.is_step_failure]
    return "\n".join(error.to_string() for error in errors if error)


def _sentence(event: dg.DagsterEvent) -> str | None:
    if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        check = event.asset_check_evaluation_data
        if check.passed or check.severity is not dg.AssetCheckSeverity.ERROR:
            return None
        return f"check {check.check_name} of {check.asset_key.to_user_string()} failed: {check.description}"
    if not event.is_step_failure:
        return None
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return f"{event.step_key}: {failure.user_failure_data.description}"
    error = _innermost(failure.error) if failure.error else None
    if error is None:
        return f"{event.step_key}: no reason was given"
    if error.cls_name == "DagsterExecutionInterruptedError":
        return f"{event.step_key}: interrupted"
    # A failed blocking check has been said already, better than Dagster says it here.
    said_already = error.cls_name == "DagsterAssetCheckFailedError"
    return None if said_already else f"{event.step_key}: {error.message.strip().splitlines()[0]}"


def _innermost(error: Any) -> Any:
    """What began it: Dagster wraps an error in its own."""
    return _innermost(error.cause) if error.cause else error
