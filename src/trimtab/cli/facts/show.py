"""`trimtab facts show`: the figures or texts of an instrument, every version or as known at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.facts import Figures, Texts

_ENDS = 20  # rows printed from the start, and as many from the end


def show(
    *,
    instrument: str = typer.Argument(help="Whose facts."),
    concept: str | None = typer.Option(None, "--concept", help="Only these figures, such as net_income."),
    as_of: str | None = typer.Option(None, "--as-of", help="What could be known at this time, such as 2009-12-31."),
    texts: bool = typer.Option(False, "--texts", help="Posts and headlines instead of figures."),
    as_json: bool = AS_JSON,
) -> None:
    """Show figures: the newest of every concept, or every version of one; or texts.

    A figure that was filed again with another value has a version from each filing on. With --as-of only
    the version known last at that time is shown.
    """
    from trimtab.bars.times import as_time, parse_moment
    from trimtab.config import load_settings
    from trimtab.errors import ConfigurationError
    from trimtab.facts.store import FactStore
    from trimtab.storage.lake import open_lake

    if texts and concept is not None:
        raise ConfigurationError("--concept chooses figures and --texts shows texts; leave one of the two out")
    store = FactStore(open_lake(load_settings()))
    _require_known(instrument, store.instruments())
    at = None if as_of is None else parse_moment(as_of)
    moment = None if at is None else as_time(at)
    if texts:
        rows = _text_rows(store.texts(instrument), moment)
    else:
        rows = _figure_rows(store.figures(instrument), concept, moment)
    document = {"instrument_id": instrument, "concept": concept, "as_of": at, "rows": rows}
    if as_json:
        print_json(document)
    else:
        when = f", as known at {as_of}" if as_of else ""
        _print(
            f"{instrument}: {concept or ('texts' if texts else 'newest figures')}{when}",
            rows,
            () if concept is None else ("concept",),
        )


def _print(title: str, rows: list[dict[str, Any]], in_title: tuple[str, ...]) -> None:
    rows = [{name: value for name, value in row.items() if name not in in_title} for row in rows]
    left_out = len(rows) - 2 * _ENDS
    if not rows:
        typer.echo(f"{title}: nothing")
    elif left_out <= 0:
        print_table(title, rows, digits=8)
    else:
        print_table(title, [*rows[:_ENDS], dict.fromkeys(rows[0], ...), *rows[-_ENDS:]], digits=8)
        typer.echo(f"{left_out:,} rows between the first and the last {_ENDS} are left out; --json has all.")


def _require_known(instrument: str, known: list[str]) -> None:
    from trimtab.errors import UnknownNameError

    if instrument not in known:
        raise UnknownNameError("instrument", instrument, known)


def _figure_rows(figures: Figures, concept: str | None, moment: Any) -> list[dict[str, Any]]:
    """Every version of one concept; without one, the newest figure of each."""
    import numpy as np

    from trimtab.errors import UnknownNameError
    from trimtab.facts.versions import known_by

    if concept is not None and concept not in figures.concept:
        raise UnknownNameError("concept", concept, np.unique(figures.concept).tolist())
    figures = figures if moment is None else known_by(figures, moment)
    if concept is not None:
        chosen = figures.take(figures.concept == concept)
    else:
        newest = {str(name): at for at, name in enumerate(figures.concept)}  # they come by period end, known time
        chosen = figures.take(np.array([newest[name] for name in sorted(newest)], np.int64))
    return [_figure_row(chosen, at) for at in range(len(chosen))]


def _text_rows(texts: Texts, moment: Any) -> list[dict[str, Any]]:
    known = texts if moment is None else texts.take(texts.known_time <= moment)
    return [_text_row(known, at) for at in range(len(known))]


def _figure_row(figures: Figures, at: int) -> dict[str, Any]:
    return {
        "concept": str(figures.concept[at]),
        "period_start": _moment(figures.period_start[at]),
        "period_end": _moment(figures.period_end[at]),
        "value": float(figures.value[at]),
        "known_time": _moment(figures.known_time[at]),
        "document": str(figures.document[at]),
    }


def _text_row(texts: Texts, at: int) -> dict[str, Any]:
    return {
        "event_time": _moment(texts.event_time[at]),
        "known_time": _moment(texts.known_time[at]),
        "channel": str(texts.channel[at]),
        "score": float(texts.score[at]),
        "scorer": str(texts.scorer[at]),
        "text": str(texts.text[at]),
    }


def _moment(time: Any) -> Any:
    import numpy as np

    from trimtab.bars.times import as_datetime

    return None if np.isnat(time) else as_datetime(time)
