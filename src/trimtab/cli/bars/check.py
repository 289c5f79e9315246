"""`trimtab bars check`: the verdict on a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from trimtab.cli.bars.options import AS_JSON, CALENDAR, TIMEFRAME, say_columns
from trimtab.cli.output import print_json, print_table

_FEW = 3  # findings of a check that are printed


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
    checks = _by_check(instruments)
    if not checks:
        typer.echo("Nothing was found.")
        return
    print_table("Findings by check", checks)
    n = sum(row["findings"] for row in checks)
    few = _few_of_each(instruments, [row["check"] for row in checks])
    title = "Findings" if len(few) == n else f"The first findings of each check, {len(few)} of {n:,} (all with --json)"
    print_table(title, [_row(found) for found in few])


def _by_check(instruments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per check: what refuses bars first, and what is rare before what is common.

    `share` is of all bars of the file; unknown where the findings are about absent bars.
    """
    counts = Counter((found["check"], found["severity"]) for one in instruments for found in one["findings"])
    rows = [
        {"check": check, "severity": severity, "findings": n, "share": _share(instruments, check)}
        for (check, severity), n in counts.items()
    ]
    return sorted(rows, key=lambda row: (row["severity"] != "quarantine", row["findings"], row["check"]))


def _share(instruments: Sequence[dict[str, Any]], check: str) -> str | None:
    about = sum(one["checks"][check]["share"] * one["bars"] for one in instruments if check in one["checks"])
    return f"{100 * about / sum(one['bars'] for one in instruments):.3g}%" if about else None


def _row(found: dict[str, Any]) -> dict[str, Any]:
    """A finding without what the table of checks says already, its time as in other tables."""
    time = found["event_time"]
    return {
        "instrument_id": found["instrument_id"],
        "check": found["check"],
        "event_time": datetime.fromisoformat(time) if time else None,
        "detail": found["detail"],
    }


def _few_of_each(instruments: Sequence[dict[str, Any]], checks: Sequence[str]) -> list[dict[str, Any]]:
    """The first findings of every check, in the order of the checks."""
    found = [{"instrument_id": one["instrument_id"], **each} for one in instruments for each in one["findings"]]
    return [row for check in checks for row in islice((each for each in found if each["check"] == check), _FEW)]
