"""Quarantine: the bars that were refused, with the reason, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import PRICES, Bars
from trimtab.bars.times import as_time
from trimtab.market import Series
from trimtab.storage.hashing import sha256_bytes
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive

if TYPE_CHECKING:
    import pyarrow as pa

_FOLDER = "quarantine"
_VALUES = (*PRICES, "volume", "factor")


@dataclass(frozen=True)
class QuarantinedBar:
    """One reason to refuse one bar; a bar with two reasons has two of these.

    Attributes
    ----------
    bar: the same for every reason of the same bar; a hash of event time and values.
    event_time: open of the bar; None where it had no time.
    open, high, low, close, volume, factor: as delivered, NaN where there was no number.
    received_time: when trimtab received it first.
    check, detail: why it was refused.
    """

    bar: str
    event_time: datetime | None
    open: float
    high: float
    low: float
    close: float
    volume: float
    factor: float
    received_time: datetime
    check: str
    detail: str


@dataclass(frozen=True)
class Quarantine:
    """Refused bars in the lake, one folder of Parquet parts per series, append-only.

    A bar is known by its event time and values: delivered again, for the same reason, it changes
    nothing. Decisions about a bar (release, reject) can be kept beside, by `QuarantinedBar.bar`.
    """

    lake: Lake

    def add(self, series: Series, bars: Bars, findings: Sequence[Finding], received: datetime) -> int:
        """Keep the bars that findings of severity "quarantine" point at; returns the reasons added.

        `bars` are the judged bars, to which `Finding.index` refers.
        """
        refusals = [finding for finding in findings if finding.severity == "quarantine"]
        if not refusals:
            return 0
        names = _bar_ids(bars, [finding.index for finding in refusals])
        with exclusive(self.lake.lock_path(f"{_FOLDER}/{series.key}")):
            seen = {(kept.bar, kept.check) for kept in self.list(series)}
            added: list[tuple[str, Finding]] = []
            for name, finding in zip(names, refusals, strict=True):
                if (name, finding.check) not in seen:
                    seen.add((name, finding.check))
                    added.append((name, finding))
            if added:
                self._write(series, bars, added, received)
        return len(added)

    def list(self, series: Series) -> list[QuarantinedBar]:
        """Every reason, in the order they were added."""
        names = self.lake.tables.names(f"{_FOLDER}/{series.key}")
        rows = [row for name in names for row in self.lake.tables.read(name).to_pylist()]
        fields = QuarantinedBar.__dataclass_fields__
        return [QuarantinedBar(**{name: row[name] for name in fields}) for row in rows]

    def count(self, series: Series) -> int:
        """Distinct refused bars."""
        return len({kept.bar for kept in self.list(series)})

    def _write(self, series: Series, bars: Bars, added: Sequence[tuple[str, Finding]], received: datetime) -> None:
        import pyarrow as pa

        rows = np.array([finding.index for _, finding in added], dtype=np.int64)
        table: pa.Table = bars.take(rows).to_table()
        moments = pa.array(np.full(len(rows), as_time(received))).cast(pa.timestamp("us", tz="UTC"))
        table = table.set_column(table.column_names.index("received_time"), "received_time", moments)
        table = table.append_column("bar", pa.array([name for name, _ in added]))
        table = table.append_column("check", pa.array([finding.check for _, finding in added]))
        table = table.append_column("detail", pa.array([finding.detail for _, finding in added]))
        number = sum(1 for _ in self.lake.tables.names(f"{_FOLDER}/{series.key}")) + 1
        content = sha256_bytes("".join(name + finding.check for name, finding in added).encode())[:12]
        self.lake.tables.write(f"{_FOLDER}/{series.key}/{number:06d}-{content}", table)


def _bar_ids(bars: Bars, rows: Sequence[int]) -> list[str]:
    """A hash of event time and values per row; NaN is a value like another."""
    # One canonical NaN, so that the bits a parser chose for "no number" do not matter.
    values = np.column_stack([getattr(bars, name)[rows] for name in _VALUES]).astype("<f8")
    values[np.isnan(values)] = np.nan
    times = bars.event_time[rows].astype("<M8[us]")
    return [sha256_bytes(times[i].tobytes() + values[i].tobytes())[:16] for i in range(len(values))]
