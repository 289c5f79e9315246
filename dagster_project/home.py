"""Dagster's home folder, written by trimtab: which storage, how runs queue, what is kept.

Two profiles, by configuration only. Embedded: SQLite in the home folder. Production: PostgreSQL, when
`TRIMTAB_DAGSTER_POSTGRES_URL` is set; the URL is read from the environment by Dagster itself, so no
password is written to a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trimtab.config import Settings
from trimtab.errors import ConfigurationError
from trimtab.storage.atomic import write_text

POSTGRES_VARIABLE = "TRIMTAB_DAGSTER_POSTGRES_URL"

_HEADER = """\
# Written by trimtab at every start; changes made here are lost.
# Embedded profile: SQLite in this folder. Production profile: set TRIMTAB_DAGSTER_POSTGRES_URL.
telemetry:
  enabled: false
nux:
  enabled: false  # no newsletter window before the first page
"""

_POSTGRES = """\
storage:
  postgres:
    postgres_url:
      env: TRIMTAB_DAGSTER_POSTGRES_URL
"""

_LIMITS = """\
run_queue:
  dequeue_interval_seconds: 1  # Dagster's 5 is the greatest single delay from click to start
concurrency:
  runs:
    max_concurrent_runs: 2
    tag_concurrency_limits:
      - key: dagster/backfill  # a backfill cannot starve retraining
        limit: 1
  pools:
    default_limit: 1
run_monitoring:
  enabled: true
  poll_interval_seconds: 15
  start_timeout_seconds: 180
  max_runtime_seconds: 14400
  free_slots_after_run_end_seconds: 30
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false  # after a crash, not after an answer
retention:
  schedule:
    purge_after_days: 30
  sensor:
    purge_after_days:
      skipped: 1
      success: 30
      failure: 30
"""

_WORKSPACE = """\
# Written by trimtab at every start; changes made here are lost.
load_from:
  - python_module:
      module_name: dagster_project.definitions
      location_name: trimtab
"""


def write_home(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Write `dagster.yaml` and `workspace.yaml` unless they are there as they should be; return the folder."""
    home = settings.dagster_home_or_default
    profile = _HEADER + (_POSTGRES if environment.get(POSTGRES_VARIABLE) else "") + _LIMITS
    for name, text in (("dagster.yaml", profile), ("workspace.yaml", _WORKSPACE)):
        path = home / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
    return home


def dagster_environment(settings: Settings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment a Dagster process needs: its home, and the driver named in the URL."""
    found = dict(environment) | {
        "DAGSTER_HOME": str(settings.dagster_home_or_default),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    if url := environment.get(POSTGRES_VARIABLE):
        found[POSTGRES_VARIABLE] = with_driver(url)
    return found


def with_driver(url: str) -> str:
    """The URL with the driver named: SQLAlchemy 2.1 takes another for a bare `postgresql:`.

    >>> with_driver("postgresql://trimtab@db/dagster")
    'postgresql+psycopg2://trimtab@db/dagster'
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", "postgresql+psycopg2"):
        raise ConfigurationError(
            f"{POSTGRES_VARIABLE} begins with '{scheme[:30]}'; write postgresql://user:password@host:port/database"
        )
    return f"postgresql+psycopg2://{rest}"
