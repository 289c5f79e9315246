"""Printing: one JSON document for programs, tables for people."""

from __future__ import annotations

import json
import math
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 120  # columns of a table that goes to a file or another program
LONGEST_WORD = 30  # a longer word may be folded rather than push the other columns out


def print_json(document: Any) -> None:
    """Print one JSON document: times as ISO 8601 UTC, unknown numbers as null."""
    typer.echo(json.dumps(clean(document), indent=2, ensure_ascii=False, allow_nan=False))


def clean(value: Any) -> Any:
    """The value with NaN and infinities as None, times as text in UTC, tuples as lists.

    >>> clean({"sharpe": float("nan"), "folds": (1, 2)})
    {'sharpe': None, 'folds': [1, 2]}
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, str | bool | int | None):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | Path):
        return str(value)
    if hasattr(value, "item"):  # a numpy scalar
        return clean(value.item())
    if isinstance(value, Iterable):
        return [clean(item) for item in value]
    return str(value)


def console() -> Console:
    """Where tables go: as wide as the terminal, or wide enough to read when there is none."""
    from rich.console import Console

    is_measured = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if is_measured else PIPED_WIDTH, highlight=False)


def print_table(title: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Print rows as a table; numbers are right-aligned, unknown is a dash, times are UTC.

    The title is a line of its own, so that a narrow table does not break it. Words are never cut
    in two while there is room for the longest one of every column.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = list(columns or (rows[0] if rows else []))
    heads = [name.replace("_", " ") for name in names]
    cells = [column_cells([row.get(name) for row in rows]) for name in names]
    output = console()
    widths = fit_widths([[head, *column] for head, column in zip(heads, cells, strict=True)], output.width)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name, head, width in zip(names, heads, widths, strict=True):
        numeric = _is_numeric([row.get(name) for row in rows])
        table.add_column(head, justify="right" if numeric else "left", overflow="fold", width=width)
    for line in zip(*cells, strict=True):
        # Text, because rich would read what stands in square brackets as formatting and drop it.
        table.add_row(*map(Text, line))
    output.print(Text(title, style="bold"), soft_wrap=True)
    output.print(table)


def fit_widths(columns: Sequence[Sequence[str]], available: int) -> list[int]:
    """Widths of columns that together fit: the widest gives way first, none below its longest word.

    >>> fit_widths([["equity-volatility-regime"], ["will it be more volatile", "yes"]], 40)
    [24, 12]
    """
    widths = [max(map(len, column), default=1) for column in columns]
    smallest = [_longest_word(column) for column in columns]
    room = available - 2 * len(columns)
    while sum(widths) > room:
        shrinking = [i for i in range(len(widths)) if widths[i] > smallest[i]]
        if not shrinking:
            break
        widths[max(shrinking, key=lambda i: widths[i])] -= 1
    return widths


def column_cells(values: Sequence[Any]) -> list[str]:
    """The texts of one column; times of day are left away when all of them are midnight.

    >>> column_cells([datetime(2024, 1, 2, tzinfo=UTC), None])
    ['2024-01-02', '–']
    """
    times = [value for value in values if isinstance(value, datetime)]
    if times and all(value.time() == time() for value in times):
        return [value.date().isoformat() if isinstance(value, datetime) else shown(value) for value in values]
    return [shown(value) for value in values]


def shown(value: Any) -> str:
    """A value as a person wants to read it in a table.

    >>> shown(123456.789), shown(0.123456), shown(None), shown(timedelta(days=3)), shown(("AAPL", "IBM"))
    ('123,457', '0.1235', '–', '3d', 'AAPL, IBM')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) or "–"
    if isinstance(value, tuple | list):
        return ", ".join(map(shown, value)) or "–"
    return str(value)


def words(identifier: str | None) -> str | None:
    """A state or verdict as words: `insufficient_evidence` is for programs."""
    return None if identifier is None else identifier.replace("_", " ").lower()


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _longest_word(texts: Iterable[str]) -> int:
    # A time of day stays beside its date.
    longest = max((len(word) for text in texts for word in re.split(r"\s(?!\d\d:)", text)), default=1)
    return min(longest, LONGEST_WORD)


def _duration(value: timedelta) -> str:
    """As a strategy file writes it: 3d, 12h, 90m."""
    seconds = int(value.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
