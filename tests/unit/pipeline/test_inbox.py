"""A delivered file as a stage: judged, stored, remembered last; in the order of delivery, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver, parquet_bytes
from fakes.dying import Died
from fakes.strategies import write_strategy

from trimtab.bars.inbox import InboxLedger, Processed, folder
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.errors import SourceError, StorageError
from trimtab.market import Series, Timeframe
from trimtab.pipeline.inbox import inbox_of, ingest_file, look, series_to_refresh
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.workspace import Workspace

AAA = Series("AAA", Timeframe.DAY)
BARS = random_walk(60)


class LaterClock:
    """The computer's clock, a minute on: every file has been left alone for long enough."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=1)


@pytest.fixture
def workspace(tmp_path: Path, clock: SimulatedClock) -> Workspace:
    return open_workspace(tmp_path, clock, source="inbox", instruments=["AAA", "BBB"])


@pytest.fixture
def inbox(workspace: Workspace) -> Path:
    return inbox_of(workspace).folder


def open_workspace(tmp_path: Path, clock: SimulatedClock, **universe: Any) -> Workspace:
    strategies = write_strategy(tmp_path / "strategies", universe=universe)
    return Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=strategies), clock)


def take(workspace: Workspace, name: str, content: str | None = None) -> StageResult:
    return ingest_file(workspace, name, content, LaterClock())


def counts(result: StageResult) -> tuple[Any, ...]:
    return tuple(result.metrics[what] for what in ("new", "restated", "unchanged", "quarantined", "unknown"))


def with_close(bars: Bars, row: int, close: float) -> Bars:
    closes = bars.close.copy()
    closes[row] = close
    return replace(bars, close=closes, high=np.maximum(bars.high, closes), low=np.minimum(bars.low, closes))


