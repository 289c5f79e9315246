"""`trimtab features show`: everything about one feature, and what it looks like on the packaged sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.features.describe import describe
from trimtab.cli.features.sketch import sketch
from trimtab.cli.features.telling import INDENT, print_wrapped, refuse_lake
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.features.example import Example

SKETCHED_BARS = 504  # two years of days


def show(
    name: str = typer.Argument(help="Name of a feature, as in `trimtab features list`."),
    plot: Path | None = typer.Option(None, help="Write a picture of it on the packaged sample (PNG)."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Show everything the catalogue says about one feature, and its numbers on the packaged sample."""
    from trimtab.features.catalogue import catalogue, resolve
    from trimtab.features.example import example

    described = describe(catalogue()[resolve(names=[name])[0]])
    shown = example(name)
    if plot is not None:
        _write_plot(name, shown, plot)
        typer.echo(f"picture written to {plot}", err=True)  # standard output is the answer alone
    if json:
        numbers = None if shown is None else {"series": shown.bars.series.key, **shown.quantiles()}
        print_json({**described, "sample": numbers})
        return
    rows = {**described, "inputs": ", ".join(described["inputs"]), "bounds": _interval(described["bounds"])}
    print_table(name, [{"property": key, "value": value} for key, value in rows.items() if value != ""])
    _print_sample(name, shown)


def _print_sample(name: str, shown: Example | None) -> None:
    if shown is None:
        print_wrapped(
            f"{name} is made of facts, which the packaged sample does not have; `trimtab facts ingest` stores some"
        )
        return
    numbers = ", ".join(f"{label} {value:.4g}" for label, value in shown.quantiles().items())
    print_wrapped(f"On the packaged days of {shown.bars.series.instrument_id}: {numbers}. The newest two years:")
    for line in sketch(shown.values[-SKETCHED_BARS:]):
        typer.echo(f"{INDENT}{line}")


def _write_plot(name: str, shown: Example | None, path: Path) -> None:
    from trimtab.config import load_settings
    from trimtab.errors import ConfigurationError
    from trimtab.features.example import plot_example
    from trimtab.storage.atomic import write_bytes

    if path.suffix.lower() != ".png":
        raise ConfigurationError(f"'{path}' does not end in .png; the picture is a PNG, name the file so")
    if shown is None:
        raise ConfigurationError(f"{name} is made of facts, which the packaged sample does not have; leave --plot out")
    refuse_lake(path, load_settings().data_dir)
    write_bytes(path, plot_example(shown))


def _interval(bounds: list[float | None]) -> str:
    """Bounds in words.

    >>> _interval([0.0, 100.0]), _interval([0.0, None]), _interval([None, 1.0]), _interval([None, None])
    ('0 to 100', 'at least 0', 'at most 1', 'none')
    """
    low, high = bounds
    if low is not None and high is not None:
        return f"{low:.4g} to {high:.4g}"
    if low is None and high is None:
        return "none"
    return f"at most {high:.4g}" if low is None else f"at least {low:.4g}"
