"""`trimtab features update`: rows of new bars behind the stored features."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.market import Series
    from trimtab.pipeline.workspace import Workspace


def update(
    series: list[str] = typer.Argument(None, help="Series such as AAPL__1d; absent, all that have stored features."),
    families: list[str] = typer.Option(
        [], "--family", help="Only this family, such as technical; may be repeated. Absent, all that are stored."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Append the rows of bars stored since the features were computed; history is not computed again.

    A series is refused where its stored rows would be others by now; the other series are updated all the same.
    """
    from trimtab.config import load_settings
    from trimtab.errors import TrimtabError
    from trimtab.pipeline.feature_update import update_features
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(load_settings())
    rows: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    for each, wanted in _wanted(workspace, series or [], families).items():
        try:
            found = update_features(workspace, each.key, wanted)
        except TrimtabError as error:
            refused.append({"series": each.key, "reason": str(error)})
        else:
            rows += [asdict(one) | {"series": each.key} for one in found]
    _show(workspace, rows, refused, as_json)
    if refused:
        raise typer.Exit(1)


def _wanted(workspace: Workspace, keys: list[str], families: list[str]) -> dict[Series, tuple[str, ...]]:
    """The series asked for, or all that have stored features, and the families of each to append to."""
    from trimtab.cli.features.stored import require_stored, stored
    from trimtab.market import Series
    from trimtab.pipeline.features import feature_versions

    for family in families:
        feature_versions(family)
    lake = workspace.lake
    if keys:
        chosen = {each: require_stored(lake, each) for each in map(Series.parse, dict.fromkeys(keys))}
        return {each: tuple(families) or has for each, has in chosen.items()}
    everything = stored(lake)
    return {
        each: tuple(name for name in has if not families or name in families)
        for each, has in everything.items()
        if not families or set(families) & set(has)
    }


def _show(workspace: Workspace, rows: list[dict[str, Any]], refused: list[dict[str, str]], as_json: bool) -> None:
    if as_json:
        print_json({"updated": rows, "refused": refused})
        return
    if rows:
        print_table("Updated features", rows, ("series", "family", "rows", "last_event_time"))
    elif not refused:
        typer.echo(f"No features are stored in {workspace.lake.root}; run: trimtab run")
    for each in refused:
        typer.echo(f"not updated: {each['reason']}", err=True)
