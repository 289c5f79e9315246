"""Where facts come from: one function for figures, one for texts, and the formats they read.

A source turns a file into `Figures` or `Texts` by instrument, each fact with when it could first be used;
it never asks a clock and stores nothing. Add a format as a function in a module of its own and a line in
`protocol.FIGURE_READERS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.facts.sources.protocol import FIGURE_FORMATS, TEXT_FORMATS, Missing, ReadOptions, reader_of

if TYPE_CHECKING:
    from trimtab.facts.schema import Figures, Texts

__all__ = ["FIGURE_FORMATS", "TEXT_FORMATS", "read_figures", "read_texts"]


def read_figures(
    format: str,
    path: Path | str,
    instruments: Sequence[str] | None = None,
    delay: timedelta | None = None,
    shares: str = "as_reported",
    missing: Missing = "raise",
) -> dict[str, Figures]:
    """Figures by instrument from a file.

    Parameters
    ----------
    format: `sec_companyfacts`, `quarterly_table` or `figures`; `docs/facts.md` describes them.
    path: of the file.
    instruments: only these; None is all. A file that names no instrument needs exactly one.
    delay: added to the time the file gives; where it gives none, from the end of the last day of a period until
        its figures could be known, of `quarterly_table` 90 days when absent.
    shares: of `quarterly_table`: `as_reported`, for prices as traded with splits told as actions, or
        `split_adjusted`, for prices whose vendor has adjusted them for splits.

    missing: "raise" for an error where the file does not have an instrument, "skip" to leave it out.

    Raises `UnknownNameError` for a format, and for an instrument that the file does not have; `SourceError` for
    a file that cannot be read; `SchemaError` for columns that are missing or cannot be understood, and for
    figures that no store could hold.
    """
    from trimtab.facts.checks import require_sound_figures

    found = reader_of(format)(Path(path), ReadOptions(tuple(instruments or ()), delay, shares, missing))
    for figures in found.values():  # before anybody stores the first of them
        require_sound_figures(figures)
    return found


def read_texts(format: str, path: Path | str, *arguments: Any, **options: Any) -> dict[str, Texts]:
    """Texts by instrument from a file; see `trimtab.facts.sources.texts.read_texts`."""
    from trimtab.facts.sources.texts import read_texts as read

    found: dict[str, Texts] = read(format, path, *arguments, **options)
    return found
