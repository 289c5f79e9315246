"""Printing: one JSON document for programs, tables for people."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer


def print_json(document: Any) -> None:
    """Print one JSON document: times as ISO 8601 UTC, unknown numbers as null."""
    typer.echo(json.dumps(clean(document), indent=2, ensure_ascii=False, allow_nan=False))


def clean(value: Any) -> Any:
    """The value with NaN and infinities as None, times as text, tuples as lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, str | bool | int | None):
        return value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | Path):
        return str(value)
    if hasattr(value, "item"):  # a numpy scalar
        return clean(value.item())
    if isinstance(value, Iterable):
        return [clean(item) for item in value]
    return str(value)


def print_table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Print rows as a table; numbers are right-aligned, unknown is a dash."""
    from rich.console import Console
    from rich.table import Table

    names = list(columns or (rows[0] if rows else []))
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in names:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(shown(row.get(name)) for name in names))
    Console().print(table)


def shown(value: Any) -> str:
    """A value as a person wants to read it in a table."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)
