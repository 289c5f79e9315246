"""Tables whose process dies at a chosen step: before or after a file appears or goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.dying import Died

from trimtab.storage.lake import Lake
from trimtab.storage.tables import TableStore

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class DyingTables(TableStore):
    """Every write and delete is two steps, one before it and one after; dies when the steps are used up."""

    steps_left: list[int] = field(default_factory=lambda: [0])

    def write(self, name: str, table: pa.Table) -> Path:
        self._step()
        path = super().write(name, table)
        self._step()
        return path

    def delete(self, name: str) -> None:
        self._step()
        super().delete(name)
        self._step()

    def _step(self) -> None:
        if self.steps_left[0] == 0:
            raise Died("at a write or a delete")
        self.steps_left[0] -= 1


def dying_lake(lake: Lake, steps: int) -> Lake:
    """The same lake in a process that dies after some steps."""
    return replace(lake, tables=DyingTables(lake.tables.root, [steps]))
