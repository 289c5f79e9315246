"""Rebuilding the governed state from nothing but the audit ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from trimtab.registry.ledger import Entry
from trimtab.registry.schema import aliases, models


@dataclass
class GovernedState:
    """Who may be used for what: state by model id, model id by (strategy, alias)."""

    states: dict[int, str] = field(default_factory=dict)
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)


def rebuild(entries: Iterable[Entry]) -> GovernedState:
    """Play the ledger from its first entry."""
    state = GovernedState()
    for entry in entries:
        change = entry.payload
        if entry.event == "model_registered":
            state.states[change["model_id"]] = change["state"]
        elif entry.event == "model_moved":
            state.states[change["model_id"]] = change["to_state"]
        elif entry.event == "alias_assigned":
            state.aliases[change["strategy"], change["alias"]] = change["model_id"]
        elif entry.event == "alias_released":
            del state.aliases[change["strategy"], change["alias"]]
    return state


def stored(connection: Connection) -> GovernedState:
    """The same state as the tables tell it."""
    current = select(aliases).where(aliases.c.until.is_(None))
    return GovernedState(
        states={row.id: row.state for row in connection.execute(select(models.c.id, models.c.state))},
        aliases={(row.strategy, row.alias): row.model_id for row in connection.execute(current)},
    )
