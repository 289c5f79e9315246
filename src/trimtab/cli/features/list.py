"""`trimtab features list`: the catalogue."""

from __future__ import annotations

import typer

from trimtab.cli.features.describe import describe
from trimtab.cli.features.telling import counted
from trimtab.cli.output import print_json, print_table


def list_features(
    family: str | None = typer.Option(None, help="Only this feature set."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """List the features of the catalogue."""
    from trimtab.features.catalogue import catalogue, resolve

    names = resolve(sets=[family or "all"])
    features = [describe(catalogue()[name]) for name in names]
    if json:
        print_json({"features": features})
        return
    columns = ("name", "family", "lookback", "warmup", "description")
    print_table(f"{counted(len(features), 'feature')}; look-back and warm-up in bars", features, columns)
