"""One run per file that is fully written, a reason and no run for a bad one, and what follows a delivery."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver, parquet_bytes
from fakes.strategies import write_strategy

from dagster_project import inbox as inbox_module
from dagster_project.definitions import Overrides, build_definitions
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.pipeline.inbox import inbox_of
from trimtab.pipeline.workspace import Workspace

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
AAA = Series("AAA", Timeframe.DAY)
BARS = random_walk(40)
BAD = b"date,price\n2020-01-02,1\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A strategy that lives on the inbox; files count as written at once."""
    strategies = write_strategy(
        tmp_path / "strategies", universe={"source": "inbox", "instruments": ["AAA", "BBB", "CCC"]}
    )
    return Settings(data_dir=tmp_path / "data", strategies_dir=strategies, inbox_settle_seconds=0)


@pytest.fixture
def inbox(settings: Settings) -> Path:
    return settings.inbox_dir_or_default


@pytest.fixture
def repository(settings: Settings, clock: SimulatedClock) -> dg.RepositoryDefinition:
    return build_definitions(Overrides(settings, clock, sensor_interval_seconds=1)).get_repository_def()


def tick(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorResult:
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        return repository.get_sensor_def("inbox")(context)


def said(result: dg.SensorResult) -> str:
    assert result.run_requests == []
    assert result.skip_reason
    return result.skip_reason.skip_message or ""


def run(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, request: dg.RunRequest
) -> dg.ExecuteInProcessResult:
    """What the daemon does with a request."""
    tags = dict(request.tags) | {"dagster/run_key": str(request.run_key)}
    return repository.get_job("inbox_job").execute_in_process(
        dict(request.run_config) | QUIET, instance, tags=tags, raise_on_error=False
    )


def follow(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, finished: dg.ExecuteInProcessResult
) -> list[dg.RunRequest] | dg.SkipReason:
    name = "refresh_after_inbox"
    context = dg.build_run_status_sensor_context(name, finished.all_events[-1], instance, finished.dagster_run)
    return repository.get_sensor_def(name)(context)


def put_in_flight(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, request: dg.RunRequest) -> str:
    created = instance.create_run_for_job(
        repository.get_job("inbox_job"),
        run_config=request.run_config,
        tags=dict(request.tags),
        status=dg.DagsterRunStatus.STARTED,
    )
    return created.run_id


def test_a_written_file_gets_one_run_that_ingests_it_and_then_nothing_more(
    repository: dg.RepositoryDefinition, settings: Settings, instance: dg.DagsterInstance, inbox: Path
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    (request,) = tick(repository, instance).run_requests
    content = request.tags["inbox/content"]
    assert request.run_key == f"{content}:1"
    assert request.tags["inbox/file"] == "bars.parquet"
    assert request.run_config["ops"]["inbox_files"]["config"] == {"file": "bars.parquet", "content": content}
    assert run(repository, instance, request).success
    workspace = Workspace.open(settings)
    assert len(workspace.bars.current(AAA)) == 40
    after = tick(repository, instance)
    assert said(after) == "1 files done, 0 set aside now, 0 waiting"
    assert said(tick(repository, instance, after.cursor)) == "nothing has changed in the inbox"
    (event,) = instance.fetch_materializations(dg.AssetKey("inbox_files"), limit=5).records
    shown = event.asset_materialization.metadata
    assert (shown["file"].value, shown["new"].value, shown["series"].value) == ("bars.parquet", 40, 1)


def test_while_its_run_is_in_flight_a_file_gets_no_second_one(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    first = tick(repository, instance)
    put_in_flight(instance, repository, first.run_requests[0])
    assert "bars.parquet: its run is in flight" in said(tick(repository, instance, first.cursor))


def test_a_bad_file_is_set_aside_with_its_reason_and_gets_no_run(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    deliver(inbox, "bad.csv", BAD)
    deliver(inbox, "good.csv", csv_bytes(BARS))
    (request,) = tick(repository, instance).run_requests
    assert request.tags["inbox/file"] == "good.csv"
    assert (inbox / "set_aside" / "bad.csv").read_bytes() == BAD
    assert "has no column for open" in (inbox / "set_aside" / "bad.csv.reason.txt").read_text()


def test_a_half_written_file_gets_a_run_when_it_is_complete(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    content = parquet_bytes(BARS)
    path = deliver(inbox, "bars.parquet", content[:1500])
    first = tick(repository, instance)
    assert "it is a Parquet file without its end" in said(first)
    with path.open("ab") as file:
        file.write(content[1500:])
    (request,) = tick(repository, instance, first.cursor).run_requests
    assert request.tags["inbox/file"] == "bars.parquet"


def test_the_same_content_under_another_name_gets_no_run_and_other_content_under_the_same_name_does(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    run(repository, instance, tick(repository, instance).run_requests[0])
    deliver(inbox, "again.parquet", parquet_bytes(BARS))
    assert "2 files done" in said(tick(repository, instance))
    deliver(inbox, "bars.parquet", parquet_bytes(random_walk(41)))
    (request,) = tick(repository, instance).run_requests
    assert request.tags["inbox/file"] == "bars.parquet"


def test_a_content_that_comes_back_runs_under_another_key(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    keys = []
    for content in (parquet_bytes(BARS), parquet_bytes(random_walk(41)), parquet_bytes(BARS)):
        deliver(inbox, "bars.parquet", content)
        (request,) = tick(repository, instance).run_requests
        assert run(repository, instance, request).success
        keys.append(str(request.run_key))
    assert len(set(keys)) == 3
    assert keys[2] == keys[0].replace(":1", ":2")


def test_a_failed_run_is_repeated_under_another_key_after_a_while_and_then_the_file_is_set_aside(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    laters = SimulatedClock(now)
    monkeypatch.setattr(inbox_module, "SystemClock", lambda: laters)
    path = deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    (request,) = tick(repository, instance).run_requests
    for attempt, back_off in ((1, 1), (2, 2)):
        wrong = request._replace(run_config={"ops": {"inbox_files": {"config": {"file": "gone.csv"}}}})
        assert not run(repository, instance, wrong).success
        assert "its run failed; the next one is due at" in said(tick(repository, instance))
        laters.advance(timedelta(minutes=back_off, seconds=30))
        (request,) = tick(repository, instance).run_requests
        assert str(request.run_key).endswith(f":{attempt + 1}")
    run(repository, instance, request._replace(run_config={"ops": {"inbox_files": {"config": {"file": "gone.csv"}}}}))
    assert "set aside: 3 runs over bars.parquet failed" in said(tick(repository, instance))
    reason = (inbox / "set_aside" / "bars.parquet.reason.txt").read_text()
    assert "gone.csv cannot be read in the inbox" in reason
    (inbox / "set_aside" / "bars.parquet").rename(path)  # put back, it is a new delivery
    (request,) = tick(repository, instance).run_requests
    assert str(request.run_key).endswith(":4")


def test_a_file_with_a_bar_not_yet_known_runs_again_when_it_is(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path, clock: SimulatedClock
) -> None:
    clock.time = as_datetime(BARS.event_time[-1]) + timedelta(hours=20)
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    run(repository, instance, tick(repository, instance).run_requests[0])
    quiet = tick(repository, instance)
    assert json.loads(quiet.cursor or "")["until"] == as_datetime(BARS.known_time[-1]).isoformat()
    assert "nothing has changed" in said(tick(repository, instance, quiet.cursor))
    clock.advance(timedelta(hours=4))
    (request,) = tick(repository, instance, quiet.cursor).run_requests
    assert str(request.run_key).endswith(":2")


def test_an_idle_tick_opens_nothing_and_a_new_file_ends_the_quiet(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    assert "there is no folder" in said(tick(repository, instance))
    inbox.mkdir(parents=True)
    quiet = tick(repository, instance)
    assert "nothing has changed" in said(tick(repository, instance, quiet.cursor))
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    assert len(tick(repository, instance, quiet.cursor).run_requests) == 1


def test_a_delivery_is_followed_by_one_refresh_of_the_series_that_live_on_the_inbox(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    other = csv_bytes(random_walk(20, instrument="BBB")).split(b"\n", 1)[1]
    unused = csv_bytes(random_walk(20, instrument="ZZZ")).split(b"\n", 1)[1]
    deliver(inbox, "bars.csv", csv_bytes(BARS) + other + unused)
    finished = run(repository, instance, tick(repository, instance).run_requests[0])
    (request,) = follow(repository, instance, finished)
    assert request.tags["dagster/asset_partition_range_start"] == "AAA__1d"
    assert request.tags["dagster/asset_partition_range_end"] == "BBB__1d"
    (again,) = follow(repository, instance, finished)
    assert again.run_key == request.run_key  # which Dagster knows already


def test_a_delivery_no_strategy_lives_on_is_followed_by_nothing(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(random_walk(20, instrument="ZZZ")))
    finished = run(repository, instance, tick(repository, instance).run_requests[0])
    skipped = follow(repository, instance, finished)
    assert isinstance(skipped, dg.SkipReason)
    assert "no strategy takes a series of this file" in str(skipped.skip_message)


def test_a_person_may_start_the_run_with_the_name_of_the_file_only(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, inbox: Path
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    by_hand = dg.RunRequest(run_config={"ops": {"inbox_files": {"config": {"file": "bars.parquet"}}}})
    finished = run(repository, instance, by_hand)
    assert finished.success
    (request,) = follow(repository, instance, finished)
    assert request.tags["dagster/asset_partition_range_start"] == "AAA__1d"


@pytest.mark.parametrize("file", ["../bars.parquet", "/etc/bars.csv", "a\\b.csv"])
def test_a_run_reads_nothing_outside_the_inbox(
    repository: dg.RepositoryDefinition, instance: dg.DagsterInstance, file: str
) -> None:
    config = {"ops": {"inbox_files": {"config": {"file": file}}}}
    assert not run(repository, instance, dg.RunRequest(run_config=config)).success


def test_refreshing_everything_does_not_touch_the_inbox(repository: dg.RepositoryDefinition) -> None:
    for job in ("refresh_job", "market_data_job"):
        assert dg.AssetKey("inbox_files") not in repository.get_job(job).asset_layer.executable_asset_keys


def test_a_file_is_ready_for_the_sensor_only_when_it_was_left_alone(
    settings: Settings, clock: SimulatedClock, instance: dg.DagsterInstance, inbox: Path
) -> None:
    patient = settings.model_copy(update={"inbox_settle_seconds": 3600.0})
    repository = build_definitions(Overrides(patient, clock, sensor_interval_seconds=1)).get_repository_def()
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    assert "must be left alone for 3600 s" in said(tick(repository, instance))
    assert inbox_of(Workspace.open(patient)).folder.is_absolute()
