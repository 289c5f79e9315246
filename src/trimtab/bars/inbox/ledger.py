"""What was processed, by content: one small JSON file per delivery, never changed.

`inbox_ledger/processed/<content>/001.json` says what a delivery held and what became of it. A content that
is processed again (its name held something else in between) gets the next number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json
from trimtab.storage.lake import Lake

FOLDER = "inbox_ledger"  # not "inbox", which is where files are delivered


@dataclass(frozen=True)
class SeriesTaken:
    """What became of the bars of one series of a file, in bars.

    Attributes
    ----------
    key: the series.
    fetched: bars that were judged; without those not yet known.
    new, restated, unchanged: what the store did with the accepted ones.
    quarantined: refused ones.
    flagged: warnings of the checks.
    unknown: bars whose known time still lay ahead; they are taken when it has come.
    """

    key: str
    fetched: int = 0
    new: int = 0
    restated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    flagged: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Processed:
    """One delivery that was ingested.

    Attributes
    ----------
    content: SHA-256 of the file, 64 hex digits; see `trimtab.bars.inbox.folder.content_of`.
    name: the file's name then.
    n_bytes: its size.
    processed: when it was ingested (UTC).
    unknown_until: from when on bars of it can be taken that were not yet known; None if there are none.
    series: what became of each series.
    """

    content: str
    name: str
    n_bytes: int
    processed: datetime
    unknown_until: datetime | None
    series: tuple[SeriesTaken, ...]

    def total(self, what: str) -> int:
        """The sum over the series of one of their counts, such as "new"."""
        return sum(int(getattr(each, what)) for each in self.series)


@dataclass(frozen=True)
class InboxLedger:
    """The deliveries that were ingested, in the lake."""

    lake: Lake

    def record(self, processed: Processed) -> None:
        """Note a delivery; call it last, when all its bars are stored."""
        folder = self._of_content(processed.content)
        number = len(list(folder.glob("*.json"))) + 1
        write_text(folder / f"{number:03d}.json", _to_json(processed))
        write_text(self._of_name(processed.name), json.dumps({"name": processed.name, "content": processed.content}))

    def last(self, content: str) -> Processed | None:
        """The latest processing of a content, or None."""
        entries = sorted(self._of_content(content).glob("*.json"))
        return _from_json(entries[-1].read_text(encoding="utf-8")) if entries else None

    def entries(self) -> Iterator[Processed]:
        """Everything ever processed, by time."""
        paths = (self.lake.root / FOLDER / "processed").glob("*/*.json")
        yield from sorted(
            (_from_json(path.read_text(encoding="utf-8")) for path in paths), key=lambda each: each.processed
        )

    def find(self, name: str, content: str) -> Processed | None:
        """The processing that makes another one of this content under this name needless, or None.

        A content seen before under any name is known, unless this very name has held another one
        since: then somebody has put the earlier state back, and it counts again.
        """
        held = self._held_last(name)
        return None if held not in (None, content) else self.last(content)

    def _held_last(self, name: str) -> str | None:
        path = self._of_name(name)
        return str(json.loads(path.read_text(encoding="utf-8"))["content"]) if path.is_file() else None

    def _of_content(self, content: str) -> Path:
        return self.lake.root / FOLDER / "processed" / content

    def _of_name(self, name: str) -> Path:
        return self.lake.root / FOLDER / "names" / f"{fingerprint_json(name)[:32]}.json"


def _to_json(processed: Processed) -> str:
    later = processed.unknown_until
    plain = asdict(processed) | {
        "processed": processed.processed.isoformat(),
        "unknown_until": later.isoformat() if later else None,
    }
    return json.dumps(plain, indent=1)


def _from_json(text: str) -> Processed:
    plain: dict[str, Any] = json.loads(text)
    later = plain["unknown_until"]
    return Processed(
        **plain
        | {
            "processed": datetime.fromisoformat(plain["processed"]),
            "unknown_until": datetime.fromisoformat(later) if later else None,
            "series": tuple(SeriesTaken(**each) for each in plain["series"]),
        }
    )
