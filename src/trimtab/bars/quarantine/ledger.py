"""`Quarantine`: refusals and decisions in the lake, append-only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.checks.verdict import Finding
from trimtab.bars.quarantine.decision import (
    QuarantineCounts,
    QuarantineDecision,
    State,
    count_states,
    from_row,
    overruled_ids,
    states,
    to_table,
)
from trimtab.bars.quarantine.identity import bar_ids
from trimtab.bars.quarantine.refused import QuarantinedBar
from trimtab.bars.schema import TIME, Bars
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_time
from trimtab.errors import ConfigurationError, NotFoundError, TrimtabError
from trimtab.market import Series
from trimtab.storage.hashing import sha256_bytes
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive

if TYPE_CHECKING:
    import pyarrow as pa

_REFUSED, _DECISIONS = "quarantine", "quarantine_decisions"
_FEWEST_DIGITS = 4


@dataclass(frozen=True)
class Quarantine:
    """Refused bars and the decisions about them, one folder of Parquet parts per series each.

    A bar is known by its event time and values: delivered again, for the same reason, it changes
    nothing. Parts are never changed; `quarantine/**` and `quarantine_decisions/**` can be read by
    DuckDB or pandas without trimtab. What a decision means for the store is worked out in `settle`.
    """

    lake: Lake

    def add(self, series: Series, bars: Bars, findings: Sequence[Finding], received: datetime) -> int:
        """Keep the bars that findings of severity "quarantine" point at; returns the reasons added.

        `bars` are the judged bars, to which `Finding.index` refers.
        """
        refusals = [finding for finding in findings if finding.severity == "quarantine"]
        if not refusals:
            return 0
        names = bar_ids(bars, [finding.index for finding in refusals])
        with exclusive(self.lake.lock_path(f"{_REFUSED}/{series.key}")):
            seen = {(kept.bar, kept.check) for kept in self.list(series)}
            added: dict[tuple[str, str], Finding] = {}
            for name, finding in zip(names, refusals, strict=True):
                if (name, finding.check) not in seen:
                    added.setdefault((name, finding.check), finding)
            if added:
                names_added = [name for name, _ in added]
                table = _refusals(bars, names_added, tuple(added.values()), received)
                self._write(_REFUSED, series, table, "check")
        return len(added)

    def series(self) -> tuple[Series, ...]:
        """Every series with a refused or decided bar, sorted."""
        found = set()
        for name in (*self.lake.tables.names(_REFUSED), *self.lake.tables.names(_DECISIONS)):
            try:
                found.add(Series.parse(name.split("/")[1]))
            except TrimtabError:  # a folder somebody else put here
                continue
        return tuple(sorted(found))

    def count(self, series: Series) -> int:
        """Distinct refused bars, whatever was decided about them."""
        return len({kept.bar for kept in self.list(series)})

    def open(self, series: Series) -> tuple[QuarantinedBar, ...]:
        """Every reason of the bars that wait for a decision, in the order they were added.

        A bar that nobody has decided about, unless the checks have accepted it since: what looked
        like an error may be confirmed by the bars that follow it.
        """
        refused = self.list(series)
        answered = set(states(self.decisions(series))) | self._accepted_since(series, refused)
        return tuple(kept for kept in refused if kept.bar not in answered)

    def counts(self, series: Series) -> QuarantineCounts:
        """How many bars are open, released, rejected, corrected."""
        refused = self.list(series)
        accepted = self._accepted_since(series, refused)
        return count_states((kept.bar for kept in refused if kept.bar not in accepted), self.decisions(series))

    def states(self, series: Series) -> dict[str, State]:
        """The state of every refused bar, and of every accepted one that was corrected."""
        refused: dict[str, State] = {kept.bar: "open" for kept in self.list(series)}
        return refused | states(self.decisions(series))

    def decisions(self, series: Series) -> tuple[QuarantineDecision, ...]:
        """Every decision, in the order they were taken."""
        names = self.lake.tables.names(f"{_DECISIONS}/{series.key}")
        return tuple(from_row(row) for name in names for row in self.lake.tables.read(name).to_pylist())

    def overruled(self, series: Series) -> frozenset[str]:
        """Ids of the bars that a person has overruled and that must not be stored (again)."""
        return overruled_ids(series, self.decisions(series))

    def record(self, series: Series, decisions: Sequence[QuarantineDecision]) -> None:
        """Append decisions, all of them or none."""
        self._write(_DECISIONS, series, to_table(series, decisions), "action")

    def undisturbed(self, series: Series) -> AbstractContextManager[None]:
        """While this is held, nobody else decides about bars of the series.

        A decision holds it from reading to recording. An ingest holds it from reading the decisions
        until its bars are stored, or it could put back what was corrected meanwhile.
        """
        return exclusive(self.lake.lock_path(f"{_DECISIONS}/{series.key}"))

    def find(self, bar: str) -> tuple[Series, str]:
        """The series and the full id of a bar from the beginning of its id, as git does it.

        Raises `ConfigurationError` for a beginning that is too short or fits several bars, and
        `NotFoundError` where it fits none.
        """
        (found,) = self.find_all([bar])
        return found

    def find_all(self, bars: Sequence[str]) -> tuple[tuple[Series, str], ...]:
        """As `find`, for many, reading everything once."""
        known = [(series, name) for series in self.series() for name in self.states(series)]
        return tuple(_fitting(bar, known) for bar in bars)

    def _accepted_since(self, series: Series, refused: Sequence[QuarantinedBar]) -> set[str]:
        """Ids of refused bars that stand in the store; a row told twice stood there from the beginning."""
        wanted = {kept.bar: kept.event_time for kept in refused if kept.check != "duplicate_time"}
        times = np.array([as_time(time) for time in wanted.values() if time is not None], TIME)
        if len(times) == 0:
            return set()
        stored = BarStore(self.lake).stored(series)
        rows = np.flatnonzero(np.isin(stored.event_time, times))
        accepted = set(bar_ids(stored, rows)) & set(wanted)
        return accepted - set(states(self.decisions(series)))

    # Last, because it hides the built-in name from the annotations after it.
    def list(self, series: Series) -> list[QuarantinedBar]:
        """Every reason, in the order they were added."""
        names = self.lake.tables.names(f"{_REFUSED}/{series.key}")
        rows = [row for name in names for row in self.lake.tables.read(name).to_pylist()]
        fields = QuarantinedBar.__dataclass_fields__
        return [QuarantinedBar(**{name: row[name] for name in fields}) for row in rows]

    def _write(self, folder: str, series: Series, table: pa.Table, kind: str) -> None:
        taken = [
            int(name.rpartition("/")[2].split("-")[0]) for name in self.lake.tables.names(f"{folder}/{series.key}")
        ]
        # Without the times of our own clock: the same refusals have the same name on every machine.
        content = sha256_bytes(repr([table[name].to_pylist() for name in ("bar", kind)]).encode())[:12]
        self.lake.tables.write(f"{folder}/{series.key}/{max(taken, default=0) + 1:06d}-{content}", table)


def _fitting(bar: str, known: Sequence[tuple[Series, str]]) -> tuple[Series, str]:
    wanted = bar.strip().lower()
    if len(wanted) < _FEWEST_DIGITS:
        raise ConfigurationError(
            f"'{bar}' is too short to name a bar; give the first {_FEWEST_DIGITS} digits of its id or more"
        )
    fitting = [(series, name) for series, name in known if name.startswith(wanted)]
    if len(fitting) > 1:
        examples = ", ".join(f"{name} ({series})" for series, name in fitting[:3])
        raise ConfigurationError(f"'{bar}' fits {len(fitting)} bars: {examples}; give more digits of the id")
    if not fitting:
        raise NotFoundError(
            f"no bar whose id begins with '{bar}' is in quarantine; trimtab bars quarantine list --all shows them"
        )
    return fitting[0]


def _refusals(bars: Bars, names: Sequence[str], refusals: Sequence[Finding], received: datetime) -> pa.Table:
    import pyarrow as pa

    rows = np.array([finding.index for finding in refusals], dtype=np.int64)
    table: pa.Table = bars.take(rows).to_table()
    moments = pa.array(np.full(len(rows), as_time(received))).cast(pa.timestamp("us", tz="UTC"))
    table = table.set_column(table.column_names.index("received_time"), "received_time", moments)
    table = table.append_column("bar", pa.array(names, pa.string()))
    table = table.append_column("check", pa.array([finding.check for finding in refusals]))
    return table.append_column("detail", pa.array([finding.detail for finding in refusals]))