def test_the_bars_of_a_file_are_stored_and_the_file_is_remembered_by_its_content(
    workspace: Workspace, inbox: Path
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    (ready,) = look(workspace, LaterClock()).ready
    result = take(workspace, ready.name, ready.content)
    assert (result.key, result.data_version, result.skipped) == ("bars.parquet", ready.content, False)
    assert counts(result) == (60, 0, 0, 0, 0)
    assert result.tables["series in the file"][0]["series"] == "AAA__1d"
    np.testing.assert_array_equal(workspace.bars.current(AAA).close, BARS.close)
    assert [each.name for each in look(workspace, LaterClock()).done] == ["bars.parquet"]


def test_the_same_content_again_does_nothing(workspace: Workspace, inbox: Path, clock: SimulatedClock) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    take(workspace, "bars.parquet")
    deliver(inbox, "again.parquet", parquet_bytes(BARS))
    clock.advance(timedelta(hours=1))
    again = take(workspace, "again.parquet")
    assert again.skipped
    assert counts(again) == (60, 0, 0, 0, 0)  # what was done the first time
    assert len(list(inbox_of(workspace).ledger.entries())) == 1


def test_a_bad_bar_goes_to_quarantine_and_the_others_are_stored(workspace: Workspace, inbox: Path) -> None:
    deliver(inbox, "bars.csv", csv_bytes(replace(BARS, close=np.where(np.arange(60) == 30, -1.0, BARS.close))))
    result = take(workspace, "bars.csv")
    assert counts(result)[:4] == (59, 0, 0, 1)
    assert workspace.quarantine.count(AAA) == 1
    assert all(check.passed for check in result.checks)


def test_a_file_of_which_much_is_refused_deserves_a_look(workspace: Workspace, inbox: Path) -> None:
    bad = np.arange(60) % 10 == 3
    deliver(inbox, "bars.csv", csv_bytes(replace(BARS, close=np.where(bad, -1.0, BARS.close))))
    checks = {check.name: check for check in take(workspace, "bars.csv").checks}
    assert not checks["few_refused"].passed
    assert not checks["few_refused"].blocking
    assert checks["few_refused"].description.startswith("6 of 60 bars went to quarantine (10.00%)")


def test_a_series_that_a_strategy_takes_from_elsewhere_is_warned_about(tmp_path: Path, clock: SimulatedClock) -> None:
    workspace = open_workspace(tmp_path, clock, source="sample", instruments=["AAPL"])
    deliver(inbox_of(workspace).folder, "bars.parquet", parquet_bytes(random_walk(20, instrument="AAPL")))
    checks = {check.name: check for check in take(workspace, "bars.parquet").checks}
    assert not checks["one_source"].passed
    assert "AAPL__1d (source 'sample')" in checks["one_source"].description


def test_a_file_of_many_series_is_ingested_series_by_series(workspace: Workspace, inbox: Path) -> None:
    other = random_walk(20, seed=1, instrument="BBB")
    lines = csv_bytes(BARS) + csv_bytes(other).split(b"\n", 1)[1]
    deliver(inbox, "bars.csv", lines)
    result = take(workspace, "bars.csv")
    assert [(row["series"], row["new"]) for row in result.tables["series in the file"]] == [
        ("AAA__1d", 60),
        ("BBB__1d", 20),
    ]


def test_a_file_that_holds_something_else_by_now_is_not_taken(workspace: Workspace, inbox: Path) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    (ready,) = look(workspace, LaterClock()).ready
    deliver(inbox, "bars.parquet", parquet_bytes(random_walk(61)))
    with pytest.raises(SourceError, match=f"bars.parquet no longer holds {ready.content[:12]}"):
        take(workspace, "bars.parquet", ready.content)
    assert workspace.bars.series() == []


def test_a_later_delivery_waits_for_an_earlier_one_whoever_asks_first(
    workspace: Workspace, inbox: Path, clock: SimulatedClock
) -> None:
    deliver(inbox, "z.parquet", parquet_bytes(BARS))
    deliver(inbox, "a.parquet", parquet_bytes(with_close(BARS, 5, 123.0)))
    result = take(workspace, "a.parquet")
    assert counts(result)[:3] == (0, 1, 59)
    assert take(workspace, "z.parquet").skipped
    assert workspace.bars.current(AAA).close[5] == 123.0


def test_a_file_put_back_to_its_earlier_state_restates_the_bars(workspace: Workspace, inbox: Path) -> None:
    before, after = parquet_bytes(BARS), parquet_bytes(with_close(BARS, 5, 123.0))
    closes = []
    for content in (before, after, before):
        deliver(inbox, "bars.parquet", content)
        take(workspace, "bars.parquet")
        closes.append(workspace.bars.current(AAA).close[5])
    assert closes == [BARS.close[5], 123.0, BARS.close[5]]


def test_a_bar_not_yet_known_is_taken_when_it_is(workspace: Workspace, inbox: Path, clock: SimulatedClock) -> None:
    clock.time = as_datetime(BARS.event_time[-1]) + timedelta(hours=20)  # the last day is not over
    deliver(inbox, "bars.parquet", parquet_bytes(replace(BARS, close=np.where(np.arange(60) == 30, -1.0, BARS.close))))
    assert counts(take(workspace, "bars.parquet")) == (58, 0, 0, 1, 1)
    assert look(workspace, LaterClock()).ready == ()
    clock.advance(timedelta(hours=4))
    assert [each.name for each in look(workspace, LaterClock()).ready] == ["bars.parquet"]
    assert counts(take(workspace, "bars.parquet")) == (1, 0, 0, 0, 0)
    assert look(workspace, LaterClock()).ready == ()
    assert len(workspace.bars.current(AAA)) == 59


def test_a_bar_that_becomes_known_puts_nothing_back_over_what_a_later_file_said(
    workspace: Workspace, inbox: Path, clock: SimulatedClock
) -> None:
    clock.time = as_datetime(BARS.event_time[-1]) + timedelta(hours=20)
    deliver(inbox, "monday.parquet", parquet_bytes(BARS))
    take(workspace, "monday.parquet")
    clock.advance(timedelta(hours=5))
    corrected = with_close(with_close(BARS, 59, 77.0), 5, 123.0)
    # Only the later file is asked for; the earlier one, with a bar that is known now, goes first.
    deliver(inbox, "tuesday.parquet", parquet_bytes(corrected))
    take(workspace, "tuesday.parquet")
    take(workspace, "monday.parquet")
    np.testing.assert_array_equal(workspace.bars.current(AAA).close, corrected.close)


def test_a_bar_delivered_by_another_file_meanwhile_is_left_as_that_one_said(
    workspace: Workspace, inbox: Path, clock: SimulatedClock
) -> None:
    clock.time = as_datetime(BARS.event_time[-1]) + timedelta(hours=20)
    deliver(inbox, "monday.parquet", parquet_bytes(BARS))
    take(workspace, "monday.parquet")
    clock.advance(timedelta(hours=5))
    final = with_close(BARS, 59, 77.0)
    workspace.bars.append(final.take(slice(59, 60)), clock.now())
    assert counts(take(workspace, "monday.parquet")) == (0, 0, 0, 0, 0)
    assert workspace.bars.current(AAA).close[59] == 77.0


def test_a_file_of_bars_that_all_lie_ahead_stores_nothing_yet(
    workspace: Workspace, inbox: Path, clock: SimulatedClock
) -> None:
    clock.time = as_datetime(BARS.event_time[0]) - timedelta(days=1)
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))
    assert counts(take(workspace, "bars.parquet")) == (0, 0, 0, 0, 60)
    assert look(workspace, LaterClock()).quiet_until == as_datetime(BARS.known_time[0])


