"""Where a table of features comes from: which bars and facts, when, by which code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from trimtab import __version__
from trimtab.bars.times import as_datetime, iso
from trimtab.features.engine import FeatureBlock
from trimtab.features.store.files import OpenTable, consistently, open_table
from trimtab.features.store.layout import table_name
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_json
from trimtab.storage.lake import Lake


@dataclass(frozen=True)
class MadeFrom:
    """What rows were computed from, as the caller of the computation knows it.

    Attributes
    ----------
    bars: fingerprint of the bars of the series; None where the caller knows none.
    facts: fingerprints of what was read around them, by kind ("figures", "texts", "peers", ...).
    """

    bars: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lineage:
    """The origin of a table.

    Attributes
    ----------
    series, family: which table, the series by its key.
    bars: fingerprint of the bars the newest rows were computed from; None where it was not told.
    facts: fingerprints of the facts and peers read for them, by kind.
    n_rows: rows of the table, one per bar.
    first_event_time, last_event_time: of its first and last row, UTC; None without rows.
    made_at: when the newest rows were written, UTC; None for a table older than lineage.
    code_version: trimtab's version, and a hash of the identities of the features.
    identities: of each feature, the version and code that computed it.
    n_files: files it lies in: the base and the parts appended to it.
    """

    series: str
    family: str
    bars: str | None
    facts: dict[str, str]
    n_rows: int
    first_event_time: datetime | None
    last_event_time: datetime | None
    made_at: datetime | None
    code_version: str | None
    identities: dict[str, str]
    n_files: int

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        times = ("first_event_time", "last_event_time", "made_at")
        return {**asdict(self), **{name: _text(getattr(self, name)) for name in times}}


def lineage(lake: Lake, series: Series, family: str) -> Lineage:
    """What the stored features of a family and series were made from.

    Raises `NotFoundError` where the family has not been computed for the series.
    """
    name = table_name(family, series)
    table, event_time = consistently(name, lambda: _with_times(open_table(lake, name)))
    told = table.newest.lineage
    return Lineage(
        series=series.key,
        family=family,
        bars=told.get("bars"),
        facts=dict(told.get("facts", {})),
        n_rows=len(event_time),
        first_event_time=as_datetime(event_time[0]) if len(event_time) else None,
        last_event_time=as_datetime(event_time[-1]) if len(event_time) else None,
        made_at=datetime.fromisoformat(told["made_at"]) if "made_at" in told else None,
        code_version=told.get("code_version"),
        identities=dict(table.about.identities),
        n_files=len(table.files),
    )


def told_of(lake: Lake, made_from: MadeFrom, identities: Mapping[str, str], block: FeatureBlock) -> dict[str, Any]:
    """The lineage of some rows as a file keeps it."""
    return {
        "bars": made_from.bars,
        "facts": dict(made_from.facts),
        "rows": len(block),
        "first_event_time": iso(block.event_time[0]) if len(block) else None,
        "last_event_time": iso(block.event_time[-1]) if len(block) else None,
        "made_at": lake.clock.now().isoformat(),
        "code_version": f"{__version__}+{fingerprint_json(dict(identities))[:12]}",
    }


def _with_times(table: OpenTable) -> tuple[OpenTable, Any]:
    return table, table.times()[0]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
