from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml

from dagster_project.home import POSTGRES_VARIABLE, dagster_environment, with_driver, write_home
from trimtab.config import Settings
from trimtab.errors import ConfigurationError

SECRET = {POSTGRES_VARIABLE: "postgresql://user:secret@db:5432/dagster"}


def test_the_embedded_home_needs_no_configuration_and_sends_no_telemetry(settings: Settings) -> None:
    home = write_home(settings, {})
    written = yaml.safe_load((home / "dagster.yaml").read_text())
    assert "storage" not in written
    assert written["telemetry"] == {"enabled": False}
    assert written["run_queue"]["dequeue_interval_seconds"] == 1
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 2


def test_writing_the_home_again_changes_nothing(settings: Settings) -> None:
    path = write_home(settings, {}) / "dagster.yaml"
    before = path.stat().st_mtime_ns
    write_home(settings, {})
    assert path.stat().st_mtime_ns == before


def test_a_password_is_never_written_to_a_file(settings: Settings) -> None:
    home = write_home(settings, SECRET)
    assert yaml.safe_load((home / "dagster.yaml").read_text())["storage"] == {
        "postgres": {"postgres_url": {"env": POSTGRES_VARIABLE}}
    }
    assert not [path for path in home.rglob("*") if path.is_file() and "secret" in path.read_text()]


def test_a_dagster_process_is_told_its_home_and_the_driver(settings: Settings) -> None:
    environment = dagster_environment(settings, SECRET)
    assert Path(environment["DAGSTER_HOME"]).is_absolute()
    assert environment[POSTGRES_VARIABLE] == "postgresql+psycopg2://user:secret@db:5432/dagster"


def test_a_url_of_another_database_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(ConfigurationError, match="begins with 'mysql'; write postgresql://") as refused:
        with_driver("mysql://user:secret@db/dagster")
    assert "secret" not in str(refused.value)