def test_a_run_killed_before_the_file_is_remembered_is_completed_by_the_next(
    workspace: Workspace, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(inbox, "bars.parquet", parquet_bytes(BARS))

    def die(self: InboxLedger, processed: Processed) -> None:
        raise Died

    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(InboxLedger, "record", die)
        take(workspace, "bars.parquet")
    assert [each.name for each in look(workspace, LaterClock()).ready] == ["bars.parquet"]
    assert counts(take(workspace, "bars.parquet")) == (0, 0, 60, 0, 0)
    assert workspace.bars.n_versions(AAA) == 60


def test_a_run_killed_between_two_series_is_completed_by_the_next(
    workspace: Workspace, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(inbox, "bars.csv", csv_bytes(BARS) + csv_bytes(random_walk(20, instrument="BBB")).split(b"\n", 1)[1])
    append = BarStore.append

    def die_at_the_second(self: BarStore, bars: Bars, *args: Any, **more: Any) -> Any:
        if bars.series.instrument_id == "BBB":
            raise Died
        return append(self, bars, *args, **more)

    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(BarStore, "append", die_at_the_second)
        take(workspace, "bars.csv")
    assert [series.key for series in workspace.bars.series()] == ["AAA__1d"]
    take(workspace, "bars.csv")
    assert (workspace.bars.n_versions(AAA), workspace.bars.n_versions(Series("BBB", Timeframe.DAY))) == (60, 20)


def test_a_bad_file_is_set_aside_by_the_look_and_the_good_ones_stay_ready(workspace: Workspace, inbox: Path) -> None:
    deliver(inbox, "bad.csv", b"date,price\n2020-01-02,1\n")
    deliver(inbox, "good.parquet", parquet_bytes(BARS))
    found = look(workspace, LaterClock())
    assert [each.name for each in found.ready] == ["good.parquet"]
    assert [each.path.name for each in found.set_aside] == ["bad.csv"]
    assert sorted(path.name for path in inbox.iterdir()) == ["good.parquet", "set_aside"]


def test_a_bad_file_that_cannot_be_moved_waits_and_holds_up_nobody(workspace: Workspace, inbox: Path) -> None:
    deliver(inbox, "bad.csv", b"date,price\n2020-01-02,1\n")
    deliver(inbox, "good.parquet", parquet_bytes(BARS))
    (inbox / "set_aside").write_text("a file stands where the folder should")
    found = look(workspace, LaterClock())
    assert [each.name for each in found.ready] == ["good.parquet"]
    assert "cannot be set aside" in {each.path.name: each.why for each in found.waiting}["bad.csv"]


def test_a_file_that_turns_out_to_be_bad_when_it_is_taken_is_set_aside_with_its_reason(
    workspace: Workspace, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MAX_JUDGED_BYTES", 0)
    path = deliver(inbox, "bad.csv", b"date,price\n2020-01-02,1\n")
    with pytest.raises(SourceError, match=f"{path} has no column for open.*; the file was set aside"):
        take(workspace, "bad.csv")
    assert (inbox / "set_aside" / "bad.csv.reason.txt").read_text().startswith(f"{path} has no column for open")


def test_an_earlier_file_that_turns_out_to_be_bad_does_not_hold_up_a_later_one(
    workspace: Workspace, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MAX_JUDGED_BYTES", 0)
    deliver(inbox, "bad.csv", b"date,price\n2020-01-02,1\n")
    deliver(inbox, "good.parquet", parquet_bytes(BARS))
    assert counts(take(workspace, "good.parquet"))[0] == 60
    with pytest.raises(SourceError, match=r"bad\.csv was set aside: .* has no column for open"):
        take(workspace, "bad.csv")


def test_a_full_disk_is_not_blamed_on_the_file(
    workspace: Workspace, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver(inbox, "bars.parquet", parquet_bytes(BARS))

    def full(*_: Any, **__: Any) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched, pytest.raises(StorageError):
        patched.setattr(BarStore, "append", full)
        take(workspace, "bars.parquet")
    assert path.exists()
    assert take(workspace, "bars.parquet").metrics["series"] == 1


def test_only_series_that_live_on_the_inbox_are_refreshed_after_a_delivery(
    workspace: Workspace, inbox: Path, tmp_path: Path, clock: SimulatedClock
) -> None:
    deliver(inbox, "bars.csv", csv_bytes(BARS) + csv_bytes(random_walk(20, instrument="ZZZ")).split(b"\n", 1)[1])
    content = take(workspace, "bars.csv").data_version
    assert series_to_refresh(workspace, content) == ["AAA__1d"]
    assert series_to_refresh(workspace, "0" * 64) == []
    elsewhere = open_workspace(tmp_path, clock, source="files", path=str(tmp_path), instruments=["AAA"])
    assert series_to_refresh(elsewhere, content) == []


def test_a_series_made_of_shorter_bars_is_refreshed_when_those_are_delivered(
    tmp_path: Path, clock: SimulatedClock
) -> None:
    workspace = open_workspace(tmp_path, clock, source="inbox", instruments=["AAA"], timeframe="1w", resample_from="1d")
    deliver(inbox_of(workspace).folder, "bars.parquet", parquet_bytes(BARS))
    assert series_to_refresh(workspace, take(workspace, "bars.parquet").data_version) == ["AAA__1w"]


def test_what_the_inbox_ingests_is_what_the_store_would_hold_by_any_other_way(
    workspace: Workspace, inbox: Path, clock: SimulatedClock
) -> None:
    pieces = [BARS.take(slice(0, 30)), BARS.take(slice(20, 50)), BARS.take(slice(40, 60))]
    for number, piece in enumerate(pieces):
        deliver(inbox, f"{number}.parquet", parquet_bytes(piece))
    for ready in look(workspace, LaterClock()).ready:
        take(workspace, ready.name, ready.content)
    plain = concatenate([pieces[0], BARS.take(slice(30, 50)), BARS.take(slice(50, 60))])
    for name in ("event_time", "open", "high", "low", "close", "volume", "known_time"):
        np.testing.assert_array_equal(getattr(workspace.bars.current(AAA), name), getattr(plain, name))
