"""Runs copied into a real MLflow, once each, without its registry and without telling its makers."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.runs import start_run

from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.storage.lake import Lake, open_lake
from trimtab.tracking import mlflow_mirror
from trimtab.tracking.mlflow_mirror import COMPLETE, RUN_ID, forget, mirror, tracking_uri, uncopied
from trimtab.tracking.run_store import RunStore

pytestmark = pytest.mark.slow  # MLflow takes two seconds to import and three to make its tables

SPY = """
import sys
calls = []
def hear(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect", "socket.gethostbyname"):
        calls.append(f"{event} {arguments[0] if 'connect' not in event else arguments[1]}")
sys.addaudithook(hear)
from pathlib import Path
from trimtab.config import Settings
from trimtab.storage.lake import open_lake
from trimtab.tracking.mlflow_mirror import mirror
from trimtab.tracking.run_store import RunStore
lake = open_lake(Settings(data_dir=Path(sys.argv[1])))
print(len(mirror(RunStore.of(lake), lake.artifacts, lake.root)), "copied")
import time
from mlflow.telemetry.client import get_telemetry_client
time.sleep(0.5)
print("client", get_telemetry_client())
print("calls", calls)
"""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with a finished run, a failed one and one that is at work."""
    pytest.importorskip("mlflow", reason="needs mlflow: pip install -e '.[dev]'")
    clock = SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC))
    lake = open_lake(Settings(data_dir=tmp_path_factory.mktemp("lake")), clock)
    parameters = {"depth": 3, "members": {"linear": 1.0}, "odd:name": "x" * 9000}
    with start_run(lake, dataset="d" * 64, parameters=parameters, tags={"version": "1.0.0"}) as run:
        for step in range(1, 1201):
            run.metrics({"train_loss": 1 / step}, step=step, total=1200)
        run.metrics({"accuracy": 0.6, "p_value": math.nan})
        run.artifact("model/booster.txt", b"tree")
        run.artifact("../outside.txt", b"must not be written there")
    clock.advance(timedelta(minutes=1))
    with pytest.raises(ValueError, match="no samples"), start_run(lake, strategy="other"):
        raise ValueError("no samples")
    return lake


@pytest.fixture(scope="module")
def first(lake: Lake) -> subprocess.CompletedProcess[str]:
    """The first mirroring, in a process of its own in which nothing says that this is a test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI", "GITHUB"))}
    command = [sys.executable, "-c", SPY, str(lake.root)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=kept)


@pytest.fixture(scope="module")
def client(lake: Lake, first: Any) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri(lake.root, None))


def copies(client: Any, strategy: str) -> list[Any]:
    """What MLflow has of a strategy."""
    return list(client.search_runs([client.get_experiment_by_name(strategy).experiment_id]))


def test_nothing_is_sent_to_anybody(first: subprocess.CompletedProcess[str]) -> None:
    assert first.stdout.splitlines() == ["2 copied", "client None", "calls []"]
    assert first.stderr == ""


def test_a_copy_has_everything_the_run_has(lake: Lake, client: Any) -> None:
    (copy,) = copies(client, "demo")
    record = RunStore.of(lake).list("demo")[0]
    assert (copy.info.run_name, copy.info.status) == ("candidate_model 1.0.0", "FINISHED")
    assert copy.info.start_time == int(record.started.timestamp() * 1000)
    assert copy.data.params["depth"] == "3"
    assert copy.data.params["members.linear"] == "1.0"
    assert copy.data.params["odd_name"].startswith("xxx")
    assert copy.data.metrics["accuracy"] == 0.6
    assert "p_value" not in copy.data.metrics  # unknown is left out
    history = client.get_metric_history(copy.info.run_id, "train_loss")
    assert {point.step: point.value for point in history} == {step: 1 / step for step in range(1, 1201)}
    assert copy.data.metrics["system/wall_seconds"] == pytest.approx(record.resources["wall_seconds"])
    assert (copy.data.tags["dataset"], copy.data.tags[RUN_ID]) == ("d" * 64, record.id)
    assert record.artifacts["model/booster.txt"].sha256 in copy.data.tags["artifacts_sha256"]
    assert copy.inputs.dataset_inputs[0].dataset.digest == "d" * 36
    folder = Path(copy.info.artifact_uri.removeprefix("file://"))
    assert (folder / "model" / "booster.txt").read_bytes() == b"tree"
    assert (folder / "environment.json").is_file()
    assert not list(lake.root.rglob("outside.txt"))


def test_a_failed_run_is_shown_as_failed_with_its_reason(client: Any) -> None:
    (copy,) = copies(client, "other")
    assert (copy.info.status, copy.data.tags["mlflow.note.content"]) == ("FAILED", "ValueError: no samples")


def test_the_registry_of_mlflow_stays_empty(client: Any) -> None:
    assert list(client.search_registered_models()) == []


def test_a_run_is_copied_once_and_one_at_work_when_it_is_over(lake: Lake, client: Any) -> None:
    runs = RunStore.of(lake)
    assert uncopied(runs, lake.root, None) == []
    assert mirror(runs, lake.artifacts, lake.root) == []
    run = start_run(lake, strategy="late")
    assert uncopied(runs, lake.root, None) == [run.id]
    assert mirror(runs, lake.artifacts, lake.root) == []
    run.finish()
    assert mirror(runs, lake.artifacts, lake.root) == [run.id]
    assert mirror(runs, lake.artifacts, lake.root) == []
    assert len(copies(client, "late")) == 1


def test_a_copy_that_was_cut_short_is_made_again(lake: Lake, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with start_run(lake, strategy="cut") as run:
        run.artifact("model/weights", b"weights")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    runs = RunStore.of(lake)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(mlflow_mirror, "_write_files", die)
        mirror(runs, lake.artifacts, lake.root)
    assert len(copies(client, "cut")) == 1
    assert mirror(runs, lake.artifacts, lake.root) == [run.id]
    (copy,) = copies(client, "cut")
    assert COMPLETE in copy.data.tags


def test_copies_of_cleaned_runs_go_too(lake: Lake, client: Any) -> None:
    with start_run(lake, strategy="gone") as run:
        pass
    mirror(RunStore.of(lake), lake.artifacts, lake.root)
    assert forget(lake.root, None, [run.id, "another"]) == 1
    assert copies(client, "gone") == []
    assert len(copies(client, "demo")) == 1
