"""`python -m dagster_project.launch run`: bars to decision through Dagster's own execution, in this process.

First one run for every needed series, then one run per strategy. The runs are recorded in the home
that `trimtab up` shows, so everything done here can be looked at there. Progress is one line per
finished stage on standard error; a failure is one sentence and exit code 1. `... automation` prints the
schedules and sensors as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.automation import automation
from dagster_project.failures import sentences_of, traceback_of
from dagster_project.first_storage import make_storage
from dagster_project.home import POSTGRES_VARIABLE, dagster_environment, write_home
from dagster_project.jobs import MARKET_DATA, STRATEGY
from dagster_project.partitions import partitions_of, range_tags, ranges_of
from dagster_project.reaper import PROCESS_TAG, reap
from trimtab.config import Settings, Strategy, load_settings, load_strategies
from trimtab.errors import TrimtabError, UnknownNameError
from trimtab.storage.atomic import remove_leftovers

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult

LOCATION = "trimtab"
# What a run started from the UI carries, so that the pages of the jobs there list these runs too.
REPOSITORY_TAGS = {".dagster/repository": f"__repository__@{LOCATION}", "trimtab/started_by": "trimtab run"}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailedError(TrimtabError):
    """A run of the pipeline failed; its text says why, `traceback` where."""

    def __init__(self, sentences: Sequence[str], traceback: str) -> None:
        super().__init__("\n".join(sentences))
        self.traceback = traceback


def run_pipeline(settings: Settings, names: Sequence[str], instance: dg.DagsterInstance) -> None:
    """Run bars, features and then every named strategy (all of them when none is named).

    A strategy that fails does not keep the others from running; the first failure is raised at the end.
    """
    from dagster_project.definitions import Overrides, build_definitions
    from dagster_project.stage_asset import Running

    strategies = load_strategies(settings.strategies_dir)
    chosen = _chosen(strategies, names, settings)
    definitions = build_definitions(Overrides(settings=settings, running=Running(on_finished=print_progress)))
    _run_market_data(definitions, strategies, chosen, instance)
    failures = []
    for name in chosen:
        try:
            _execute(definitions, STRATEGY, instance, partition_key=name)
        except RunFailedError as error:
            failures.append(RunFailedError([f"{name}: {error}"], error.traceback))
    if failures:
        raise RunFailedError([str(f) for f in failures], "\n".join(f.traceback for f in failures))


def print_progress(asset: str, result: StageResult, seconds: float) -> None:
    """One line on standard error: stage, key, seconds, and whether there was anything to do; then what a check warns of."""
    unchanged = "  unchanged" if result.skipped else ""
    print(f"  {asset:<22} {result.key:<28} {seconds:6.1f} s{unchanged}", file=sys.stderr, flush=True)
    for check in result.checks:
        if not check.passed and not check.blocking:
            print(f"    {check.name}: {check.description}", file=sys.stderr, flush=True)


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of the managed home, after cleaning up behind processes that were killed.

    Runs whose process is gone are marked as failed, and temporary files older than an hour are removed.
    """
    remove_leftovers(settings.data_dir)
    os.environ.update(dagster_environment(settings, os.environ))
    if not os.environ.get(POSTGRES_VARIABLE):
        make_storage(settings.dagster_home_or_default)  # before anything says that there is a home
    write_home(settings, os.environ)
    instance = dg.DagsterInstance.get()
    if not os.environ.get(POSTGRES_VARIABLE):
        for run_id in reap(instance):
            print(f"  marked run {run_id[:8]} as failed: its process is gone", file=sys.stderr)
    return instance


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        if given.what == "automation":
            print(json.dumps(automation(settings)))
            return 0
        with open_instance(settings) as instance:
            run_pipeline(settings, given.strategy, instance)
    except RunFailedError as error:
        if given.debug:
            print(error.traceback, file=sys.stderr)
        print("\n".join(f"trimtab: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 1
    except TrimtabError as error:
        if given.debug:
            raise
        print(f"trimtab: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dagster_project.launch", description=__doc__)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    what = parser.add_subparsers(dest="what", required=True)
    run = what.add_parser("run", help="bars to decision")
    run.add_argument("--strategy", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    run.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback of an error")
    what.add_parser("automation", help="schedules and sensors as JSON")
    return parser


def _chosen(strategies: Mapping[str, Strategy], names: Sequence[str], settings: Settings) -> list[str]:
    for name in names:
        if name not in strategies:
            raise UnknownNameError("strategy", name, strategies, where=f"{settings.strategies_dir}: ")
    return sorted(set(names) or strategies)


def _run_market_data(
    definitions: dg.Definitions, strategies: Mapping[str, Strategy], chosen: Sequence[str], instance: dg.DagsterInstance
) -> None:
    partitions = partitions_of(strategies)
    wanted = {series for name in chosen for series in partitions.series_of[name]}
    for first, last in ranges_of(partitions.series.get_partition_keys(), wanted):
        _execute(definitions, MARKET_DATA, instance, tags=range_tags(first, last))


def _execute(
    definitions: dg.Definitions,
    job: str,
    instance: dg.DagsterInstance,
    partition_key: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    config: dict[str, Any] = QUIET
    result = definitions.resolve_job_def(job).execute_in_process(
        run_config=config,
        instance=instance,
        partition_key=partition_key,
        tags=REPOSITORY_TAGS | {PROCESS_TAG: str(os.getpid())} | dict(tags or {}),
        raise_on_error=False,
    )
    if not result.success:
        events = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
        raise RunFailedError(sentences_of(events) or [f"run {result.run_id} failed"], traceback_of(events))


if __name__ == "__main__":
    sys.exit(main())
