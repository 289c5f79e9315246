"""Stage one on the simulated market: what it stores, what it says, and when it says it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.strategies import write_strategy

from trimtab.bars.quarantine import QuarantineCounts
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.pipeline.bars import ingest_bars
from trimtab.pipeline.quarantine import decide
from trimtab.pipeline.stage import CheckOutcome, StageResult
from trimtab.pipeline.workspace import Workspace


def open_world(tmp_path: Path, clock: SimulatedClock, **universe: Any) -> Workspace:
    write_strategy(tmp_path / "strategies", universe={"source": "simulated", "timeframe": "1d", **universe})
    settings = Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path / "strategies", n_threads=1)
    return Workspace.open(settings, clock)


def check(result: StageResult, name: str) -> CheckOutcome:
    (found,) = [outcome for outcome in result.checks if outcome.name == name]
    return found


@pytest.fixture
def june() -> SimulatedClock:
    return SimulatedClock(datetime(2018, 6, 4, 6, tzinfo=UTC))  # a Monday


def test_told_splits_and_dividends_are_facts_and_no_jump_to_the_checks(tmp_path: Path, june: SimulatedClock) -> None:
    workspace = open_world(tmp_path, june, instruments=["SIMSPLIT"])
    result = ingest_bars(workspace, "SIMSPLIT__1d")
    assert (result.metrics["quarantined"], result.metrics["flagged"]) == (0, 0)
    market = SimulatedMarket(7, until=june.now())
    series = Series("SIMSPLIT", Timeframe.DAY)
    assert result.metrics["actions"] == len(market.actions(series)) == 15
    assert len(result.tables["splits and dividends"]) == 10  # the latest
    raw, adjusted = workspace.bars.current(series, "raw"), workspace.bars.current(series).adjusted()
    np.testing.assert_array_equal(raw.close, market.fetch(series).close)
    assert np.abs(np.diff(np.log(raw.adjusted().close))).max() > 0.6 > np.abs(np.diff(np.log(adjusted.close))).max()
    june.advance(timedelta(days=30))
    again = ingest_bars(workspace, "SIMSPLIT__1d")
    assert (again.metrics["restated"], again.metrics["readjusted"]) == (0, 0)  # a dividend later, no bar is another
    assert len(workspace.bars.revision_times(series)) == 0


def test_a_live_source_that_lags_is_said_to_and_the_stage_says_so_again_when_it_lags_more(
    tmp_path: Path, june: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_world(tmp_path, june, instruments=["SIMNULL"])
    fresh = ingest_bars(workspace, "SIMNULL__1d")
    assert check(fresh, "bars_are_fresh").passed
    # The market stands still: from here on the source delivers what it had on 4 June.
    stopped = SimulatedMarket(7, until=june.now())
    monkeypatch.setattr("trimtab.pipeline.bars.open_source", lambda name, options: stopped)
    june.advance(timedelta(hours=12))
    assert ingest_bars(workspace, "SIMNULL__1d").skipped
    june.advance(timedelta(days=4))  # Friday evening: Monday to Thursday are over
    late = ingest_bars(workspace, "SIMNULL__1d")
    assert not late.skipped
    outcome = check(late, "bars_are_fresh")
    assert (outcome.passed, outcome.blocking, outcome.metadata["behind"]) == (False, False, 4)
    assert late.metrics["calendar"] == "weekdays"


def test_a_fixed_history_does_not_age(tmp_path: Path, june: SimulatedClock) -> None:
    workspace = open_world(tmp_path, june, source="sample", instruments=["FB"])
    outcome = check(ingest_bars(workspace, "FB__1d"), "bars_are_fresh")
    assert outcome.passed
    assert "fixed history" in outcome.description


def test_refused_bars_wait_for_a_decision_and_the_check_changes_with_it(tmp_path: Path, june: SimulatedClock) -> None:
    workspace = open_world(tmp_path, june, instruments=["SIMBAD"])
    first = ingest_bars(workspace, "SIMBAD__1d")
    series = Series("SIMBAD", Timeframe.DAY)
    refused = {bar.bar for bar in workspace.quarantine.open(series)}
    outcome = check(first, "quarantine")
    assert (outcome.passed, outcome.blocking, outcome.metadata["open"]) == (False, False, len(refused))
    decide(workspace, sorted(refused), "reject", actor="ada", reason="planted")
    second = ingest_bars(workspace, "SIMBAD__1d")
    assert not second.skipped
    assert check(second, "quarantine").passed
    assert workspace.quarantine.counts(series) == QuarantineCounts(0, 0, len(refused), 0)


def test_days_are_made_of_hours_where_the_strategy_says_so(tmp_path: Path, june: SimulatedClock) -> None:
    workspace = open_world(tmp_path, june, instruments=["SIMNULL"], resample_from="1h", calendar="24/7")
    result = ingest_bars(workspace, "SIMNULL__1d")
    hours = workspace.bars.current(Series("SIMNULL", Timeframe.HOUR))
    days = workspace.bars.current(Series("SIMNULL", Timeframe.DAY))
    whole = len(hours) // 24
    assert (len(days), result.metrics["bars"]) == (whole, whole)  # the day that is not over is left out
    np.testing.assert_array_equal(days.high, hours.high[: whole * 24].reshape(-1, 24).max(axis=1))
    np.testing.assert_array_equal(days.close, hours.close[: whole * 24].reshape(-1, 24)[:, -1])
    assert check(result, "bars_are_fresh").passed
    june.advance(timedelta(days=1))
    assert ingest_bars(workspace, "SIMNULL__1d").metrics["new"] == 1
