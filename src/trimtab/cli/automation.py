"""What runs by itself: schedules and sensors, asked of Dagster in a process of its own.

The library knows nothing of Dagster, so the orchestration shell is asked on its command line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

from trimtab.config import Settings

TIMEOUT_SECONDS = 60


def has_dagster() -> bool:
    """Whether Dagster and the orchestration shell are installed."""
    return find_spec("dagster") is not None and find_spec("dagster_project") is not None


def read_automation(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Schedules and sensors with their state; both empty when Dagster is not installed."""
    if not has_dagster():
        return {"schedules": [], "sensors": []}
    command = [sys.executable, "-m", "dagster_project.launch", "automation"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    if done.returncode != 0:
        return {"schedules": [], "sensors": []}
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return found
