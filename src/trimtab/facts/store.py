"""The bitemporal store of facts: every version of every figure and text, with when it was known.

One append is one Parquet part, written in one step under the lock of the instrument, so a reader sees all
of it or nothing. Many parts become one (`compact`): it appears under its name, then what it covers is
deleted; killed in between, readers ignore what is covered and the next writer removes it. Forgetting works
alike: one part that holds nothing covers all others, then they are deleted, and it after them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import SchemaError, UnknownNameError
from trimtab.facts.checks import require_sound_figures, require_sound_texts
from trimtab.facts.schema import TIME, Figures, Texts, arrays_of
from trimtab.facts.tables import figures_of, figures_table, texts_of, texts_table
from trimtab.facts.versions import (
    AppendReport,
    digests,
    figure_versions,
    new_figures,
    new_texts,
    text_versions,
)
from trimtab.market import Series, Timeframe
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive
from trimtab.storage.parts import Parts, list_parts, read_parts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_PARTS", "AppendReport", "FactStore"]

MAX_PARTS = 64  # parts beside the compacted one, above which an append compacts
FIGURES, TEXTS = "facts/figures", "facts/texts"
KINDS = {"figures": FIGURES, "texts": TEXTS}
_NOTHING = "0" * 12  # in the name of a part that holds nothing, where others have the hash of what they hold
_FIGURE_COLUMNS = ("concept", "period_start", "period_end", "value", "known_time", "received_time", "document")
_TEXT_COLUMNS = (
    *("event_time", "channel", "text", "score", "confidence", "scorer", "embedding"),
    *("known_time", "received_time"),
)


@dataclass(frozen=True)
class FactStore:
    """Append-only versions of facts in the lake, one folder of Parquet parts per instrument and kind.

    `trimtab.facts.versions` has the rules. What is told again is nothing new, so a file may be ingested as
    often as one likes, and figures give the same versions whichever file comes first. A value that was stated
    again at a later time is kept too, though it is no version.
    """

    lake: Lake
    max_parts: int = MAX_PARTS

    def append_figures(self, figures: Figures, received: datetime) -> AppendReport:
        """Store what is new or different among the figures of one instrument, and when a value was stated again.

        Raises `SchemaError` for a value that is no number, a period that ends before it begins or after
        its figure was known, and two values of one concept and period at one known time.
        """
        received_time, folder = _as_time(received), _folder(FIGURES, figures.instrument_id)
        require_sound_figures(figures)
        with exclusive(self.lake.lock_path(folder)):
            parts = self._remove_covered(folder)
            news, report = new_figures(figures, self._stored_figures(figures.instrument_id), received_time)
            if len(news):
                self._write(folder, parts, figures_table(news))
        return report

    def append_texts(self, texts: Texts, received: datetime) -> AppendReport:
        """Store what is new or scored differently among the texts of one instrument; the rest is nothing.

        Raises `SchemaError` for a text that was known before it was published.
        """
        received_time, folder = _as_time(received), _folder(TEXTS, texts.instrument_id)
        require_sound_texts(texts)
        with exclusive(self.lake.lock_path(folder)):
            parts = self._remove_covered(folder)
            news, report = new_texts(texts, self._stored_texts(texts.instrument_id), received_time)
            if len(news):
                self._write(folder, parts, texts_table(news))
        return report

    def figures(self, instrument_id: str) -> Figures:
        """Every version of every figure, by period end, concept and known time; empty where none is stored."""
        return figure_versions(self._stored_figures(instrument_id))

    def texts(self, instrument_id: str) -> Texts:
        """Every version of every text, by event time, channel and known time; empty where none is stored.

        A text that was scored again is there twice: of those known at a time, the one known last counts.
        """
        return text_versions(self._stored_texts(instrument_id))

    def instruments(self) -> list[str]:
        """Every instrument that has facts, sorted."""
        names: dict[str, list[str]] = defaultdict(list)
        for name in (name for kind in (FIGURES, TEXTS) for name in self.lake.tables.names(kind)):
            names[name.rpartition("/")[0]].append(name)
        return sorted({folder.split("/")[2] for folder, held in names.items() if not _is_forgotten(Parts.of(held))})

    def content(self, instrument_id: str) -> tuple[str, ...]:
        """The names of what is stored of an instrument: another tuple when anything was stored since."""
        folders = [_folder(kind, instrument_id) for kind in (FIGURES, TEXTS)]
        return tuple(name for folder in folders for name in self.lake.tables.names(folder))

    def fingerprint(self, instrument_id: str) -> dict[str, str]:
        """SHA-256 of all versions under "figures" and "texts", each only where it is stored.

        Neither how they were split into parts nor when they were received counts.
        """
        figures, texts = self.figures(instrument_id), self.texts(instrument_id)
        found = {}
        if len(figures):
            found["figures"] = fingerprint_arrays(_content_of(figures))
        if len(texts):
            found["texts"] = fingerprint_arrays(_content_of(texts) | {"text": digests(texts)})
        return found

    def compact(self, instrument_id: str) -> int:
        """Gather the parts of an instrument now, every version kept; the number of files left."""
        for kind in (FIGURES, TEXTS):
            folder = _folder(kind, instrument_id)
            with exclusive(self.lake.lock_path(folder)):
                self._compact(folder)
        return len(self.content(instrument_id))

    def forget(self, instrument_id: str, kinds: Iterable[str] = tuple(KINDS)) -> dict[str, int]:
        """Remove all that is stored of an instrument, so that what is told next is new; how many versions there were.

        `kinds` are "figures", "texts" or both; a kind is gone as a whole or, where this was killed, not at all, and
        then forgetting again finishes it. Raises `UnknownNameError` for another kind.
        """
        kinds = list(kinds)
        for kind in kinds:
            if kind not in KINDS:
                raise UnknownNameError("kind of facts", kind, KINDS)
        return {kind: self._forget(kind, instrument_id) for kind in kinds}

    def _forget(self, kind: str, instrument_id: str) -> int:
        folder = _folder(KINDS[kind], instrument_id)
        with exclusive(self.lake.lock_path(folder)):
            n_versions = len(self.figures(instrument_id) if kind == "figures" else self.texts(instrument_id))
            parts = self._remove_covered(folder)
            if parts.live and not _is_forgotten(parts):
                none = Figures.empty(instrument_id), Texts.empty(instrument_id)
                nothing = figures_table(none[0]) if kind == "figures" else texts_table(none[1])
                self.lake.tables.write(f"{folder}/{parts.last + 1:06d}-current-{_NOTHING}", nothing)
                parts = self._remove_covered(folder)
            for name in parts.live:
                self.lake.tables.delete(name)
        return n_versions

    def _stored_figures(self, instrument_id: str) -> Figures:
        tables = self._read(_folder(FIGURES, instrument_id), _FIGURE_COLUMNS)
        return figures_of(_joined(tables), instrument_id) if tables else Figures.empty(instrument_id)

    def _stored_texts(self, instrument_id: str) -> Texts:
        tables = self._read(_folder(TEXTS, instrument_id), _TEXT_COLUMNS)
        return texts_of(_joined(tables), instrument_id) if tables else Texts.empty(instrument_id)

    def _read(self, folder: str, columns: tuple[str, ...]) -> list[pa.Table]:
        return read_parts(self.lake.tables, folder, lambda parts: parts.complete, columns)

    def _write(self, folder: str, parts: Parts, table: pa.Table) -> None:
        self.lake.tables.write(f"{folder}/{parts.last + 1:06d}-{_hash(table)}", table)
        if len(parts.later) >= self.max_parts:
            self._compact(folder)

    def _compact(self, folder: str) -> None:
        parts = self._remove_covered(folder)
        if len(parts.live) < 2:
            return
        table = _joined([self.lake.tables.read(name) for name in parts.complete])
        self.lake.tables.write(f"{folder}/{parts.last:06d}-current-{_hash(table)}", table)
        self._remove_covered(folder)

    def _remove_covered(self, folder: str) -> Parts:
        parts = list_parts(self.lake.tables, folder)
        for name in parts.covered:
            self.lake.tables.delete(name)
        return list_parts(self.lake.tables, folder) if parts.covered else parts


def _folder(kind: str, instrument_id: str) -> str:
    return f"{kind}/{Series(instrument_id, Timeframe.DAY).instrument_id}"  # refuses a name no folder may have


def _is_forgotten(parts: Parts) -> bool:
    """Whether all that is left is the part that holds nothing, of a forgetting that was killed."""
    return not parts.later and parts.current is not None and parts.current.endswith(f"-current-{_NOTHING}")


def _joined(tables: list[pa.Table]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(tables)


def _hash(table: pa.Table) -> str:
    return fingerprint_json([column.to_pylist() for column in table.columns])[:12]


def _content_of(facts: Figures | Texts) -> dict[str, np.ndarray]:
    """The columns but the received time; texts of their own width, which a longer one left out would change."""
    return {
        name: np.array(array.tolist(), np.str_) if array.dtype.kind == "U" else array
        for name, array in arrays_of(facts)
        if name not in ("received_time", "text")
    }


def _as_time(received: datetime) -> np.datetime64:
    if received.tzinfo is None:
        raise SchemaError(f"time {received.isoformat()} carries no time zone; give it in UTC")
    return np.datetime64(received.astimezone(UTC).replace(tzinfo=None), "us").astype(TIME)
