"""Opening what DuckDB is asked for: a database, files, or nothing but a query.

Whatever it was, the rows to be read as bars are afterwards one view of one connection, `VIEW`. The
connection can only read. A database may be asked about itself and about files in its own folder,
because its views may rest on them; files may be asked about themselves, as the table `bars`; a query
without a path may name any local file. No extension is fetched, so nothing is asked over a network.
"""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.bars.file_access import SUFFIXES, FileStamp, is_parquet, stamp_of
from trimtab.bars.files import name_of
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

VIEW = '"trimtab bars"'  # with a space, so that no name of a person is in its way
FILES = "bars"
_MEMORY = "1GB"  # for the query; DuckDB uses the disk above it


class UnknownTableError(UnknownNameError, SourceError):
    """A database does not have the table it was asked for; lists those it has."""


@dataclass(frozen=True)
class OpenedView:
    """A connection with the view `VIEW`.

    Attributes
    ----------
    connection: can only read.
    where: what was asked, for messages.
    instrument_id: the name of the one file or table, for rows that do not say their instrument.
    named_by: what that name is, for people.
    stamps: the files that are read, as they were when they were opened.
    """

    connection: DuckDBPyConnection
    where: str
    instrument_id: str | None
    named_by: str
    stamps: dict[Path, FileStamp]


def open_view(path: Path | None, query: str | None) -> OpenedView:
    """Open a database, files or nothing, and make `VIEW` of the table or the SELECT that is asked for.

    Parameters
    ----------
    path: a DuckDB database; a bar file, a folder or a glob of bar files; or None.
    query: a table's name or one SELECT; absent, the only table there is.

    Raises
    ------
    ConfigurationError: neither is given, or the query is something else than one SELECT.
    UnknownTableError: there is no such table.
    SourceError: a file is missing, locked by a writer, no database, or DuckDB refuses the query.
    """
    stamps: dict[Path, FileStamp] = {}
    if path is None:
        if not query:
            raise ConfigurationError(
                "source 'duckdb' needs a path or a query: give a database, a bar file or a glob as path, "
                "or a SELECT that names its files"
            )
        connection, where = _connect(":memory:"), "duckdb"
    elif _is_database(path):
        connection, where = _open_database(path), str(path)
    else:
        stamps = {file: stamp_of(file) for file in _files(path)}
        connection, where = _open_files(list(stamps)), str(path)
    with explained(where, connection):
        table = _table(connection, query, where)
        rows = f"SELECT * FROM {table[0]}" if table else query
        connection.execute(f"CREATE TEMP VIEW {VIEW} AS {rows}")
    named_by, name = "the table's name", table[1] if table else None
    if stamps and name == FILES:
        named_by, name = "the file's name", name_of(next(iter(stamps))) if len(stamps) == 1 else None
    return OpenedView(connection, f"{where}: {_said(table, query)}" if query else where, name, named_by, stamps)


