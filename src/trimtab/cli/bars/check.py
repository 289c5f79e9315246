"""`trimtab bars check`: the verdict on a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import typer

from trimtab.cli.bars.options import AS_JSON, CALENDAR, TIMEFRAME, say_columns
from trimtab.cli.output import print_json, print_table

_SHOWN = 40


def check(
    file: Path = typer.Argument(help="CSV or Parquet file of bars."),
    as_json: bool = AS_JSON,
    timeframe: str | None = TIMEFRAME,
    calendar: str | None = CALENDAR,
) -> None:
    """Judge the bars of a file; nothing is stored. Exit code 0 whatever is found."""
    from trimtab.bars.files import read_bar_file
    from trimtab.bars.report import check_file
    from trimtab.config import load_settings
    from trimtab.market import Timeframe
    from trimtab.market.calendar import parse_calendar

    document = check_file(
        read_bar_file(file, Timeframe.parse(timeframe) if timeframe else None),
        limits=load_settings().quality,
        calendar=parse_calendar(calendar) if calendar else None,
    )
    if as_json:
        print_json(document)
        return
    say_columns(document["columns"])
    instruments = document["instruments"]
    columns = ("instrument_id", "timeframe", "bars", "accepted", "quarantined", "flagged")
    print_table(f"Bars of {file.name}", instruments, columns)
    counts = Counter((found["check"], found["severity"]) for one in instruments for found in one["findings"])
    if not counts:
        typer.echo("Nothing was found.")
        return
    print_table("Findings by check", [{"check": c, "severity": s, "findings": n} for (c, s), n in counts.most_common()])
    findings = [{"instrument_id": one["instrument_id"], **found} for one in instruments for found in one["findings"]]
    title = "Findings" if len(findings) <= _SHOWN else f"First {_SHOWN} of {len(findings)} findings (all with --json)"
    print_table(title, findings[:_SHOWN])
