"""`Inbox`: a folder, and what is to be done with each file in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from trimtab.bars.inbox.content import content_of
from trimtab.bars.inbox.ledger import FOLDER, InboxLedger
from trimtab.bars.inbox.scan import Delivery, InboxScan, Refused, Waiting
from trimtab.bars.inbox.set_aside import SetAside, list_set_aside, set_aside
from trimtab.bars.inbox.written import Found, has_stalled, not_a_bar_file, too_young, unfinished
from trimtab.bars.sources.files import BarFiles
from trimtab.errors import ConfigurationError, SourceError, TrimtabError
from trimtab.storage.atomic import write_atomically, write_text
from trimtab.storage.hashing import fingerprint_json
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive

# A larger file is read for the first time when it is ingested: a look must be done in seconds.
MAX_JUDGED_BYTES = 32 * 2**20
MAX_OPENED_BYTES = 256 * 2**20  # of new files in one look; the others are opened at the next
COST_OF_OPENING_BYTES = 2**19  # opening a file costs at least as much as reading so many bytes


@dataclass(frozen=True)
class Inbox:
    """A folder that is watched for bar files; only files directly in it count.

    Attributes
    ----------
    lake: remembers what was processed.
    folder: what is watched; it need not exist.
    settle_seconds: how long a file must have been left alone to count as written.
    publication_lag: from a bar's close until files show it.
    """

    lake: Lake
    folder: Path
    settle_seconds: float = 10.0
    publication_lag: timedelta = timedelta(0)

    @property
    def ledger(self) -> InboxLedger:
        """What was processed."""
        return InboxLedger(self.lake)

    def scan(self, now: datetime) -> InboxScan:
        """Look at every file; nothing in the inbox is changed.

        A file that was opened is remembered in the lake by its size and times, so that the next look
        does not read it again.

        Parameters
        ----------
        now: by the clock that dates files, which is the computer's and never a simulated one.
        """
        looked = list(self._look(now))
        deliveries = [each for each in looked if isinstance(each, Delivery)]
        present = self.lake.clock.now()
        return InboxScan(
            ready=tuple(each for each in deliveries if not each.is_done(present)),
            waiting=tuple(each for each in looked if isinstance(each, Waiting)),
            refused=tuple(each for each in looked if isinstance(each, Refused)),
            set_aside=list_set_aside(self.folder),
            done=tuple(each for each in deliveries if each.is_done(present)),
        )

    def listing(self) -> str:
        """A hash of what the folder shows without opening anything; it changes when any file does."""
        return fingerprint_json([_identity(found) for found in self._files()])

    def delivery(self, name: str) -> Delivery:
        """The delivery of a name, read anew; raises `SourceError` where it is not there any more, and says why."""
        if Path(name).name != name:
            raise SourceError(f"'{name}' is no name of a file in the inbox; give the name without a folder")
        path = self.folder / name
        try:
            return self._delivery(Found.at(path), content_of(path))
        except OSError as error:
            for aside in list_set_aside(self.folder):
                if aside.path.name == name:
                    raise SourceError(f"{name} was set aside: {aside.reason}") from None
            raise SourceError(
                f"{name} cannot be read in the inbox {self.folder} ({error.strerror}); was it taken away? deliver it again"
            ) from None

    @contextmanager
    def taken(self, delivery: Delivery) -> Iterator[Path]:
        """A private copy of a delivery, so that what is ingested is what was looked at; gone afterwards.

        Raises `SourceError` when the file is no longer what it was.
        """
        copy = self.lake.root / FOLDER / "taken" / delivery.content / delivery.name
        if not delivery.path.is_file():
            raise SourceError(f"{delivery.name} was taken away from the inbox {self.folder}; deliver it again")
        try:
            write_atomically(copy, partial(_copy, delivery.path))
            if content_of(copy) != delivery.content:
                raise SourceError(
                    f"{delivery.name} was changed while it was taken; it is taken when it has been left alone for a while"
                )
            yield copy
        finally:
            shutil.rmtree(copy.parent, ignore_errors=True)

    def set_aside(self, refused: Refused) -> SetAside:
        """Move a bad file to `set_aside/`, with its reason beside it."""
        with exclusive(self.lake.lock_path("inbox-set-aside")):
            return set_aside(refused.path, refused.reason)

    def _files(self) -> list[Found]:
        """The files of the folder, the earliest first; hidden ones are the business of whoever hides them."""
        if not self.folder.exists():
            return []
        if not self.folder.is_dir():
            raise ConfigurationError(f"the inbox {self.folder} is a file; give a folder (TRIMTAB_INBOX_DIR)")
        paths = [path for path in self.folder.iterdir() if not path.name.startswith(".") and path.is_file()]
        found = [each for path in paths if (each := _found(path)) is not None]
        return sorted(found, key=lambda each: (each.touched, each.name))

    def _look(self, now: datetime) -> Iterator[Delivery | Waiting | Refused]:
        room = MAX_OPENED_BYTES
        for found in self._files():
            known = self._remembered(found)
            why = None if known else not_a_bar_file(found.name) or too_young(found, now, self.settle_seconds)
            if known:
                yield self._delivery(found, known)
            elif why:
                yield Waiting(found.path, why)
            elif room <= 0:
                yield Waiting(found.path, "its turn comes at the next look")
            else:
                room -= max(found.n_bytes, COST_OF_OPENING_BYTES)
                yield self._open(found, has_stalled(found, now))

    def _open(self, found: Found, stalled: bool) -> Delivery | Waiting | Refused:
        try:
            lacks = unfinished(found.path)
            if lacks and not stalled:
                return Waiting(found.path, f"{lacks}; it is waited for until nobody has touched it for an hour")
            if lacks and not _may_end_so(found):
                return Refused(
                    found.path, f"{found.name}: {lacks}, and nobody has touched it for an hour; deliver it again, whole"
                )
            delivery = self._delivery(found, content_of(found.path))
            reason = None if delivery.processed else self._unreadable(found)
        except OSError as error:
            return Waiting(found.path, f"it cannot be read ({error.strerror}); check its permissions")
        if reason:
            return Refused(found.path, reason)
        self._remember(found, delivery.content)
        return delivery

    def _unreadable(self, found: Found) -> str | None:
        if found.n_bytes > MAX_JUDGED_BYTES:
            return None
        try:
            # All of a CSV file; of a Parquet file, whose columns have one type throughout, what it
            # lists and the first series, so that a look does not hold a large file in memory.
            files = BarFiles(found.path, self.publication_lag)
            files.fetch(files.instruments()[0])
        except TrimtabError as error:
            return str(error)
        except OSError:
            raise
        except Exception as error:  # whatever a strange file provokes: it must not keep the others waiting
            return f"{found.name} cannot be read ({type(error).__name__}: {error})"
        return None

    def _delivery(self, found: Found, content: str) -> Delivery:
        processed = self.ledger.find(found.name, content)
        return Delivery(found.path, content, found.n_bytes, found.touched, processed)

    def _remembered(self, found: Found) -> str | None:
        try:
            note = json.loads(self._note(found.name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return str(note["content"]) if note["identity"] == _identity(found) else None

    def _remember(self, found: Found, content: str) -> None:
        write_text(self._note(found.name), json.dumps({"identity": _identity(found), "content": content}))

    def _note(self, name: str) -> Path:
        return self.lake.root / FOLDER / "opened" / f"{fingerprint_json(name)[:32]}.json"


def _found(path: Path) -> Found | None:
    try:
        return Found.at(path)
    except FileNotFoundError:  # taken away just now
        return None


def _identity(found: Found) -> Sequence[str | int]:
    return [found.name, found.n_bytes, found.mtime_ns, found.ctime_ns]


def _may_end_so(found: Found) -> bool:
    """Whether a file that nobody goes on writing may be whole although it does not look so."""
    return found.name.lower().endswith(".csv") and found.n_bytes > 0


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