@contextmanager
def explained(where: str, connection: DuckDBPyConnection | None = None) -> Iterator[None]:
    """Turn what DuckDB objects to into one sentence of a `SourceError`."""
    import duckdb

    try:
        yield
    except duckdb.PermissionException as error:
        raise SourceError(
            f"{where}: {_reason(error)}; a query reads the database and files in its folder, the files given as "
            "path, or, without a path, any local file"
        ) from None
    except duckdb.CatalogException as error:
        tables = f"; its tables are: {', '.join(_names(connection)) or 'none'}" if connection else ""
        raise SourceError(f"{where}: DuckDB cannot answer ({_reason(error)}){tables}") from None
    except duckdb.Error as error:
        raise SourceError(f"{where}: DuckDB cannot answer ({_reason(error)}); correct the query or the file") from None


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it.

    >>> print(quoted('the "last" price'))
    "the ""last"" price"
    """
    return '"' + name.replace('"', '""') + '"'


def _connect(where: str, read_only: bool = False) -> DuckDBPyConnection:
    import duckdb

    spill = str(Path(tempfile.gettempdir()) / "trimtab-duckdb")
    connection = duckdb.connect(
        where,
        read_only=read_only,
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _MEMORY,
            "temp_directory": spill,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _is_database(path: Path) -> bool:
    return not path.is_dir() and not path.name.lower().endswith(SUFFIXES) and not glob.has_magic(str(path))


def _open_database(path: Path) -> DuckDBPyConnection:
    import duckdb

    if not path.exists():
        raise SourceError(f"database {path} does not exist; check the path")
    try:
        connection = _connect(str(path), read_only=True)
    except duckdb.ConnectionException:
        raise SourceError(f"{path} is open for writing in this process; close it first") from None
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise SourceError(
                f"{path} is locked by a process that writes it ({_reason(error)}); let it finish, or give a copy"
            ) from None
        raise SourceError(f"{path} is no DuckDB database that can be read ({_reason(error)})") from None
    _allow(connection, "allowed_directories", [str(path.resolve().parent)])
    return connection


def _files(path: Path) -> list[Path]:
    """The bar files of a path, a folder or a glob, in the order of their names."""
    if path.is_dir():
        found = [each for each in path.iterdir() if each.name.endswith(SUFFIXES)]
    elif path.exists():
        found = [path]
    else:
        found = [Path(each) for each in glob.glob(str(path), recursive=True)]  # noqa: PTH207 - may be absolute
    files = sorted(each for each in found if each.is_file() and not each.name.startswith("."))
    if not files:
        raise SourceError(f"no bar file at {path}; give a DuckDB database, or {', '.join(SUFFIXES)} files")
    if len({is_parquet(each) for each in files}) > 1:
        raise SourceError(f"{path} holds both CSV and Parquet files; give a glob of one kind, such as *.parquet")
    return files


def _open_files(files: list[Path]) -> DuckDBPyConnection:
    connection = _connect(":memory:")
    paths = [str(file.resolve()) for file in files]
    patterns = [glob.escape(path) for path in paths]  # DuckDB takes every name for a pattern
    names = ", ".join(map(_literal, patterns))
    # CSV is read as text: what a zone, a leading zero or "n/a" means is decided by our own rules.
    read = "read_parquet" if is_parquet(files[0]) else "read_csv"
    options = "" if is_parquet(files[0]) else ", all_varchar = true"
    with explained(str(files[0] if len(files) == 1 else files[0].parent)):
        connection.execute(f"CREATE VIEW {FILES} AS SELECT * FROM {read}([{names}], union_by_name = true{options})")
        if is_parquet(files[0]):
            _refuse_mixed_zones(connection, names)
    _allow(connection, "allowed_paths", sorted({*paths, *patterns}))
    return connection


def _refuse_mixed_zones(connection: DuckDBPyConnection, names: str) -> None:
    """A time without a zone beside times with one would be taken for UTC."""
    mixed = connection.execute(
        f"SELECT name FROM parquet_schema([{names}]) WHERE duckdb_type LIKE 'TIMESTAMP%' "
        "GROUP BY name HAVING count(DISTINCT duckdb_type LIKE '%TIME ZONE%') > 1"
    ).fetchall()
    if mixed:
        raise SourceError(
            f"some of the files write '{mixed[0][0]}' with a time zone and some without; open them as source 'files'"
        )


def _allow(connection: DuckDBPyConnection, setting: str, paths: Sequence[str]) -> None:
    """From here on the connection reads nothing but these; nothing that is asked of it can change that."""
    if connection.execute("SELECT current_setting('enable_external_access')").fetchall() == [(False,)]:
        return  # the same database is open in this process already, and was told so
    connection.execute(f"SET {setting} = [{', '.join(map(_literal, paths))}]")
    connection.execute("SET enable_external_access = false")


def _table(connection: DuckDBPyConnection, query: str | None, where: str) -> tuple[str, str] | None:
    """The table that is asked for, quoted and plain; None for a SELECT, which is checked."""
    import duckdb

    tables = _tables(connection)
    if not query:
        if len(tables) == 1:
            return next((quoted_name, name) for name, quoted_name in tables.items())
        listed = f"several tables ({', '.join(tables)}); say which (--query)" if tables else "no table"
        raise SourceError(f"{where} holds {listed}")
    if query in tables:
        return tables[query], query
    if len(query.split()) == 1 and query.strip("();") == query:
        raise UnknownTableError("table", query, tables, where=f"{where}: ")
    try:
        statements = connection.extract_statements(query)
    except duckdb.ParserException as error:
        raise SourceError(
            f"{where}: '{query}' is neither a table ({', '.join(tables) or 'there are none'}) nor a SELECT "
            f"that DuckDB understands ({_reason(error)})"
        ) from None
    if [statement.type.name for statement in statements] != ["SELECT"]:
        given = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise ConfigurationError(f"source 'duckdb' takes a table's name or one SELECT, not: {given}")
    return None


def _tables(connection: DuckDBPyConnection) -> dict[str, str]:
    """Tables and views by name, and how they are quoted; those outside the main schema by schema.table."""
    rows = connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog <> 'temp' ORDER BY ALL"
    ).fetchall()
    return {
        table if schema == "main" else f"{schema}.{table}": f"{quoted(schema)}.{quoted(table)}"
        for schema, table in rows
    }


def _names(connection: DuckDBPyConnection) -> list[str]:
    return list(_tables(connection))


def _said(table: tuple[str, str] | None, query: str | None) -> str:
    return f"table '{table[1]}'" if table else f"'{' '.join((query or '').split())[:60]}'"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _reason(error: Exception) -> str:
    """What DuckDB said, in one line, without the picture of the place."""
    return " ".join(str(error).split("\nLINE ")[0].split())[:300]
