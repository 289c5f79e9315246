"""The audit ledger: an append-only chain of hashes over everything that was changed.

Every entry holds the SHA-256 of the entry before it, so an edit, a removal or a reordering
breaks the chain at a sequence number that `verify` names. Whoever owns the database could cut
the tail or write the whole chain anew; `head` is for keeping a witness elsewhere, and `verify`
takes it back (Crosby and Wallach 2009, Efficient data structures for tamper-evident logging).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError as DuplicateError

from trimtab.clock import Clock
from trimtab.errors import ConflictError, RegistryError
from trimtab.registry.plain import plain
from trimtab.registry.schema import ledger
from trimtab.storage.database import Database
from trimtab.storage.hashing import canonical_json, sha256_bytes

GENESIS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One entry of the chain.

    Attributes
    ----------
    seq: 1, 2, 3, ... without gaps.
    prev: SHA-256 of the entry before, 64 zeros for the first.
    sha256: SHA-256 of the canonical JSON of all other fields.
    actor, time, event: who did what, when.
    payload: the change itself; enough to rebuild the state from the chain.
    """

    seq: int
    prev: str
    sha256: str
    actor: str
    time: datetime
    event: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """The end of the chain at some moment; keep it elsewhere to detect a cut tail."""

    seq: int
    sha256: str


@dataclass(frozen=True)
class Change:
    """One change under way: its transaction, who makes it and when."""

    connection: Connection
    actor: str
    time: datetime

    def record(self, event: str, **payload: Any) -> None:
        """Append what was changed to the ledger, in the same transaction."""
        last = head(self.connection)
        text = canonical_json(plain(payload))
        entry: dict[str, Any] = {
            "seq": last.seq + 1,
            "prev": last.sha256,
            "actor": self.actor,
            "time": self.time,
            "event": event,
        }
        digest = _digest(**entry, payload=text)
        self.connection.execute(insert(ledger).values(**entry, payload=text, sha256=digest))


@contextmanager
def changing(database: Database, clock: Clock, actor: str) -> Iterator[Change]:
    """One write transaction on behalf of `actor`: everything in it is stored, or nothing.

    A uniqueness rule of the database that is broken here was kept by somebody else first, so it
    is answered with `ConflictError`.
    """
    if not actor.strip():
        raise RegistryError("a change of the registry needs the name of who makes it; pass a non-empty actor")
    try:
        with database.write() as connection:
            yield Change(connection, actor, clock.now())
    except DuplicateError as error:
        text = str(error.orig).strip().splitlines()[0]
        if "unique" not in text.lower():
            raise
        raise ConflictError(
            f"somebody else made this change first ({text}); read the record again and retry"
        ) from error


def head(connection: Connection) -> Head:
    """The last entry of the chain; sequence 0 when it is empty."""
    row = connection.execute(select(ledger.c.seq, ledger.c.sha256).order_by(ledger.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.sha256) if row else Head(0, GENESIS)


def entries(connection: Connection) -> Iterator[Entry]:
    """All entries, oldest first."""
    for row in connection.execute(select(ledger).order_by(ledger.c.seq)):
        yield Entry(**{**row._mapping, "payload": json.loads(row.payload)})


def verify(database: Database, witness: Head | None = None) -> int | None:
    """The first sequence number at which the chain is broken, or None when it is whole.

    Parameters
    ----------
    witness: a head that was kept elsewhere; the chain must still contain it.
    """
    expected, prev = 1, GENESIS
    with database.read() as connection:
        for row in connection.execute(select(ledger).order_by(ledger.c.seq)):
            if row.seq != expected or row.prev != prev or row.sha256 != _digest_of(row):
                return expected
            if witness and row.seq == witness.seq and row.sha256 != witness.sha256:
                return expected
            expected, prev = expected + 1, row.sha256
    return expected if witness and witness.seq >= expected else None


def _digest_of(row: Row[Any]) -> str:
    fields = {name: value for name, value in row._mapping.items() if name != "sha256"}
    return _digest(**fields)


def _digest(*, seq: int, prev: str, actor: str, time: datetime, event: str, payload: str) -> str:
    return sha256_bytes(canonical_json([seq, prev, actor, plain(time), event, payload]).encode())
