"""Decisions under lock, in the lake and in the audit ledger; the list, one bar, the asset check."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.dying import Died
from fakes.quarantined import CONFLICT, HUNDREDFOLD, MISSING, NEGATIVE, TWICE, Desk, clean_bars, delivered

from trimtab.bars.quarantine import QuarantineDecision, bar_ids
from trimtab.bars.quarantine.ledger import Quarantine
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.errors import BarsError, ConfigurationError, StorageError, TransitionError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.pipeline.quarantine import EVENT, correct, correct_stored, decide, quarantine_outcome, refuse_unknown_check
from trimtab.pipeline.quarantine_views import describe, listed
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.lake import Lake

SIGNED = {"actor": "ada", "reason": "looked it up"}


@pytest.fixture
def desk(lake: Lake, clock: SimulatedClock) -> Desk:
    desk = Desk(lake)
    desk.refresh(delivered())
    clock.advance(timedelta(days=1))
    return desk


@pytest.fixture
def workspace(desk: Desk, settings: Settings) -> Workspace:
    return Workspace(settings, desk.lake, {})


def written(workspace: Workspace) -> list[dict[str, Any]]:
    return [entry.payload for entry in workspace.registry.audit_entries() if entry.event == EVENT]


def test_a_decision_is_in_the_lake_and_in_the_chain_of_hashes(desk: Desk, workspace: Workspace) -> None:
    first, second = desk.refused(CONFLICT)
    (done,) = decide(workspace, [second[:7]], "release", **SIGNED)
    assert (done.decision.bar, done.rejected, done.stored) == (second, (first,), "new")
    (entry,) = [entry for entry in workspace.registry.audit_entries() if entry.event == EVENT]
    assert (entry.actor, entry.time) == ("ada", workspace.lake.clock.now())
    assert entry.payload["reason"] == "looked it up"
    assert (entry.payload["bar"], entry.payload["rejected"]) == (second, [first])
    assert entry.payload["values"]["close"] == done.decision.values["close"]  # type: ignore[index]  # it has values
    assert workspace.registry.verify_audit() is None
    assert workspace.quarantine.decisions(desk.series)[-1] == done.decision


def test_many_bars_are_decided_about_together_or_not_at_all(desk: Desk, workspace: Workspace) -> None:
    (good,), (bad,) = desk.refused(HUNDREDFOLD), desk.refused(NEGATIVE)
    with pytest.raises(BarsError, match="non_positive_price"):
        decide(workspace, [good, bad], "release", **SIGNED)
    assert len(desk.stored(HUNDREDFOLD)) == 0
    assert written(workspace) == []
    done = decide(workspace, [good, bad, good[:8]], "reject", **SIGNED)
    assert [each.decision.bar for each in done] == [good, bad]
    assert len(written(workspace)) == 2
    (part,) = (workspace.lake.root / "quarantine_decisions").rglob("*.parquet")
    assert part.is_file()


def test_bars_of_several_series_are_decided_about_in_one_go(desk: Desk, workspace: Workspace) -> None:
    other = Series("BBB", Timeframe.DAY)
    workspace.quarantine.record(other, [QuarantineDecision("b" * 16, None, "reject", "x", "y", desk.now)])
    (bar,) = desk.refused(HUNDREDFOLD)
    with pytest.raises(TransitionError, match="accepted, never refused"):
        decide(workspace, [bar, "bbbbbbb"], "reject", **SIGNED)
    assert workspace.quarantine.states(desk.series)[bar] == "open"


def test_two_bars_of_one_time_cannot_both_be_released(desk: Desk, workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError, match=r"are of the same time, .*; only one of them can be released"):
        decide(workspace, desk.refused(CONFLICT), "release", **SIGNED)
    assert len(desk.stored(CONFLICT)) == 0


def test_a_decision_about_nothing_says_what_to_give(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="nothing was given to reject"):
        decide(workspace, [], "reject", **SIGNED)


def test_corrections_go_the_same_way(desk: Desk, workspace: Workspace) -> None:
    (bar,) = desk.refused(MISSING)
    assert correct(workspace, bar[:6], {"close": float(clean_bars().close[MISSING])}, **SIGNED).stored == "new"
    assert correct_stored(workspace, desk.series, desk.time(5), {"volume": 9.0}, **SIGNED).stored == "restated"
    assert [payload["action"] for payload in written(workspace)] == ["correct", "correct"]


def test_what_was_overridden_by_a_correction_stands_in_the_audit_ledger(desk: Desk, workspace: Workspace) -> None:
    (bar,) = desk.refused(MISSING)
    close = float(clean_bars().close[MISSING])
    wild = {"close": close, "high": close * 1.5}
    with pytest.raises(BarsError, match="--anyway"):
        correct(workspace, bar, wild, **SIGNED)
    with pytest.raises(BarsError, match="--anyway"):
        correct_stored(workspace, desk.series, desk.time(5), {"high": close * 2}, **SIGNED)
    assert written(workspace) == []
    correct(workspace, bar, wild, anyway=True, **SIGNED)
    correct_stored(workspace, desk.series, desk.time(5), {"volume": 9.0}, **SIGNED)
    (despite,) = [payload["despite"] for payload in written(workspace) if "despite" in payload]
    assert despite[0].startswith("wick: high ")


def test_a_check_that_refused_nothing_is_unknown(desk: Desk, workspace: Workspace) -> None:
    refuse_unknown_check(workspace, "duplicate_time")
    with pytest.raises(UnknownNameError, match="unknown check 'duplicate'; did you mean 'duplicate_time'") as told:
        refuse_unknown_check(workspace, "duplicate")
    assert set(told.value.allowed) == {kept.check for kept in desk.quarantine.list(desk.series)}


class DiesBeforeRecording(Quarantine):
    """Dies when a decision is to be recorded: the bar is stored, the audit entry written."""

    def record(self, series: Series, decisions: Sequence[QuarantineDecision]) -> None:
        raise Died("before the decision was recorded")


def test_a_decision_that_was_cut_off_is_completed_and_written_down_once(
    desk: Desk, settings: Settings, workspace: Workspace
) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    dying = Workspace(settings, desk.lake, {})
    dying.__dict__["quarantine"] = DiesBeforeRecording(desk.lake)
    with pytest.raises(Died):
        decide(dying, [bar], "release", **SIGNED)
    assert (len(desk.stored(HUNDREDFOLD)), len(written(workspace))) == (1, 1)
    assert workspace.quarantine.states(desk.series)[bar] == "open"
    (done,) = decide(workspace, [bar], "release", **SIGNED)
    assert done.stored == "unchanged"
    assert (len(desk.stored(HUNDREDFOLD)), len(written(workspace))) == (1, 1)
    assert workspace.quarantine.states(desk.series)[bar] == "released"


def test_a_database_that_does_not_answer_is_told_before_anything_is_stored(
    desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    broken = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'broken.db'}"})
    from trimtab.storage.lake import open_lake

    (bar,) = desk.refused(HUNDREDFOLD)
    with pytest.raises(StorageError, match="not a usable database"):
        decide(Workspace(broken, open_lake(broken, desk.lake.clock), {}), [bar], "release", **SIGNED)
    assert len(desk.stored(HUNDREDFOLD)) == 0


def test_a_decision_waits_for_who_holds_the_series(desk: Desk, workspace: Workspace) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    _ = workspace.registry
    worker = threading.Thread(target=decide, args=(workspace, [bar], "release"), kwargs=SIGNED)
    with workspace.quarantine.undisturbed(desk.series):
        worker.start()
        worker.join(0.3)
        assert worker.is_alive()
        assert len(desk.stored(HUNDREDFOLD)) == 0
    worker.join(30)
    assert len(desk.stored(HUNDREDFOLD)) == 1


def test_the_list_has_every_open_bar_once_with_all_its_reasons(desk: Desk, workspace: Workspace) -> None:
    entries = listed(workspace)
    assert len(entries) == 8
    by_id = {entry["id"]: entry for entry in entries}
    (twice,), (negative,) = desk.refused(TWICE), desk.refused(NEGATIVE)
    assert by_id[twice]["stored"]
    assert not by_id[negative]["stored"]
    second = desk.refused(CONFLICT)[1]
    assert {reason["check"] for reason in by_id[second]["reasons"]} == {"conflicting_duplicate", "duplicate_time"}
    times = [entry["event_time"] for entry in entries]
    assert times[0] is None
    assert times[1:] == sorted(times[1:])


def test_the_list_is_narrowed_by_instrument_timeframe_and_check(desk: Desk, workspace: Workspace) -> None:
    assert [entry["id"] for entry in listed(workspace, check="duplicate_time")] == desk.refused(TWICE)
    assert len(listed(workspace, "AAA", Timeframe.DAY)) == 8
    assert listed(workspace, "AAA", Timeframe.HOUR) == []
    with pytest.raises(UnknownNameError, match="unknown instrument 'AAB'; did you mean 'AAA'"):
        listed(workspace, "AAB")


def test_the_whole_list_has_decided_and_corrected_bars_too(desk: Desk, workspace: Workspace) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    decide(workspace, [bar], "reject", **SIGNED)
    correct_stored(workspace, desk.series, desk.time(5), {"volume": 9.0}, **SIGNED)
    assert bar not in {entry["id"] for entry in listed(workspace)}
    everything = {entry["id"]: entry for entry in listed(workspace, everything=True)}
    assert len(everything) == 9
    assert everything[bar]["state"] == "rejected"
    (accepted,) = bar_ids(clean_bars(), [5])
    assert (everything[accepted]["state"], everything[accepted]["reasons"]) == ("corrected", [])
    assert everything[accepted]["volume"] == clean_bars().volume[5]


def test_one_bar_is_shown_among_its_neighbours(desk: Desk, workspace: Workspace) -> None:
    first, second = desk.refused(CONFLICT)
    decide(workspace, [first], "release", **SIGNED)
    document = describe(workspace, second)
    assert (document["id"], document["state"]) == (second, "rejected")
    assert {reason["check"] for reason in document["reasons"]} == {"conflicting_duplicate", "duplicate_time"}
    assert [made["bar"] for made in document["decisions"]] == [second, first]
    assert [version["close"] for version in document["versions"]] == [delivered().close[CONFLICT]]
    assert [(other["id"], other["state"]) for other in document["same_time"]] == [(first, "released")]
    around = document["around"]
    assert [row["id"] for row in around if row["event_time"] == desk.time(CONFLICT)] == [None, second, first]
    assert len(around) == 5 + 1 + 5 + 2
    assert Path(document["plot"]).read_bytes().startswith(b"\x89PNG")
    assert Path(document["plot"]).is_relative_to(workspace.lake.root / "reports")


def test_a_bar_without_a_time_is_shown_without_neighbours(desk: Desk, workspace: Workspace) -> None:
    (bar,) = desk.refused(None)
    document = describe(workspace, bar)
    assert (document["event_time"], document["around"], document["versions"], document["plot"]) == (None, [], [], None)
    correct(workspace, bar, {"volume": 1.0}, event_time=desk.time(59), **SIGNED)
    document = describe(workspace, bar)
    assert document["event_time"] == desk.time(59)
    assert len(document["versions"]) == 1
    assert document["around"][-1]["id"] == bar


def test_the_asset_check_says_how_many_wait_and_stops_nothing(desk: Desk, workspace: Workspace) -> None:
    outcome = quarantine_outcome(workspace, desk.series)
    assert (outcome.name, outcome.passed, outcome.blocking) == ("quarantine", False, False)
    assert outcome.description == (
        "8 refused bars wait for a decision; 0 released, 0 rejected, 0 corrected; the oldest is of "
        "2020-01-11T00:00:00Z; trimtab bars quarantine list --instrument AAA --timeframe 1d shows them"
    )
    assert outcome.metadata == {"open": 8, "released": 0, "rejected": 0, "corrected": 0}
    decide(workspace, [entry["id"] for entry in listed(workspace)], "reject", **SIGNED)
    outcome = quarantine_outcome(workspace, desk.series)
    assert outcome.passed
    assert outcome.description == "no refused bars wait for a decision; 0 released, 8 rejected, 0 corrected"
