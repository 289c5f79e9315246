"""Strategies as the registry knows them: who is champion, who challenges, what state to show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, insert, select, update

from trimtab.errors import NotFoundError
from trimtab.registry.ledger import Change
from trimtab.registry.schema import aliases, models, strategies

INITIAL_STATE = "draft"


@dataclass(frozen=True)
class StrategyRecord:
    """One strategy.

    Attributes
    ----------
    name: as in its file.
    state: the champion's life-cycle state; without a champion the latest version's; "draft"
        without any version.
    champion_id, challenger_id: model ids of the current holders.
    version: counts changes of its versions and aliases.
    created, updated: when it was first and last changed.
    """

    name: str
    state: str
    champion_id: int | None
    challenger_id: int | None
    version: int
    created: datetime
    updated: datetime


def touch(change: Change, name: str) -> None:
    """Make the strategy's row if there is none, and count the change."""
    row = _known(change.connection, name)
    if row is None:
        values = {"name": name, "version": 1, "created": change.time, "updated": change.time}
        change.connection.execute(insert(strategies).values(values))
    else:
        counted = {"version": strategies.c.version + 1, "updated": change.time}
        change.connection.execute(update(strategies).where(strategies.c.name == name).values(counted))


def _known(connection: Connection, name: str) -> str | None:
    """The name if the strategy is known."""
    return connection.execute(select(strategies.c.name).where(strategies.c.name == name)).scalar_one_or_none()


def get(connection: Connection, name: str) -> StrategyRecord:
    """One strategy, or `NotFoundError` naming those there are."""
    row = connection.execute(select(strategies).where(strategies.c.name == name)).first()
    if row is None:
        known = connection.execute(select(strategies.c.name).order_by(strategies.c.name)).scalars()
        raise NotFoundError(f"the registry knows no strategy '{name}'; it knows: {', '.join(known) or 'none yet'}")
    holders = current_holders(connection, name)
    return StrategyRecord(
        state=_shown_state(connection, name, holders.get("champion")),
        champion_id=holders.get("champion"),
        challenger_id=holders.get("challenger"),
        **row._mapping,
    )


def names(connection: Connection) -> list[str]:
    """Every known strategy, sorted."""
    return list(connection.execute(select(strategies.c.name).order_by(strategies.c.name)).scalars())


def current_holders(connection: Connection, strategy: str) -> dict[str, int]:
    """The model id behind each alias of a strategy."""
    query = select(aliases.c.alias, aliases.c.model_id).where(aliases.c.strategy == strategy, aliases.c.until.is_(None))
    return {row.alias: row.model_id for row in connection.execute(query)}


def _shown_state(connection: Connection, strategy: str, champion_id: int | None) -> str:
    champion_first = case((models.c.id == champion_id, 0), else_=1)
    query = select(models.c.state).where(models.c.strategy == strategy).order_by(champion_first, models.c.id.desc())
    return connection.execute(query.limit(1)).scalar_one_or_none() or INITIAL_STATE
