"""Aliases: the names `champion` and `challenger`, moved by compare-and-swap and never forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from trimtab.errors import ConflictError, UnknownNameError
from trimtab.registry import models, strategies
from trimtab.registry.ledger import Change
from trimtab.registry.schema import aliases

ALIASES = ("champion", "challenger")


@dataclass(frozen=True)
class AliasTenure:
    """Who held an alias, from when until when (None: still), by whom and why."""

    strategy: str
    alias: str
    model_id: int
    since: datetime
    until: datetime | None
    actor: str
    reason: str


def assign(
    change: Change, strategy: str, alias: str, model_id: int | None, *, expected: int | None, reason: str
) -> None:
    """Give an alias to a model (None: to nobody) if its holder is still the expected one.

    A challenger that becomes champion stops being challenger in the same transaction.
    """
    if alias not in ALIASES:
        raise UnknownNameError("alias", alias, ALIASES)
    holders = strategies.current_holders(change.connection, strategy)
    _check_holder(change.connection, strategy, alias, holders.get(alias), expected)
    if model_id is not None:
        _check_strategy(change.connection, strategy, model_id)
    if model_id == holders.get(alias):
        return
    if alias == "challenger" and model_id is not None and model_id == holders.get("champion"):
        raise ConflictError(f"model {model_id} is the champion of {strategy} and cannot challenge itself")
    for name, holder in holders.items():
        if name == alias or holder == model_id:
            _release(change, strategy, name, holder, reason)
    if model_id is not None:
        values = {"strategy": strategy, "alias": alias, "model_id": model_id, "reason": reason}
        change.connection.execute(insert(aliases).values(**values, since=change.time, actor=change.actor))
        change.record("alias_assigned", **values)
    strategies.touch(change, strategy)


def history(connection: Connection, strategy: str) -> list[AliasTenure]:
    """Every tenure of every alias, oldest first."""
    rows = connection.execute(select(aliases).where(aliases.c.strategy == strategy).order_by(aliases.c.id))
    return [AliasTenure(**{key: value for key, value in row._mapping.items() if key != "id"}) for row in rows]


def _release(change: Change, strategy: str, alias: str, holder: int, reason: str) -> None:
    held = (aliases.c.strategy == strategy, aliases.c.alias == alias, aliases.c.until.is_(None))
    change.connection.execute(update(aliases).where(*held).values(until=change.time))
    change.record("alias_released", strategy=strategy, alias=alias, model_id=holder, reason=reason)


def _check_holder(connection: Connection, strategy: str, alias: str, found: int | None, expected: int | None) -> None:
    if found == expected:
        return

    def name(model_id: int | None) -> str:
        return models.get(connection, model_id).version if model_id is not None else "nobody"

    raise ConflictError(
        f"the {alias} of {strategy} is {name(found)}, not {name(expected)} as expected: "
        "somebody changed it first; read it again and decide again"
    )


def _check_strategy(connection: Connection, strategy: str, model_id: int) -> None:
    model = models.get(connection, model_id)
    if model.strategy != strategy:
        raise ConflictError(f"model {model_id} belongs to strategy '{model.strategy}', not to '{strategy}'")
