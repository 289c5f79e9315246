"""`trimtab facts ingest`: from a file into the store of facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from datetime import timedelta

_FORMATS = "sec_companyfacts, quarterly_table, figures, posts, headlines or scored_posts."
_LONG = 20  # instruments of a table; the rest is added up


def ingest(
    *,
    file: Path = typer.Argument(help="The file with the facts."),
    format: str = typer.Option(..., "--format", help=f"What the file is: {_FORMATS}"),
    instrument: list[str] = typer.Option([], "--instrument", help="Only this instrument; may be repeated."),
    delay: str | None = typer.Option(
        None,
        "--delay",
        help="How much later facts could be known than the file says, or than their period ended: 90d, 12h.",
    ),
    shares: str | None = typer.Option(
        None, "--shares", help="Of a quarterly_table: as_reported, or split_adjusted for prices adjusted for splits."
    ),
    channel: str | None = typer.Option(None, "--channel", help="Who speaks in the texts: news or social."),
    scorer: str | None = typer.Option(None, "--scorer", help="Who scores the mood of texts."),
    embedder: str | None = typer.Option(None, "--embedder", help="What turns texts into points."),
    as_json: bool = AS_JSON,
) -> None:
    """Store facts from a file, each with when it could first be known; what is stored already is nothing new."""
    from trimtab.config import load_settings
    from trimtab.facts.sources import read_figures, read_texts
    from trimtab.facts.sources.protocol import FIGURE_FORMATS, TEXT_FORMATS
    from trimtab.facts.store import FactStore
    from trimtab.storage.lake import open_lake

    _refuse_unknown(format, (*FIGURE_FORMATS, *TEXT_FORMATS))
    lake = open_lake(load_settings())
    store, received, later = FactStore(lake), lake.clock.now(), _delay(delay)
    of_texts = {"channel": channel, "scorer": scorer, "embedder": embedder}
    if format in FIGURE_FORMATS:
        _refuse_unused(format, of_texts)
        figures = read_figures(format, file, instrument or None, later, _shares(format, shares))
        reports = {name: store.append_figures(each, received) for name, each in figures.items()}
    else:
        _refuse_unused(format, {"shares": shares})
        given = {name: value for name, value in of_texts.items() if value is not None}
        texts = read_texts(format, file, instruments=instrument or None, delay=later, **given)
        reports = {name: store.append_texts(each, received) for name, each in texts.items()}
    rows: list[dict[str, Any]] = [{"instrument_id": name} | each.__dict__ for name, each in reports.items()]
    if as_json:
        print_json({"format": format, "instruments": rows})
    elif rows:
        print_table(f"Facts of {file.name}", _shortened(rows))
    else:
        typer.echo(f"{file} holds no facts that are used here")


def _shortened(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) <= _LONG:
        return rows
    rest = {name: sum(row[name] for row in rows[_LONG:]) for name in rows[0] if name != "instrument_id"}
    return [*rows[:_LONG], {"instrument_id": f"and {len(rows) - _LONG} more"} | rest]


def _delay(text: str | None) -> timedelta | None:
    from trimtab.config.strategy import parse_duration
    from trimtab.errors import ConfigurationError

    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise ConfigurationError(f"--delay {text}: {error}") from None


def _shares(format: str, shares: str | None) -> str:
    if format != "quarterly_table":
        _refuse_unused(format, {"shares": shares})
    return shares or "as_reported"


def _refuse_unknown(format: str, formats: tuple[str, ...]) -> None:
    from trimtab.errors import UnknownNameError

    if format not in formats:
        raise UnknownNameError("format of facts", format, formats)


def _refuse_unused(format: str, options: dict[str, str | None]) -> None:
    """Refuse an option that the format would pass over without a word."""
    from trimtab.errors import ConfigurationError

    for name, value in options.items():
        if value is not None:
            raise ConfigurationError(
                f"format '{format}' has no use for --{name}; leave it away or give another --format"
            )
