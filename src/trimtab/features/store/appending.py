"""New rows behind old ones, at a cost that does not depend on how long the history is.

An append writes one small part. Four parts of one size are gathered into one four times as large, and
when what was appended has grown to a quarter of the base, all of it becomes a new base: over many
appends each row is written a few times, however long the table is. Whatever step a process is killed
at, the table is the one before the append or the one after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from trimtab.bars.times import as_datetime, iso
from trimtab.errors import FeatureError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.features.store.code_identity import require_identities
from trimtab.features.store.files import part_names
from trimtab.features.store.layout import About, block_table, table_name, write_table
from trimtab.features.store.online import Head, head_of, write_head
from trimtab.features.store.origin import MadeFrom, told_of
from trimtab.features.store.ranges import last_number, live_parts, part_name, to_gather
from trimtab.features.store.table import delete_parts, head_of_block, require_own
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive

BASE_TO_APPENDED = 4  # the base is written anew when appended rows reach this part of it


@dataclass(frozen=True)
class AppendReport:
    """What an append did.

    Attributes
    ----------
    rows: rows that were added.
    n_rows: rows of the table now.
    n_files: files it lies in now.
    last_event_time: of its newest row, UTC; None without rows.
    """

    rows: int
    n_rows: int
    n_files: int
    last_event_time: datetime | None


def append_rows(
    lake: Lake,
    series: Series,
    family: str,
    block: FeatureBlock,
    *,
    made_from: MadeFrom | None = None,
    follows: np.datetime64 | None = None,
) -> AppendReport:
    """Add the rows of new bars to the table of a family and series; history is neither read nor written.

    The block holds all the features of the table, in any order; its values are stored in the type the
    table has. `follows` is the event time of the bar before the first row: the store does not know which
    bars there are, so it sees a bar that was skipped only where the caller says this.

    Raises `NotFoundError` where there is no table, `FeatureError` when a feature is missing or is not
    in the table, when other code than the current one computed the table, when a row is not newer than
    the newest stored one (history is replaced with `write_family`), when the newest stored row is not the one
    `follows` names, or when a feature that always has a value after its look-back has none though the
    newest stored row has it: the rows were computed from too few bars.
    """
    require_own(series, family, block)
    name = table_name(family, series)
    with exclusive(lake.lock_path(name)):
        head = head_of(lake, name)
        _require_continuation(series, name, head, block)
        if len(block) and follows is not None:
            _require_next(name, head, follows)
        _require_values(name, head, block)
        if len(block):
            head = _append(lake, name, head, block, made_from or MadeFrom())
        n_files = 1 + len(live_parts(part_names(lake, name), head.covers))
    last = None if np.isnat(head.event_time) else as_datetime(head.event_time)
    return AppendReport(len(block), head.n_rows, n_files, last)


def _require_continuation(series: Series, name: str, head: Head, block: FeatureBlock) -> None:
    stored = list(head.identities)
    missing = [each for each in stored if each not in block.names]
    if missing:
        raise FeatureError(
            f"'{missing[0]}' of table '{name}' is not among the {len(block.names)} features to append; give all {len(stored)} of the table"
        )
    require_identities(head.identities, block.names, series, name)
    if len(block) and not np.isnat(head.event_time) and block.event_time[0] <= head.event_time:
        raise FeatureError(
            f"the first row to append to '{name}' is of {iso(block.event_time[0])}, the table reaches {iso(head.event_time)} already; "
            "append later rows only, or write the family again"
        )


def _require_next(name: str, head: Head, follows: np.datetime64) -> None:
    if head.event_time != follows:
        reached = "has no row yet" if np.isnat(head.event_time) else f"reaches {iso(head.event_time)}"
        raise FeatureError(
            f"the rows to append follow the bar of {iso(follows)}, and '{name}' {reached}; "
            "append the rows of all the bars between, or write the family again"
        )


def _require_values(name: str, head: Head, block: FeatureBlock) -> None:
    """Refuse rows that lack what the table has in every row by now."""
    for column, feature in enumerate(catalogue()[name] for name in block.names):
        if feature.unknown_when:
            continue
        first = min(max(feature.lookback - head.n_rows, 0), len(block))
        absent = np.flatnonzero(np.isnan(block.values[first:, column])) + first
        if len(absent):
            row = int(absent[0])
            raise FeatureError(
                f"'{feature.name}' has no value in the row of {iso(block.event_time[row])} to append to '{name}', "
                f"though {head.n_rows + row} rows are before it and it looks back {feature.lookback}; "
                "compute the rows from more bars before them, or write the family again"
            )


def _append(lake: Lake, name: str, head: Head, block: FeatureBlock, made_from: MadeFrom) -> Head:
    stored = tuple(head.identities)
    in_order = [block.names.index(each) for each in stored]
    block = FeatureBlock(block.series, block.event_time, block.known_time, stored, block.values[:, in_order])
    about = About(head.identities, told_of(lake, made_from, head.identities, block))
    number = 1 + last_number(part_names(lake, name), head.covers)
    content = {"event_time": block.event_time, "known_time": block.known_time, "values": block.values}
    part = part_name(name, number, number, fingerprint_arrays(content))
    write_table(lake, part, block_table(block, head.at_rest), about)
    new = _continued(head, head_of_block(block, head.identities, head.at_rest, head.covers))
    if new.n_rows - new.base_rows >= new.base_rows / BASE_TO_APPENDED:
        new = _renew_base(lake, name, new)
    else:
        _gather(lake, name, new.covers)
    parts = part_names(lake, name)
    needed = {each.name for each in live_parts(parts, new.covers)}
    delete_parts(lake, [each for each in parts if each not in needed])
    write_head(lake, name, new)
    return new


def _continued(old: Head, new: Head) -> Head:
    return replace(new, n_rows=old.n_rows + new.n_rows, base_rows=old.base_rows)


def _gather(lake: Lake, name: str, covers: int) -> None:
    """Gather parts of one size until there are not enough of any; what was gathered stays for the caller to remove."""
    while parts := to_gather(live_parts(part_names(lake, name), covers)):
        names = [part.name for part in parts]
        table, about = _joined(lake, names)
        write_table(lake, part_name(name, parts[0].first, parts[-1].last, fingerprint_json(names)), table, about)


def _renew_base(lake: Lake, name: str, head: Head) -> Head:
    """Put base and parts into a new base."""
    live = live_parts(part_names(lake, name), head.covers)
    table, about = _joined(lake, [name, *(part.name for part in live)])
    write_table(lake, name, table, replace(about, covers=live[-1].last))
    return replace(head, base_rows=head.n_rows, covers=live[-1].last)


def _joined(lake: Lake, names: list[str]) -> tuple[pa.Table, About]:
    """The rows of some files after one another, and what the last of them says."""
    read = [lake.tables.read(name) for name in names]
    about = About.of(read[-1].schema.metadata)
    return pa.concat_tables([table.replace_schema_metadata(None) for table in read]).combine_chunks(), about
