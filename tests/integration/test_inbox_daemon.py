"""The inbox watched by the real daemon: a good file, a bad one, a half-written one, and the same one again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from fakes.bars import random_walk
from fakes.daemons import running_daemon
from fakes.deliveries import deliver, parquet_bytes
from fakes.servers import wait_until
from fakes.strategies import open_world, run_environment, write_strategy

from trimtab.pipeline.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HALF = parquet_bytes(random_walk(50, seed=2, instrument="HALF"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    strategies = write_strategy(tmp_path / "strategies", universe={"source": "inbox", "instruments": ["GOOD"]})
    return run_environment(
        tmp_path / "data",
        strategies,
        TRIMTAB_INBOX_DIR=str(tmp_path / "inbox"),
        TRIMTAB_INBOX_SETTLE_SECONDS="1",
        TRIMTAB_SENSOR_INTERVAL_SECONDS="1",
    )


@pytest.fixture
def inbox(environment: dict[str, str]) -> Path:
    return Path(environment["TRIMTAB_INBOX_DIR"])


class Watched:
    """What Dagster's own storage says happened."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._home, self._log = str(Path(environment["TRIMTAB_DATA_DIR"]) / "dagster"), log

    def runs(self) -> Counter[tuple[str, str]]:
        """Runs of the inbox job: how many per file and status."""
        with dg.DagsterInstance.from_config(self._home) as instance:
            runs = instance.get_runs(dg.RunsFilter(job_name="inbox_job"))
        return Counter((run.tags["inbox/file"], run.status.value) for run in runs)

    def refreshed(self) -> list[str]:
        """First partition of every refresh that succeeded."""
        with dg.DagsterInstance.from_config(self._home) as instance:
            runs = instance.get_runs(dg.RunsFilter(job_name="refresh_job", statuses=[dg.DagsterRunStatus.SUCCESS]))
        return [run.tags["dagster/asset_partition_range_start"] for run in runs]

    def n_ticks(self) -> int:
        """Finished ticks of the sensor."""
        with dg.DagsterInstance.from_config(self._home) as instance:
            states = [state for state in instance.all_instigator_state() if state.instigator_name == "inbox"]
            ticks = [
                tick for state in states for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
            ]
        return sum(tick.status.value in ("SUCCESS", "SKIPPED") for tick in ticks)

    def wait_for_runs(self, files: dict[str, int]) -> None:
        """Wait until every file has so many successful runs."""
        wanted = Counter({(file, "SUCCESS"): n for file, n in files.items()})
        wait_until(lambda: self.runs() == wanted, f"{wanted}, {self.runs()} so far; {self._log}", 120)

    def wait_for_ticks(self, n: int) -> None:
        """Wait until the sensor has looked so many more times."""
        before = self.n_ticks()
        wait_until(lambda: self.n_ticks() >= before + n, f"{n} more ticks of the inbox sensor; {self._log}", 90)


def test_a_good_a_bad_and_a_half_written_file_give_one_run_one_reason_and_none_until_it_is_complete(
    environment: dict[str, str], inbox: Path, tmp_path: Path
) -> None:
    watched = Watched(environment, tmp_path / "daemon.log")
    good, bad = parquet_bytes(random_walk(50, seed=1, instrument="GOOD")), b"date,price\n2020-01-02,1\n"
    deliver(inbox, "good.parquet", good)
    deliver(inbox, "bad.csv", bad)
    half = deliver(inbox, "half.parquet", HALF[: len(HALF) // 2])
    with running_daemon(environment, tmp_path / "daemon.log"):
        watched.wait_for_runs({"good.parquet": 1})
        wait_until((inbox / "set_aside" / "bad.csv").exists, "the bad file to be set aside")
        watched.wait_for_ticks(2)
        assert watched.runs() == {("good.parquet", "SUCCESS"): 1}

        with half.open("ab") as file:
            file.write(HALF[len(HALF) // 2 :])
        watched.wait_for_runs({"good.parquet": 1, "half.parquet": 1})

        deliver(inbox, "good_again.parquet", good)
        watched.wait_for_ticks(2)
        assert watched.runs() == {("good.parquet", "SUCCESS"): 1, ("half.parquet", "SUCCESS"): 1}
        wait_until(lambda: len(watched.refreshed()) > 0, "a refresh of the series that lives on the inbox")

    assert watched.refreshed() == ["GOOD__1d"]
    assert (inbox / "set_aside" / "bad.csv").read_bytes() == bad
    assert "has no column for open" in (inbox / "set_aside" / "bad.csv.reason.txt").read_text()
    assert sorted(path.name for path in inbox.iterdir() if path.is_file()) == [
        "good.parquet", "good_again.parquet", "half.parquet",
    ]  # fmt: skip
    workspace: Workspace = open_world(
        Path(environment["TRIMTAB_DATA_DIR"]), Path(environment["TRIMTAB_STRATEGIES_DIR"])
    )
    assert {series.key: workspace.bars.n_versions(series) for series in workspace.bars.series()} == {
        "GOOD__1d": 50,
        "HALF__1d": 50,
    }
