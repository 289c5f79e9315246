"""What a look at the inbox found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trimtab.bars.inbox.ledger import Processed
from trimtab.bars.inbox.set_aside import SetAside


@dataclass(frozen=True)
class Delivery:
    """A file that is fully written, and readable as far as is known.

    Attributes
    ----------
    path: where it lies.
    content: what it is remembered by, 64 hex digits; see `trimtab.bars.inbox.content`.
    n_bytes: its size.
    delivered: when it was last touched (UTC); deliveries are taken in this order.
    processed: what became of it before; None for one that was never ingested.
    """

    path: Path
    content: str
    n_bytes: int
    delivered: datetime
    processed: Processed | None = None

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.path.name

    def is_done(self, now: datetime) -> bool:
        """Whether all of it was ingested; bars that were not yet known then may be known by now."""
        if self.processed is None:
            return False
        later = self.processed.unknown_until
        return later is None or now < later


@dataclass(frozen=True)
class Waiting:
    """A file that is left alone for now, and why."""

    path: Path
    why: str


@dataclass(frozen=True)
class Refused:
    """A file that cannot be used, and why; it is to be set aside."""

    path: Path
    reason: str


@dataclass(frozen=True)
class InboxScan:
    """What lies in the inbox.

    Attributes
    ----------
    ready: to be ingested, the earliest delivery first.
    waiting: still being written, not a bar file, or not opened yet.
    refused: bad files that still lie in the inbox.
    set_aside: bad files that were moved to `set_aside/`.
    done: ingested before; they stay where they are.
    """

    ready: tuple[Delivery, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    refused: tuple[Refused, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    done: tuple[Delivery, ...] = ()

    @property
    def quiet_until(self) -> datetime | None:
        """When a done delivery has bars again that were not known before; None when none has."""
        later = [each.processed.unknown_until for each in self.done if each.processed]
        return min((moment for moment in later if moment), default=None)
