"""`trimtab bars actions`: splits and dividends, as stored and as a person tells them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.bars.actions import Actions

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_actions(
    instrument: list[str] = typer.Option([], "--instrument", help="Only this instrument; may be repeated."),
    every: bool = typer.Option(False, "--all", help="Every version, with those that were changed or withdrawn."),
    as_json: bool = AS_JSON,
) -> None:
    """Splits and dividends in force, and since when they are known."""
    from trimtab.bars.store import BarStore
    from trimtab.config import load_settings
    from trimtab.errors import UnknownNameError
    from trimtab.storage.lake import open_lake

    store = BarStore(open_lake(load_settings()))
    known = store.actions.instruments()
    with_bars = {series.instrument_id for series in store.series()}
    for name in instrument:
        if name not in known and name not in with_bars:
            raise UnknownNameError("instrument", name, with_bars | set(known))
    read = store.actions.history if every else store.actions.current
    rows = [row for name in instrument or known for row in _rows(read(name))]
    if as_json:
        print_json({"actions": rows})
    elif rows:
        print_table("Corporate actions", rows, digits=8)
    else:
        whose = f" of {', '.join(instrument)}" if instrument else ""
        typer.echo(f"No actions{whose} are stored; a source tells them, or: trimtab bars actions import FILE")


@app.command("import")
def import_file(
    file: Path = typer.Argument(help="CSV or Parquet: instrument, ex_date, kind (split, dividend), value."),
    actor: str = typer.Option(..., "--actor", help="Who tells these actions."),
    reason: str = typer.Option(..., "--reason", help="Why they are believed: where they come from."),
    announced: bool = typer.Option(
        False, "--announced", help="They were public at their ex-dates: known from then on, not only from now."
    ),
    on_top: bool = typer.Option(
        False, "--on-top", help="The stored bars are adjusted by their source already, and that lacks these actions."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Store actions from a file, all of them or none; who and why go into the audit ledger.

    An action takes another value when it is told again, from now on: what was known before stays
    what it was. A split of 1 or a dividend of 0 withdraws what was told.
    """
    from trimtab.bars.actions.files import read_action_file
    from trimtab.config import load_settings
    from trimtab.pipeline.actions import import_actions
    from trimtab.pipeline.workspace import Workspace
    from trimtab.storage.lake import open_lake

    told, settings = read_action_file(file), load_settings()
    # Actions are told whatever the strategy files say.
    workspace = Workspace(settings, open_lake(settings), {})
    done = import_actions(workspace, told, actor=actor, reason=reason, announced=announced, on_top=on_top)
    rows: list[dict[str, Any]] = [
        {
            "instrument_id": each.instrument_id,
            "new": each.report.new,
            "restated": each.report.restated,
            "unchanged": each.report.unchanged,
            "warnings": list(each.warnings),
        }
        for each in done
    ]
    if as_json:
        print_json({"instruments": rows})
        return
    print_table(f"Actions of {file.name}", [row | {"warnings": len(row["warnings"])} for row in rows])
    for row in rows:
        for warning in row["warnings"]:
            typer.echo(f"{row['instrument_id']}: {warning}")


def _rows(actions: Actions) -> list[dict[str, Any]]:
    from trimtab.bars.times import as_datetime

    return [
        {
            "instrument_id": actions.instrument_id,
            "ex_time": as_datetime(actions.ex_time[at]),
            "kind": str(actions.kind[at]),
            "value": float(actions.value[at]),
            "known_time": as_datetime(actions.known_time[at]),
            "received_time": as_datetime(actions.received_time[at]),
        }
        for at in range(len(actions))
    ]
