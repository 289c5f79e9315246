"""`trimtab features latest`: the newest stored row of a series, as serving reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.telling import counted, print_wrapped
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.features.store import LatestRow, ValidationReport


def latest(
    series: str = typer.Argument(help="A series, such as AAPL__1d."),
    features: list[str] = typer.Option([], "--feature", help="Only this feature; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Show the newest stored feature row of a series, and what is wrong with it.

    Exit code 1 where the row must not be used.
    """
    from trimtab.cli.features.stored import require_stored
    from trimtab.config import load_settings
    from trimtab.features.catalogue import resolve
    from trimtab.features.store import latest_row, lineage, validate_row
    from trimtab.market import Series
    from trimtab.storage.lake import open_lake

    wanted, lake = Series.parse(series), open_lake(load_settings())
    asked = resolve(names=features)
    families = require_stored(lake, wanted)
    # What is stored, not what the catalogue has: a family need not have been computed for every series.
    names = asked or tuple(name for family in families for name in lineage(lake, wanted, family).identities)
    row = latest_row(lake, wanted, names)
    report = validate_row(row, required=asked)
    if as_json:
        print_json(_document(row, report))
    else:
        _print(row, report)
    refuse_critical(row, report)


def refuse_critical(row: LatestRow, report: ValidationReport) -> None:
    """Raise `FeatureError` for a row that must not be used."""
    from trimtab.errors import FeatureError

    critical = [each for each in report.findings if each.severity == "critical"]
    if critical:
        raise FeatureError(f"the newest row of {row.series} has {counted(len(critical), 'critical finding')}")


def _print(row: LatestRow, report: ValidationReport) -> None:
    rows = [{"feature": name, "value": value} for name, value in zip(row.names, row.values.tolist(), strict=True)]
    print_table(
        f"{row.series}: bar of {row.event_time:%Y-%m-%d %H:%M}, known {row.known_time:%Y-%m-%d %H:%M} UTC", rows
    )
    for finding in report.findings:
        print_wrapped(f"{finding.severity}: {finding.feature or 'the row'}: {finding.detail}")


def _document(row: LatestRow, report: ValidationReport) -> dict[str, Any]:
    return {
        "series": row.series.key,
        "event_time": row.event_time,
        "known_time": row.known_time,
        "values": dict(zip(row.names, row.values.tolist(), strict=True)),
        "validation": report.document(),
    }
