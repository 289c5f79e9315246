"""What a person reads before deciding about a refused bar: the list, and one bar with its surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.bars.plots import nearest_bars, plot_context
from trimtab.bars.quarantine.case import Case, Docket
from trimtab.bars.quarantine.decision import QuarantineDecision, State, states
from trimtab.bars.quarantine.refused import VALUES, QuarantinedBar, one_bar
from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.bars.times import as_datetime, as_time
from trimtab.errors import UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.pipeline.quarantine import decision_fields
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_bytes

FOLDER = "quarantine"
N_AROUND = 5


def listed(
    workspace: Workspace,
    instrument: str | None = None,
    timeframe: Timeframe | None = None,
    check: str | None = None,
    *,
    everything: bool = False,
) -> list[dict[str, Any]]:
    """Refused bars by series and time, one entry each with all its reasons; open ones unless `everything`.

    With `everything` also accepted bars that were corrected. `stored` says whether the store holds a
    bar of that time. Raises `UnknownNameError` for an instrument of which nothing is known.

    Parameters
    ----------
    instrument, timeframe: only bars of these.
    check: only bars that this check refused, and no other.
    """
    chosen = _chosen_series(workspace, instrument, timeframe)
    entries = [entry for series in chosen for entry in _entries(workspace, series)]
    return [
        entry
        for entry in entries
        if (everything or entry["state"] == "open")
        and (check is None or {reason["check"] for reason in entry["reasons"]} == {check})
    ]


def describe(workspace: Workspace, bar: str) -> dict[str, Any]:
    """Everything about one bar, named by the beginning of its id; its plot is written to the reports folder."""
    series, name = workspace.quarantine.find(bar)
    case = Docket.read(workspace.bars, workspace.quarantine, series).case(name)
    around = _around(workspace, case, N_AROUND)
    return {
        "id": case.bar,
        **_name(case.series),
        "event_time": case.event_time,
        "state": case.state,
        **_values(case.delivered, 0),
        "reasons": [{"check": r.check, "detail": r.detail, "received_time": r.received_time} for r in case.reasons],
        "decisions": [decision_fields(made) for made in case.decisions if made.bar == case.bar or _is_of(made, case)],
        "same_time": [
            {"id": other.bar, "state": case.states[other.bar], **other.values} for other in _first_of_each(case.others)
        ],
        "versions": [_version(case.versions, row) for row in range(len(case.versions))],
        "around": around,
        "plot": _plot(workspace, case),
    }


def _chosen_series(workspace: Workspace, instrument: str | None, timeframe: Timeframe | None) -> list[Series]:
    refused = workspace.quarantine.series()
    known = {series.instrument_id for series in (*refused, *workspace.bars.series())}
    if instrument is not None and instrument not in known:
        raise UnknownNameError("instrument", instrument, known)
    return [
        series
        for series in refused
        if instrument in (None, series.instrument_id) and timeframe in (None, series.timeframe)
    ]


def _entries(workspace: Workspace, series: Series) -> list[dict[str, Any]]:
    refused, decisions = workspace.quarantine.list(series), workspace.quarantine.decisions(series)
    state, stored = states(decisions), workspace.bars.current(series).event_time
    entries: dict[str, dict[str, Any]] = {}
    for kept in refused:
        entry = entries.setdefault(kept.bar, _entry(series, kept, state.get(kept.bar, "open"), stored))
        entry["reasons"].append({"check": kept.check, "detail": kept.detail})
    for made in decisions:
        if made.bar not in entries and made.action == "correct":
            case = Docket.read(workspace.bars, workspace.quarantine, series).case(made.bar)
            values = {name: float(getattr(case.delivered, name)[0]) for name in VALUES}
            accepted = QuarantinedBar(
                made.bar, made.event_time, **values, received_time=made.decided, check="", detail=""
            )
            entries[made.bar] = _entry(series, accepted, "corrected", stored)
    return sorted(entries.values(), key=lambda entry: (entry["event_time"] is not None, entry["event_time"] or 0))


def _entry(series: Series, kept: QuarantinedBar, state: State, stored: np.ndarray) -> dict[str, Any]:
    is_stored = kept.event_time is not None and bool(np.isin(as_time(kept.event_time), stored))
    values = {name: kept.values[name] for name in (*PRICES, "volume")}
    named = {"id": kept.bar, **_name(series), "event_time": kept.event_time, **values}
    return {**named, "state": state, "stored": is_stored, "reasons": []}


def _around(workspace: Workspace, case: Case, n: int) -> list[dict[str, Any]]:
    """Stored bars on either side, and the refused ones at their place."""
    if case.event_time is None:
        return []
    bars = nearest_bars(workspace.bars.current(case.series), as_time(case.event_time), n)
    rows = [{"id": None, "what": "stored", **_bar(bars, row)} for row in range(len(bars))]
    rows.append({"id": case.bar, "what": case.state if case.reasons else "overruled", **_bar(case.delivered, 0)})
    for other in _first_of_each(case.others):
        bar = one_bar(case.series, other.event_time, other.values)
        rows.append({"id": other.bar, "what": case.states[other.bar], **_bar(bar, 0)})
    for row in rows:
        row["event_time"] = row["event_time"] or case.event_time  # where the bar was given its time later
    return sorted(rows, key=lambda row: row["event_time"])


def _plot(workspace: Workspace, case: Case) -> str | None:
    if case.event_time is None:
        return None
    others = [one_bar(case.series, other.event_time, other.values) for other in _first_of_each(case.others)]
    placed = {name: float(getattr(case.delivered, name)[0]) for name in VALUES}
    refused = concatenate([one_bar(case.series, case.event_time, placed), *others])
    path = workspace.report_folder(FOLDER, case.series.key) / f"{case.bar}.png"
    write_bytes(path, plot_context(workspace.bars.current(case.series), refused))
    return str(path)


def _first_of_each(reasons: Sequence[QuarantinedBar]) -> list[QuarantinedBar]:
    return list({kept.bar: kept for kept in reversed(reasons)}.values())[::-1]


def _is_of(made: QuarantineDecision, case: Case) -> bool:
    return case.event_time is not None and made.event_time == case.event_time


def _name(series: Series) -> dict[str, str]:
    return {"instrument_id": series.instrument_id, "timeframe": series.timeframe.value}


def _values(bars: Bars, row: int) -> dict[str, float]:
    return {name: float(getattr(bars, name)[row]) for name in VALUES}


def _bar(bars: Bars, row: int) -> dict[str, Any]:
    time = None if np.isnat(bars.event_time[row]) else as_datetime(bars.event_time[row])
    return {"event_time": time, **{name: float(getattr(bars, name)[row]) for name in (*PRICES, "volume")}}


def _version(bars: Bars, row: int) -> dict[str, Any]:
    times = {name: as_datetime(getattr(bars, name)[row]) for name in ("known_time", "received_time")}
    return times | _values(bars, row)
