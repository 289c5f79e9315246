"""Printing: one JSON document for programs, tables for people."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.json_text import json_text

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 120  # columns of a table that goes to a file or another program
LONGEST_WORD = 30  # in a sentence a longer word may be cut rather than push the other columns out
SHORTEST_TEXT = 12  # columns a sentence keeps when the table does not fit; below it nothing can be read
DIGITS = 4  # significant digits of a measure
EXACT_DIGITS = 8  # of what is compared with a source to the last digit
EXACT = frozenset({*("open", "high", "low", "close", "close_before", "volume"), "factor", "applied_factor", "values"})

_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d\S*")


def print_json(document: Any) -> None:
    """Print one JSON document: times as ISO 8601 UTC, unknown numbers as null."""
    typer.echo(json_text(document))


def console() -> Console:
    """Where tables go: as wide as the terminal, or wide enough to read when there is none."""
    from rich.console import Console

    is_measured = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if is_measured else PIPED_WIDTH, highlight=False)


def print_table(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    *,
    digits: int | None = None,
) -> None:
    """Print rows as a table; numbers are right-aligned, unknown is a dash, times are UTC.

    The title is a line of its own, so that a narrow table does not break it. Where the terminal is
    narrow, sentences are wrapped and then their longest words cut; numbers, times and names stay
    whole and every column stays, even when the lines then run over.

    Parameters
    ----------
    columns: names of the columns, in order; absent, those of the first row.
    digits: significant digits of every number that is not whole; absent, 8 in the columns of prices
        and volumes (`EXACT`) and 4 elsewhere.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = list(columns or (rows[0] if rows else []))
    heads = [name.replace("_", " ") for name in names]
    cells = [column_cells([row.get(name) for row in rows], digits or _digits_of(name)) for name in names]
    output = console()
    widths = fit_widths([[head, *column] for head, column in zip(heads, cells, strict=True)], output.width)
    output.width = max(output.width, _table_width(widths))  # rich would drop what does not fit
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name, head, width in zip(names, heads, widths, strict=True):
        numeric = _is_numeric([row.get(name) for row in rows])
        table.add_column(head, justify="right" if numeric else "left", overflow="ellipsis", width=width)
    for line in zip(*cells, strict=True):
        # Text, because rich would read what stands in square brackets as formatting and drop it.
        table.add_row(*map(Text, line))
    output.print(Text(title, style="bold"), soft_wrap=True)
    output.print(table)


def fit_widths(columns: Sequence[Sequence[str]], available: int) -> list[int]:
    """Widths of columns that together fit where they can; the first text of a column is its head.

    The widest gives way first: sentences and heads down to their longest word, then sentences
    further down to `SHORTEST_TEXT`. A number, a time, a name or an id is one piece and never gives
    way, so the widths may come to more than is available.

    >>> fit_widths([["equity-volatility-regime"], ["will it be more volatile", "yes"]], 40)
    [24, 12]
    >>> fit_widths([["low", "526"], ["known time", "2013-01-04 21:00"]], 10)
    [3, 16]
    """
    widths = [max(map(len, column), default=1) for column in columns]
    for floors in ([_longest_word(column) for column in columns], [_longest_piece(column) for column in columns]):
        while _table_width(widths) > available:
            shrinking = [i for i in range(len(widths)) if widths[i] > floors[i]]
            if not shrinking:
                break
            widths[max(shrinking, key=lambda i: widths[i])] -= 1
    return widths


def column_cells(values: Sequence[Any], digits: int = EXACT_DIGITS) -> list[str]:
    """The texts of one column; times of day are left away when all of them are midnight.

    >>> column_cells([datetime(2024, 1, 2), None])
    ['2024-01-02', '–']
    """
    times = [value for value in values if isinstance(value, datetime)]
    if times and all(value.time() == time() for value in times):
        return [value.date().isoformat() if isinstance(value, datetime) else shown(value, digits) for value in values]
    return [shown(value, digits) for value in values]


def shown(value: Any, digits: int = EXACT_DIGITS) -> str:
    """A value as a person wants to read it in a table; what is left out (`...`) is an ellipsis.

    A number that is not whole has up to `digits` significant digits, and never fewer than it has
    before its point.

    >>> shown(28924.63), shown(12605900.0), shown(123456.789, 4), shown(0.123456, 4)
    ('28924.63', '12,605,900', '123,457', '0.1235')
    >>> shown(None), shown(timedelta(days=3)), shown(("AAPL", "IBM"))
    ('–', '3d', 'AAPL, IBM')
    """
    if value is ...:
        return "…"
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _number(value, digits)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {shown(item, digits)}" for key, item in value.items()) or "–"
    if isinstance(value, tuple | list):
        return ", ".join(shown(item, digits) for item in value) or "–"
    return str(value)


def words(identifier: str | None) -> str | None:
    """A state or verdict as words: `insufficient_evidence` is for programs."""
    return None if identifier is None else identifier.replace("_", " ").lower()


def _number(value: float, digits: int) -> str:
    text = f"{value:.{max(digits, len(str(int(abs(value)))))}g}"
    if float(text).is_integer():
        return f"{float(text) + 0.0:,.0f}"  # adding nought takes the sign off it
    # A coin may be worth a hundred-thousandth: its price is not written with an exponent.
    return f"{Decimal(text):f}" if abs(value) >= 1e-8 else text


def _digits_of(column: str) -> int:
    return EXACT_DIGITS if column in EXACT else DIGITS


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [value for value in values if value is not None and value is not ...]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _table_width(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * len(widths)


def _is_one_piece(text: str) -> bool:
    return _TIME.fullmatch(text) is not None or not re.search(r"\s", text)


def _longest_word(texts: Sequence[str]) -> int:
    """The width at which no word is cut, but for very long ones in sentences."""
    sentences = [word for text in texts if not _is_one_piece(text) for word in text.split()]
    return max(min(max(map(len, sentences), default=1), LONGEST_WORD), _longest_piece(texts))


def _longest_piece(texts: Sequence[str]) -> int:
    """The width a column keeps: its head by words, its pieces whole, of its sentences enough to read."""
    head = max((len(word) for word in " ".join(texts[:1]).split()), default=1)
    whole = max((len(text) for text in texts if _is_one_piece(text)), default=1)
    sentences = max((len(word) for text in texts[1:] if not _is_one_piece(text) for word in text.split()), default=1)
    return max(head, whole, min(sentences, SHORTEST_TEXT))


def _duration(value: timedelta) -> str:
    """As a strategy file writes it: 3d, 12h, 90m."""
    seconds = int(value.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
