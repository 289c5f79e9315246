"""Stage one on the simulated market: what it stores, what it says, and when it says it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk
from fakes.strategies import write_strategy

from trimtab.bars import Bars
from trimtab.bars.checks import Finding
from trimtab.bars.ingest import IngestReport
from trimtab.bars.quarantine import QuarantineCounts
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.pipeline import bars as bars_stage
from trimtab.pipeline.bars import ingest_bars
from trimtab.pipeline.quarantine import decide
from trimtab.pipeline.stage import CheckOutcome, StageResult
from trimtab.pipeline.workspace import Workspace


def open_world(
    tmp_path: Path, clock: SimulatedClock, settings: dict[str, Any] | None = None, **universe: Any
) -> Workspace:
    write_strategy(tmp_path / "strategies", universe={"source": "simulated", "timeframe": "1d", **universe})
    where = {"data_dir": tmp_path / "data", "strategies_dir": tmp_path / "strategies", "n_threads": 1}
    return Workspace.open(Settings(**where, **(settings or {})), clock)


def write_hours(folder: Path, n_days: int, without: tuple[int, ...] = (), broken: tuple[int, ...] = ()) -> Path:
    """Hours of AAA around the clock as a file: some rows left out, in some the low above the high."""
    walk = random_walk(24 * n_days)
    times = walk.event_time[0] + np.arange(len(walk)) * Timeframe.HOUR.duration_us
    low = walk.low.copy()
    low[list(broken)] = walk.high[list(broken)] * 1.01
    hours = Bars.build(HOURS, times, walk.open, walk.high, low, walk.close, walk.volume)
    table = hours.take(np.setdiff1d(np.arange(len(hours)), without)).to_table()
    pq.write_table(
        table.select(["instrument_id", "event_time", "open", "high", "low", "close", "volume"]), folder / "h.parquet"
    )
    return folder / "h.parquet"


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


MADE_OF_HOURS: dict[str, Any] = {
    "source": "files", "instruments": ["AAA"], "resample_from": "1h", "calendar": "24/7",
}  # fmt: skip
HOURS, DAYS = Series("AAA", Timeframe.HOUR), Series("AAA", Timeframe.DAY)


def test_what_is_found_in_the_hours_shows_in_the_days_made_of_them(tmp_path: Path, june: SimulatedClock) -> None:
    absent, refused = (24 * 3 + 5, 24 * 3 + 6, 24 * 9 + 23), (24 * 6 + 1, 24 * 9)
    path = write_hours(tmp_path, 40, absent, refused)
    june.advance(timedelta(days=4 * 365))
    workspace = open_world(tmp_path, june, path=str(path), **MADE_OF_HOURS)
    result = ingest_bars(workspace, DAYS.key)
    assert (result.metrics["bars"], result.metrics["base_bars"]) == (40, 40 * 24 - len(absent) - len(refused))
    assert result.metrics["quarantined"] == len(refused)
    assert workspace.quarantine.count(DAYS) == 0
    found = {(row["timeframe"], row["check"]): row["findings"] for row in result.tables["findings"]}
    assert found["1h", "gap"] >= 2
    assert any(timeframe == "1h" and check != "gap" for timeframe, check in found)
    quality, quarantine = check(result, "bar_quality"), check(result, "quarantine")
    assert quality.passed
    assert result.metrics["incomplete_bars"] == quality.metadata["incomplete_bars"] == 3  # days 3, 6 and 9
    assert "2 of 957 1h bars exist in quarantine only" in quality.description
    assert quality.description.endswith(
        "3 of 40 bars lack 1h bars that the calendar expects: 5 absent, 2 of them refused"
    )
    assert (quarantine.passed, quarantine.metadata["open"]) == (False, 2)
    assert "--instrument AAA --timeframe 1h shows them" in quarantine.description
    bars = {kept.bar for kept in workspace.quarantine.open(HOURS)}
    decide(workspace, sorted(bars), "reject", actor="ada", reason="planted")
    decided = ingest_bars(workspace, DAYS.key)
    assert not decided.skipped
    assert check(decided, "quarantine").passed
    assert ingest_bars(workspace, DAYS.key).skipped


def test_too_many_refused_hours_stop_the_days_made_of_them(tmp_path: Path, june: SimulatedClock) -> None:
    path = write_hours(tmp_path, 20, broken=tuple(range(0, 480, 12)))
    june.advance(timedelta(days=4 * 365))
    result = ingest_bars(open_world(tmp_path, june, path=str(path), **MADE_OF_HOURS), DAYS.key)
    quality = check(result, "bar_quality")
    assert (result.metrics["bars"], quality.passed, quality.blocking) == (20, False, True)
    assert quality.metadata["quarantined_share"] == 40 / 480


@pytest.mark.parametrize(
    ("settings", "universe"),
    [({"quality": {"stale_bars": 6}}, {}), ({"publication_lag_seconds": 60.0}, {}), ({}, {"calendar": "24/7"})],
)
def test_the_stage_says_anew_what_other_limits_another_calendar_or_another_lag_make_of_the_same_bars(
    tmp_path: Path, june: SimulatedClock, settings: dict[str, Any], universe: dict[str, Any]
) -> None:
    def ingest(settings: dict[str, Any] | None = None, **universe: Any) -> StageResult:
        return ingest_bars(
            open_world(tmp_path, june, settings, source="sample", instruments=["FB"], **universe), "FB__1d"
        )

    first = ingest()
    assert ingest().skipped
    again = ingest(settings, **universe)
    assert not again.skipped
    assert again.data_version == first.data_version  # and nothing is computed from it anew


def test_the_stage_says_anew_what_the_checks_say_differently_of_the_same_bars(
    tmp_path: Path, june: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_world(tmp_path, june, source="sample", instruments=["FB"])
    assert ingest_bars(workspace, "FB__1d").tables["findings"] == []
    strange = Finding("gap", np.datetime64("2015-01-05", "us"), "warning", "1 session absent: 2015-01-05", -1)

    def with_one_more(*args: Any, **named: Any) -> IngestReport:
        report = original(*args, **named)
        return replace(report, findings=(*report.findings, strange))

    original = bars_stage.ingest
    monkeypatch.setattr(bars_stage, "ingest", with_one_more)
    second = ingest_bars(workspace, "FB__1d")
    assert not second.skipped
    assert second.tables["findings"] == [{"timeframe": "1d", "check": "gap", "severity": "warning", "findings": 1}]


def test_a_second_look_at_a_market_with_defects_is_recognised(tmp_path: Path, june: SimulatedClock) -> None:
    workspace = open_world(tmp_path, june, instruments=["SIMBAD"])
    assert not ingest_bars(workspace, "SIMBAD__1d").skipped
    assert ingest_bars(workspace, "SIMBAD__1d").skipped


def test_the_stage_says_anew_which_calendar_is_meant_though_both_find_nothing(
    tmp_path: Path, june: SimulatedClock
) -> None:
    path = write_hours(tmp_path, 3)  # Wednesday to Friday
    june.advance(timedelta(days=4 * 365))
    universe = {"source": "files", "path": str(path), "instruments": ["AAA"], "timeframe": "1h"}
    results = [
        ingest_bars(open_world(tmp_path, june, calendar=name, **universe), HOURS.key)
        for name in ("24/7", "24/7", "weekdays")
    ]
    assert [result.skipped for result in results] == [False, True, False]
    assert results[0].tables["findings"] == results[2].tables["findings"]
    assert results[2].metrics["calendar"] == "weekdays"
