"""`trimtab bars quarantine`: list refused bars, look at one, release, reject or correct it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import column_cells, console, print_json, print_table, shown

if TYPE_CHECKING:
    from trimtab.market import Timeframe
    from trimtab.pipeline.quarantine import Decided
    from trimtab.pipeline.workspace import Workspace

app = typer.Typer(no_args_is_help=True)

_JSON = typer.Option(False, "--json", help="Print one JSON document and nothing else.")
_ID = typer.Argument(help="Id of a bar, or the first digits of it, as `list` shows it.")
_ACTOR = typer.Option(None, "--actor", help="Who decides; absent, the name you are logged in with.")
_REASON = typer.Option(..., "--reason", help="Why; it is kept with the decision.")
_INSTRUMENT = typer.Option(None, "--instrument", help="Only this instrument.")
_TIMEFRAME = typer.Option(None, "--timeframe", help="Only bars of this length: 1m, 1h, 1d, ...")
_CHECK = typer.Option(None, "--check", help="Only bars that this check refused, and no other.")
_SHOWN = 40
_WIDE = 110
_NUMBERS = ("open", "high", "low", "close", "volume")


@app.command("list")
def list_refused(
    instrument: str | None = _INSTRUMENT,
    timeframe: str | None = _TIMEFRAME,
    check: str | None = _CHECK,
    everything: bool = typer.Option(False, "--all", help="Also the bars that were decided about."),
    as_json: bool = _JSON,
) -> None:
    """Refused bars that wait for a decision, with the checks that refused them."""
    bars = _listed(_workspace(), instrument, timeframe, check, everything=everything)
    if as_json:
        print_json({"bars": bars})
        return
    if not bars:
        typer.echo("No refused bar waits for a decision; --all shows those that were decided about.")
        return
    # What is the same in every row only makes the others narrow.
    same = {(bar["instrument_id"], bar["timeframe"]) for bar in bars}
    hidden = ({"series"} if len(same) == 1 else set()) | (set() if everything else {"state"})
    # An id that is folded cannot be copied; `show` has all the values.
    hidden |= {"open", "high", "low", "volume"} if console().width < _WIDE else set()
    what = " ".join(("bars of", *next(iter(same)))) if len(same) == 1 else "bars"
    title = f"{len(bars)} {what}" if len(bars) <= _SHOWN else f"First {_SHOWN} of {len(bars)} {what} (all with --json)"
    rows = [_row(row) for row in _with_short_ids(bars)[:_SHOWN]]
    print_table(title, rows, [name for name in rows[0] if name not in hidden])
    typer.echo("stored: whether the store holds a bar of that time. Next: trimtab bars quarantine show ID")


@app.command("show")
def show(bar: str = _ID, as_json: bool = _JSON) -> None:
    """One bar: why it was refused, what was decided, what is stored, and the bars around it as table and plot."""
    from trimtab.pipeline.quarantine_views import describe

    document = describe(_workspace(), bar)
    if as_json:
        print_json(document)
        return
    typer.echo(f"{document['id']} {document['instrument_id']} {document['timeframe']}: {document['state']}")
    if document["reasons"]:
        print_table("Why it was refused", document["reasons"])
    else:
        typer.echo("It was accepted, and corrected afterwards.")
    print_table("Bars around it", [_around_row(row, document["id"]) for row in document["around"] or [document]])
    if document["versions"]:
        print_table("What is stored of this time, oldest version first", document["versions"])
    else:
        typer.echo("Nothing is stored of this time.")
    if document["decisions"]:
        columns = ("decided", "action", "bar", "by", "reason", "values")
        print_table("Decisions about this time", [_decision_row(made) for made in document["decisions"]], columns)
    if document["plot"]:
        typer.echo(f"plot: {document['plot']}")


@app.command("release")
def release(
    bars: list[str] = typer.Argument(help="Ids of refused bars, or the first digits of them."),
    actor: str | None = _ACTOR,
    reason: str = _REASON,
    as_json: bool = _JSON,
) -> None:
    """Store refused bars as they were delivered, known from now on."""
    from trimtab.pipeline.quarantine import decide

    _say(decide(_workspace(), bars, "release", actor=_actor(actor), reason=reason), as_json)


@app.command("reject")
def reject(
    bars: list[str] | None = typer.Argument(None, help="Ids of refused bars, or the first digits; or give --check."),
    check: str | None = typer.Option(None, "--check", help="Every open bar that this check refused, and no other."),
    instrument: str | None = typer.Option(None, "--instrument", help="With --check: only of this instrument."),
    timeframe: str | None = typer.Option(None, "--timeframe", help="With --check: only bars of this length."),
    actor: str | None = _ACTOR,
    reason: str = _REASON,
    as_json: bool = _JSON,
) -> None:
    """Keep refused bars out for good."""
    from trimtab.errors import ConfigurationError
    from trimtab.pipeline.quarantine import decide

    if bool(bars) == bool(check):
        raise ConfigurationError(
            "say which bars to reject: ids as trimtab bars quarantine list shows them, or --check NAME"
        )
    workspace = _workspace()
    chosen = bars or [entry["id"] for entry in _listed(workspace, instrument, timeframe, check)]
    decided = decide(workspace, chosen, "reject", actor=_actor(actor), reason=reason) if chosen else ()
    _say(decided, as_json)


@app.command("correct")
def correct(
    bar: str | None = typer.Argument(
        None, help="Id of a refused bar; or name a stored one by --instrument and --time."
    ),
    open: float | None = typer.Option(None, "--open", help="The true open."),
    high: float | None = typer.Option(None, "--high", help="The true high."),
    low: float | None = typer.Option(None, "--low", help="The true low."),
    close: float | None = typer.Option(None, "--close", help="The true close."),
    volume: float | None = typer.Option(None, "--volume", help="The true volume."),
    factor: float | None = typer.Option(None, "--factor", help="The factor, for a bar that came without one."),
    instrument: str | None = typer.Option(None, "--instrument", help="Instrument of a stored bar."),
    timeframe: str = typer.Option("1d", "--timeframe", help="Length of a stored bar."),
    time: str | None = typer.Option(None, "--time", help="Open of the bar: 2020-01-02 or 2020-01-02T14:30:00Z."),
    anyway: bool = typer.Option(False, "--anyway", help="These values are true, although the bars around it differ."),
    actor: str | None = _ACTOR,
    reason: str = _REASON,
    as_json: bool = _JSON,
) -> None:
    """Store other values, known from now on; what is not given stays as it is."""
    from trimtab.bars.times import parse_moment
    from trimtab.errors import ConfigurationError
    from trimtab.market import Series, Timeframe
    from trimtab.pipeline import quarantine

    given = {"open": open, "high": high, "low": low, "close": close, "volume": volume, "factor": factor}
    values = {name: value for name, value in given.items() if value is not None}
    moment = None if time is None else parse_moment(time)
    workspace, who = _workspace(), _actor(actor)
    if bar is not None and instrument is None:
        decided = quarantine.correct(workspace, bar, values, actor=who, reason=reason, event_time=moment, anyway=anyway)
    elif bar is None and instrument is not None and moment is not None:
        series = Series(instrument, Timeframe.parse(timeframe))
        decided = quarantine.correct_stored(workspace, series, moment, values, actor=who, reason=reason, anyway=anyway)
    else:
        raise ConfigurationError(
            "say which bar to correct: the id of a refused one, or --instrument and --time of a stored one"
        )
    _say((decided,), as_json)


def _workspace() -> Workspace:
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace
    from trimtab.storage.lake import open_lake

    # Bars are decided about whatever the strategy files say.
    settings = load_settings()
    return Workspace(settings, open_lake(settings), {})


def _listed(
    workspace: Workspace, instrument: str | None, timeframe: str | None, check: str | None, *, everything: bool = False
) -> list[dict[str, Any]]:
    from trimtab.pipeline.quarantine import refuse_unknown_check
    from trimtab.pipeline.quarantine_views import listed

    if check is not None:
        refuse_unknown_check(workspace, check)
    return listed(workspace, instrument, _timeframe(timeframe), check, everything=everything)


def _timeframe(text: str | None) -> Timeframe | None:
    from trimtab.market import Timeframe

    return None if text is None else Timeframe.parse(text)


def _actor(given: str | None) -> str:
    from getpass import getuser

    from trimtab.errors import ConfigurationError

    if given is not None:
        return given
    try:
        return getuser()
    except (OSError, KeyError):  # a container's user may have no name
        raise ConfigurationError("nobody knows who you are here; say it with --actor NAME") from None


def _say(decided: tuple[Decided, ...], as_json: bool) -> None:
    if as_json:
        print_json({"decisions": [_document(one) for one in decided]})
        return
    if not decided:
        typer.echo("No open bar was refused by that check alone; nothing was decided.")
    for one in decided:
        made = one.decision
        time = "without a time" if made.event_time is None else f"of {column_cells([made.event_time])[0]}"
        typer.echo(f"{_DONE[made.action]} {made.bar} {one.series} {time} by {made.actor}: {_STORED[one.stored]}")
        for other in one.rejected:
            typer.echo(f"  rejected {other}, which is of the same time")


_DONE = {"release": "released", "reject": "rejected", "correct": "corrected"}
_STORED = {
    "new": "stored, known from now on",
    "restated": "stored as a new version, known from now on; earlier versions stay",
    "unchanged": "the store holds it already",
    None: "it stays out",
}


def _document(one: Decided) -> dict[str, Any]:
    from trimtab.pipeline.quarantine import decision_fields

    series = {"instrument_id": one.series.instrument_id, "timeframe": one.series.timeframe.value}
    return {**series, **decision_fields(one.decision), "stored": one.stored, "rejected": one.rejected}


def _with_short_ids(bars: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from trimtab.bars.quarantine.identity import short_ids

    short = short_ids([bar["id"] for bar in bars])
    return [bar | {"id": short[bar["id"]]} for bar in bars]


def _row(bar: dict[str, Any]) -> dict[str, Any]:
    why = "; ".join(f"{reason['check']}: {reason['detail']}" for reason in bar["reasons"])
    named = {"id": bar["id"], "series": f"{bar['instrument_id']} {bar['timeframe']}", "time": bar["event_time"]}
    numbers = {name: shown(bar[name]) for name in _NUMBERS}
    return named | numbers | {"why": why or "accepted, then corrected", "state": bar["state"], "stored": bar["stored"]}


def _around_row(row: dict[str, Any], bar: str) -> dict[str, Any]:
    mark = "▶" if row["id"] == bar else ""
    what = row.get("what") or row["state"]
    numbers = {name: row[name] for name in _NUMBERS}
    return {"": mark, "time": row["event_time"]} | numbers | {"what": what, "id": row["id"] or ""}


def _decision_row(made: dict[str, Any]) -> dict[str, Any]:
    return made | {"values": made["values"] or "–"}
