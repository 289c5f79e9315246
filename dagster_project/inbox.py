"""The sensors of the inbox.

| sensor | looks at | does |
|---|---|---|
| `inbox` | the files in the inbox | one `inbox_job` per file that is fully written; bad files are set aside |
| `refresh_after_inbox` | finished runs of `inbox_job` | one `refresh_job` for the series of strategies that live on the inbox |

Whether a file is ready, done or bad is the library's to say, from the folder and its own ledger. Dagster
is asked only which runs there were over a content: one in flight is waited for, a failed one is repeated
under another key, because a key never runs twice. The cursor notes that a listing of the folder asks for
nothing, so that an idle tick opens no file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.assets.inbox import CONTENT_TAG, FILE_TAG, run_config
from dagster_project.failures import sentences_of
from dagster_project.jobs import INBOX, REFRESH
from dagster_project.partitions import Partitions, keys_of, range_tags, ranges_of
from dagster_project.sensors import RUNNING, SensorSettings
from trimtab.clock import SystemClock

if TYPE_CHECKING:
    from trimtab.bars.inbox import Delivery, Inbox, InboxScan

MAX_FAILURES = 3  # of the runs over one delivery; then it is set aside
BACK_OFF = timedelta(minutes=1)  # after the first failure, twice as long after the second
SAID = 5  # files named in the note of a tick that requests nothing

_FAILED = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_FINISHED = (*_FAILED, dg.DagsterRunStatus.SUCCESS)


def build_inbox_sensors(
    jobs: Mapping[str, Any], partitions: Partitions, settings: SensorSettings
) -> list[dg.SensorDefinition]:
    """Both sensors."""
    return [_inbox(jobs, settings), _refresh_after_inbox(jobs, partitions, settings)]


def _inbox(jobs: Mapping[str, Any], settings: SensorSettings) -> dg.SensorDefinition:
    @dg.sensor(
        name="inbox",
        job=jobs[INBOX],
        minimum_interval_seconds=settings.interval_seconds,
        default_status=RUNNING,
        description="Requests one run per file in the inbox that is fully written; bad files are set aside.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from trimtab.pipeline import inbox

        workspace = settings.workspace.open()
        watched = inbox.inbox_of(workspace)
        listing = watched.listing()  # before the look: what arrives in between is seen by the next tick
        if _is_quiet(context.cursor, listing, workspace.lake.clock.now()):
            return dg.SensorResult(skip_reason="nothing has changed in the inbox", cursor=context.cursor)
        found = inbox.look(workspace)
        for refused in found.refused:
            context.log.warning(f"set aside {refused.path.name}: {refused.reason}")
        requests, put_off = _requests(context.instance, watched, found)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else _said(watched, found, put_off),
            cursor=_cursor(listing, found),
        )

    return sensor


def _requests(
    instance: dg.DagsterInstance, inbox: Inbox, found: InboxScan
) -> tuple[list[dg.RunRequest], dict[str, str]]:
    """A run for every ready file that may have one now, and why the others must wait."""
    requests: list[dg.RunRequest] = []
    put_off: dict[str, str] = {}
    for delivery in found.ready:
        attempt, why = _attempt(instance, inbox, delivery)
        if why:
            put_off[delivery.name] = why
        else:
            requests.append(_run_request(delivery, attempt))
    return requests, put_off


def _attempt(instance: dg.DagsterInstance, inbox: Inbox, delivery: Delivery) -> tuple[int, str | None]:
    """The number of the run that is due over a delivery, and why it must wait (None: it is due now)."""
    wanted = dg.RunsFilter(job_name=INBOX, tags={CONTENT_TAG: delivery.content})
    records = instance.get_run_records(wanted)  # the newest first
    attempt = len(records) + 1
    if any(record.dagster_run.status not in _FINISHED for record in records):
        return attempt, "its run is in flight"
    # Put back after it was set aside, a file is a new delivery: earlier failures do not count.
    recent = [record for record in records if record.create_timestamp >= delivery.delivered]
    failed = list(takewhile(lambda record: record.dagster_run.status in _FAILED, recent))
    if not failed:
        return attempt, None
    if len(failed) >= MAX_FAILURES:
        return attempt, _give_up(instance, inbox, delivery, failed[0])
    again = datetime.fromtimestamp(failed[0].end_time or 0.0, UTC) + BACK_OFF * 2 ** (len(failed) - 1)
    waits = SystemClock().now() < again  # Dagster's times are the computer's
    return attempt, f"its run failed; the next one is due at {again:%H:%M:%S} UTC" if waits else None


def _give_up(instance: dg.DagsterInstance, inbox: Inbox, delivery: Delivery, last: dg.RunRecord) -> str:
    from trimtab.bars.inbox import Refused

    entries = instance.all_logs(last.dagster_run.run_id)
    said = "; ".join(sentences_of(entry.dagster_event for entry in entries if entry.dagster_event))
    reason = f"{MAX_FAILURES} runs over {delivery.name} failed, the last ({last.dagster_run.run_id[:8]}) with: {said}"
    inbox.set_aside(Refused(delivery.path, reason))
    return f"set aside: {reason}"


def _run_request(delivery: Delivery, attempt: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{delivery.content}:{attempt}",
        run_config=run_config(delivery.name, delivery.content),
        tags={FILE_TAG: delivery.name, CONTENT_TAG: delivery.content},
    )


def _cursor(listing: str, found: InboxScan) -> str:
    """What the next tick compares with; no listing while a file is on its way."""
    if found.ready or found.waiting:
        return json.dumps({"listing": None, "until": None})
    until = found.quiet_until
    return json.dumps({"listing": listing, "until": until.isoformat() if until else None})


def _is_quiet(cursor: str | None, listing: str, now: datetime) -> bool:
    noted = json.loads(cursor) if cursor else {"listing": None, "until": None}
    is_over = noted["until"] is not None and now >= datetime.fromisoformat(noted["until"])
    return noted["listing"] == listing and not is_over


def _said(inbox: Inbox, found: InboxScan, put_off: Mapping[str, str]) -> str:
    if not inbox.folder.is_dir():
        return f"there is no folder {inbox.folder}; make it and put bar files there"
    why = {each.path.name: each.why for each in found.waiting} | dict(put_off)
    named = "".join(f"; {name}: {reason}" for name, reason in list(why.items())[:SAID])
    return f"{len(found.done)} files done, {len(found.refused)} set aside now, {len(why)} waiting{named}"


def _refresh_after_inbox(
    jobs: Mapping[str, Any], partitions: Partitions, settings: SensorSettings
) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name="refresh_after_inbox",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[jobs[INBOX]],
        request_job=jobs[REFRESH],
        minimum_interval_seconds=settings.interval_seconds,
        default_status=RUNNING,
        description="After a delivery, features of the series that strategies take from the inbox are made anew.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
        from trimtab.pipeline.inbox import series_to_refresh

        run = context.instance.get_run_by_id(context.dagster_run.run_id) or context.dagster_run
        content = run.tags.get(CONTENT_TAG, "")
        wanted = set(series_to_refresh(settings.workspace.open(), content))
        ranges = ranges_of(keys_of(partitions.series), wanted)
        if not ranges:
            return dg.SkipReason("no strategy takes a series of this file from the inbox")
        return [dg.RunRequest(run_key=f"{run.run_id}:{first}", tags=range_tags(first, last)) for first, last in ranges]

    return sensor
