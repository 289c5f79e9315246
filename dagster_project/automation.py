"""What runs by itself, and whether it is switched on: read from the definitions and from Dagster's home."""

from __future__ import annotations

import os
from typing import Any

import dagster as dg

from dagster_project.home import dagster_environment
from trimtab.config import Settings


def automation(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Schedules and sensors by name, each `running` or `stopped`; writes nothing.

    A schedule or sensor runs unless somebody switched it off in the UI, and only while a daemon runs.
    """
    from dagster_project.definitions import Overrides, build_definitions

    repository = build_definitions(Overrides(settings=settings)).get_repository_def()
    stored = _stored_states(settings)
    schedules = sorted(repository.schedule_defs, key=lambda schedule: schedule.name)
    sensors = sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
    return {
        "schedules": [
            {
                "name": schedule.name,
                "state": stored.get(schedule.name, schedule.default_status.value.lower()),
                "cron": schedule.cron_schedule,
                "timezone": schedule.execution_timezone,
            }
            for schedule in schedules
        ],
        "sensors": [
            {
                "name": sensor.name,
                "state": stored.get(sensor.name, sensor.default_status.value.lower()),
                "interval_seconds": sensor.minimum_interval_seconds,
            }
            for sensor in sensors
        ],
    }


def _stored_states(settings: Settings) -> dict[str, str]:
    """What was switched on or off in the UI."""
    if not (settings.dagster_home_or_default / "dagster.yaml").is_file():
        return {}
    os.environ.update(dagster_environment(settings, os.environ))
    with dg.DagsterInstance.get() as instance:
        states = {state.instigator_name: state.status.value.lower() for state in instance.all_instigator_state()}
    return {name: state for name, state in states.items() if state in ("running", "stopped")}
