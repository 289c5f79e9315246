"""`trimtab features show`: everything about one feature."""

from __future__ import annotations

import typer

from trimtab.cli.features.describe import describe
from trimtab.cli.output import print_json, print_table


def show(
    name: str = typer.Argument(help="Name of a feature, as in `trimtab features list`."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Show everything the catalogue says about one feature."""
    from trimtab.features.catalogue import catalogue, resolve

    described = describe(catalogue()[resolve(names=[name])[0]])
    if json:
        print_json(described)
        return
    shown = {**described, "bounds": _interval(described["bounds"])}
    print_table(name, [{"property": key, "value": value} for key, value in shown.items()])


def _interval(bounds: list[float | None]) -> str:
    low, high = ("–" if each is None else f"{each:.4g}" for each in bounds)
    return f"{low} to {high}"
