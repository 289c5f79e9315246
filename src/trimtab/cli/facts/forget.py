"""`trimtab facts forget`: the way out after a wrong value was stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json

if TYPE_CHECKING:
    from trimtab.facts.store import FactStore


def forget(
    *,
    instrument: str = typer.Argument(help="Whose facts."),
    figures: bool = typer.Option(False, "--figures", help="Only its figures."),
    texts: bool = typer.Option(False, "--texts", help="Only its texts."),
    yes: bool = typer.Option(False, "--yes", help="Remove them; without this it is only said what would be."),
    as_json: bool = AS_JSON,
) -> None:
    """Remove every version of the facts of an instrument, so that the next ingest stores them anew.

    Meant for what a file got wrong about the past: a share count, a delay, an embedder. Told again, such a value
    would count as a correction that is known from today.
    """
    from trimtab.config import load_settings
    from trimtab.errors import UnknownNameError
    from trimtab.facts.store import FactStore
    from trimtab.storage.lake import open_lake

    store = FactStore(open_lake(load_settings()))
    if instrument not in (known := store.instruments()):
        raise UnknownNameError("instrument", instrument, known)
    kinds = [name for name, asked in (("figures", figures), ("texts", texts)) if asked or figures == texts]
    found = store.forget(instrument, kinds) if yes else _stored(store, instrument, kinds)
    if as_json:
        print_json({"instrument_id": instrument, "forgotten": yes, **found})
    elif yes:
        typer.echo(f"Forgotten: {_told(found)} of {instrument}; what is ingested next is new")
    else:
        typer.echo(f"This would remove {_told(found)} of {instrument}; nothing is removed yet, to do it add --yes")
    if not yes:
        raise typer.Exit(1)


def _stored(store: FactStore, instrument: str, kinds: list[str]) -> dict[str, int]:
    return {kind: len(store.figures(instrument) if kind == "figures" else store.texts(instrument)) for kind in kinds}


def _told(found: dict[str, int]) -> str:
    """How many versions of what.

    >>> _told({"figures": 3, "texts": 0})
    '3 versions of figures and 0 of texts'
    """
    first, *rest = found.items()
    more = "".join(f" and {n:,} of {kind}" for kind, n in rest)
    return f"{first[1]:,} version{'s' if first[1] != 1 else ''} of {first[0]}{more}"
