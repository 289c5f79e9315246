"""`trimtab features warmup`: search how much context every feature needs, and store the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.compute import progress
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.features.warmup_search import Memory


def warmup(
    sets: list[str] = typer.Option(["all"], "--set", help="Feature set to search; may be repeated."),
    write: bool = typer.Option(False, "--write", help="Store the numbers in trimtab's own files (for developers)."),
    processes: int | None = typer.Option(
        None, min=1, max=256, help="Series searched at once; n_threads of the settings where nothing is said."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Search how many bars of context each feature needs to give the number of full history to 1e-9."""
    from trimtab.config import load_settings
    from trimtab.features.catalogue import resolve
    from trimtab.features.stored_warmups import PATH
    from trimtab.features.warmup_cases import cases
    from trimtab.features.warmup_search import search, store_found

    names = resolve(sets=sets)
    with progress("series", len(cases())) as advance:
        memories = search(names, processes or load_settings().n_threads, lambda _: advance())
    if write:
        store_found(memories)
    rows = [_row(name, memory) for name, memory in memories.items()]
    if json:
        print_json({"features": rows, "written": write})
    else:
        _print_found(rows)
        typer.echo(f"written to {PATH}" if write else "nothing written; --write stores the numbers")
    refuse_unsettled(memories)


def refuse_unsettled(memories: dict[str, Memory]) -> None:
    """Raise `FeatureError` where no context was enough, or not for every row."""
    from trimtab.errors import FeatureError

    endless = [name for name, memory in memories.items() if memory.found is None]
    stray = [name for name, memory in memories.items() if memory.stray]
    reasons = []
    if endless:
        reasons.append(
            f"no context was enough for {', '.join(endless)}, their numbers depend on where history begins; give them "
            "a memory that ends"
        )
    if stray:
        reasons.append(
            f"rounding decides some numbers of {', '.join(stray)}, whatever the context; give what is compared or "
            "divided there a tolerance"
        )
    if reasons:
        raise FeatureError("; ".join(reasons) + "; nothing was stored for them")


def _row(name: str, memory: Memory) -> dict[str, Any]:
    from trimtab.features.catalogue import declared_features
    from trimtab.features.warmup_search import with_margin

    declared = declared_features()[name]
    return {
        "name": name,
        "lookback": declared.lookback,
        "declared": declared.warmup,
        "found": memory.found,
        "warmup": None if memory.found is None else with_margin(declared, memory.found),
        "on": memory.case,
        "stray": memory.stray,
    }


def _print_found(rows: list[dict[str, Any]]) -> None:
    """The features for which the search says something else than their function; the others are a sentence."""
    telling = [row for row in rows if row["found"] != row["declared"] or row["stray"]]
    if telling:
        print_table("Context in bars; `on` is the series that asked for most", telling)
    typer.echo(f"{len(rows) - len(telling)} of {len(rows)} features need what their function declares and no more")
