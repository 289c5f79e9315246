"""What the tests of the orchestration share: definitions on a temporary lake, and a real instance."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from fakes.stages import FakeStages

from dagster_project.definitions import Overrides, build_definitions
from dagster_project.stage_asset import Running
from trimtab.clock import SimulatedClock
from trimtab.config import Settings


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")


@pytest.fixture
def fake() -> FakeStages:
    """Stages that compute nothing."""
    return FakeStages()


@pytest.fixture
def definitions(settings: Settings, clock: SimulatedClock, fake: FakeStages) -> dg.Definitions:
    """The shipped strategies with stages that compute nothing."""
    return build_definitions(Overrides(settings=settings, clock=clock, running=Running(fake.stages())))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance with its storage in a temporary folder."""
    with dg.instance_for_test(overrides={"telemetry": {"enabled": False}}) as found:
        yield found
