"""Parquet tables under a root folder, by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.errors import NotFoundError, StorageError
from trimtab.storage.atomic import write_atomically

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TableStore:
    """Parquet tables under `root`; a name such as `features/technical/AAPL__1d` is a file.

    A table is replaced as a whole and in one step. The files are plain zstd Parquet: DuckDB,
    pandas or Polars read them without trimtab.
    """

    root: Path

    def path(self, name: str) -> Path:
        """The file of a table; a name that would leave the root is refused."""
        path = (self.root / f"{name}.parquet").resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise StorageError(f"table name '{name}' points outside {self.root}")
        return path

    def write(self, name: str, table: pa.Table) -> Path:
        """Write a table atomically and return its file."""
        import pyarrow.parquet as pq

        path = self.path(name)
        write_atomically(path, lambda temporary: pq.write_table(table, temporary, compression="zstd"))
        return path

    def read(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """Read a table, or some of its columns; `NotFoundError` when there is none."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path(name)
        try:
            with pq.ParquetFile(path, memory_map=False) as file:
                return file.read(columns=columns)
        except FileNotFoundError:
            raise NotFoundError(f"there is no table '{name}' in {self.root}; run the step that makes it") from None
        except (pa.ArrowException, OSError) as error:  # a damaged page shows as either
            raise StorageError(
                f"{path} is not a readable Parquet file ({error}); restore it from a copy, or move it away and run again (what only it held is lost)"
            ) from error

    def exists(self, name: str) -> bool:
        """Whether the table has been written."""
        return self.path(name).is_file()

    def names(self, prefix: str = "") -> Iterator[str]:
        """Names of the tables under a prefix, sorted."""
        folder = self.root / prefix
        for path in sorted(folder.rglob("*.parquet")) if folder.is_dir() else []:
            if not path.name.startswith("."):
                yield str(path.relative_to(self.root).with_suffix(""))

    def delete(self, name: str) -> None:
        """Remove a table; nothing happens when there is none."""
        self.path(name).unlink(missing_ok=True)
