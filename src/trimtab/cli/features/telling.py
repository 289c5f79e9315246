"""What several commands about features share: sentences that fit the terminal, and files that must not be lost."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import fill

import typer

from trimtab.cli.output import console

INDENT = "  "
NARROWEST, ENDLESS = 40, 10**6


def counted(n: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "feature"), counted(2_000, "bar")
    ('1 feature', '2,000 bars')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def print_wrapped(text: str, indent: str = "") -> None:
    """Print a sentence in lines of the terminal, in one where there is none; a name is never cut."""
    width = max(console().width, NARROWEST) if sys.stdout.isatty() or "COLUMNS" in os.environ else ENDLESS
    typer.echo(
        fill(
            text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    )


def refuse_overwriting(out: Path, given: Path) -> None:
    """Refuse to write over the file that is read, also through a link; `ConfigurationError`."""
    from trimtab.errors import ConfigurationError

    if out.exists() and given.exists() and out.samefile(given):
        raise ConfigurationError(f"'{out}' is the file that is read; name another one to write, it would be lost")


def refuse_lake(out: Path, lake: Path) -> None:
    """Refuse to write over a file that trimtab keeps in the folder of its data; `ConfigurationError`."""
    from trimtab.errors import ConfigurationError

    path, root = out.resolve(), lake.resolve()
    # trimtab keeps its tables in folders; what lies beside them may be the user's own.
    if path.exists() and path.is_relative_to(root) and path.parent != root:
        raise ConfigurationError(f"'{out}' is a file of the stored data in {lake}; name another one to write")
