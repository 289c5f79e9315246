"""Everything Dagster loads, assembled by one function that takes overrides.

Only `trimtab.config` and what it needs is imported here: loading takes about a second, and a run pays
for pandas or a booster when a stage first uses it.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field

import dagster as dg

from dagster_project.assets import build_assets
from dagster_project.inbox import build_inbox_sensors
from dagster_project.jobs import build_asset_jobs
from dagster_project.partitions import partitions_of
from dagster_project.prune import build_prune_job
from dagster_project.resources import WorkspaceResource
from dagster_project.schedules import build_schedules
from dagster_project.sensors import SensorSettings, build_sensors
from dagster_project.stage_asset import Running
from trimtab.clock import Clock
from trimtab.config import Settings, load_settings, load_strategies
from trimtab.errors import ConfigurationError

SENSOR_INTERVAL_VARIABLE = "TRIMTAB_SENSOR_INTERVAL_SECONDS"
DEFAULT_SENSOR_INTERVAL_SECONDS = 30


@dataclass(frozen=True)
class Overrides:
    """What may be other than in an installation; tests and the launcher use it.

    Attributes
    ----------
    settings: where things are; from the environment and the settings file when absent.
    clock: the time of everything that is recorded.
    sensor_interval_seconds: the least time between two ticks of a sensor.
    running: how assets run.
    """

    settings: Settings | None = None
    clock: Clock | None = None
    sensor_interval_seconds: int | None = None
    running: Running = field(default_factory=Running)


def build_definitions(overrides: Overrides | None = None) -> dg.Definitions:
    """Assets, jobs, schedules and sensors of the strategies of one installation."""
    given = overrides or Overrides()
    settings = given.settings or load_settings()
    strategies = load_strategies(settings.strategies_dir)
    partitions = partitions_of(strategies)
    workspace = WorkspaceResource(settings, given.clock)
    sensing = SensorSettings(workspace, given.sensor_interval_seconds or _sensor_interval())
    jobs = build_asset_jobs(strategies)
    prune_job = build_prune_job(given.clock)
    with warnings.catch_warnings():
        # Backfill policies are "beta" since 2023; twelve warnings at every start would hide a real one.
        warnings.simplefilter("ignore", dg.BetaWarning)
        assets = build_assets(partitions, given.running)
    return dg.Definitions(
        assets=assets,
        jobs=[*jobs.values(), prune_job],
        schedules=build_schedules(jobs, prune_job, strategies, partitions, sensing),
        sensors=[*build_sensors(jobs, partitions, sensing), *build_inbox_sensors(jobs, partitions, sensing)],
        resources={"workspace": workspace},
        # Measured: ten trivial steps take 2 s in one process and 17 to 20 s with a process each.
        executor=dg.in_process_executor,
    )


def _sensor_interval() -> int:
    given = os.environ.get(SENSOR_INTERVAL_VARIABLE, str(DEFAULT_SENSOR_INTERVAL_SECONDS))
    if not given.isdigit() or int(given) < 1:
        raise ConfigurationError(f"{SENSOR_INTERVAL_VARIABLE} is '{given}'; give a whole number of seconds, 1 or more")
    return int(given)


defs = build_definitions()
