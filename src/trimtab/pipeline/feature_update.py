"""Rows of new bars behind the stored features of a series, between two runs of the stages.

A stage computes a family over all of history, because a dataset must be rebuilt bit for bit. Between two
runs only the newest row is asked for, and it needs no more than the memory of the features: here it is
computed from that and appended. An appended row equals that of the stage to 1e-9, not to the bit, and the
stage replaces it. Rows that are stored already are never changed here: where they would be others
now, the update is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime, as_time, iso
from trimtab.bars.views import TICK
from trimtab.errors import ConflictError, FeatureError, NotFoundError
from trimtab.facts import Figures, Texts
from trimtab.features.engine import FeatureBlock
from trimtab.features.incremental import update
from trimtab.features.store import Lineage, MadeFrom, append_rows, identities, lineage, table_name
from trimtab.market import Series
from trimtab.pipeline.features import STAGES, feature_versions, made_from
from trimtab.pipeline.running import LOCK_TIMEOUT_SECONDS, MAX_ATTEMPTS
from trimtab.pipeline.surroundings import around, needs_of, peers_of, read_peers, surroundings_fingerprint
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.storage.locks import exclusive

# A peer may have had so many more bars than the series itself when a table was computed.
BARS_AHEAD = 10


@dataclass(frozen=True)
class FeatureUpdate:
    """What an update did to one table.

    Attributes
    ----------
    series, family: which table.
    rows: rows that were appended; 0 where no bar is newer than the newest row.
    last_event_time: open of the bar of its newest row now, UTC.
    """

    series: Series
    family: str
    rows: int
    last_event_time: datetime


@dataclass(frozen=True)
class _Table:
    """A stored table that new rows may follow.

    Attributes
    ----------
    family, names: which features; all of the family.
    newest: open of the bar of its newest row, `datetime64[us]`.
    needs: what the features read besides bars.
    peers: the series whose bars they read too.
    """

    family: str
    names: tuple[str, ...]
    newest: np.datetime64
    needs: frozenset[str]
    peers: tuple[Series, ...]


_NewRows = tuple[_Table, FeatureBlock, MadeFrom]


def update_features(
    workspace: Workspace, series_key: str, families: Sequence[str] | None = None
) -> tuple[FeatureUpdate, ...]:
    """Append the rows of the bars stored since the newest row of each family of a series.

    Computed are the new rows on the context they need (`features.incremental`), so the computation is as
    long after ten years of bars as after one. Each row is computed from what was known at its
    decision, as in `compute_point_in_time`. All of the families are appended to, or none.

    Parameters
    ----------
    families: by name; those that are stored where none is given.

    Raises `NotFoundError` for a family without a table or rows, `UnknownNameError` for one that does not
    exist, and `FeatureError` where other code computed the table, or where its rows would be others by
    now: bars up to its newest row, of the series or of a peer, were restated or came late, facts known by then came
    since, or the peers are others.
    """
    series = Series.parse(series_key)
    chosen = _chosen(workspace, series, families)
    with ExitStack() as locks:
        for family in sorted(chosen):
            lock = workspace.lake.lock_path(f"stages/{STAGES[family]}/{series.key}")
            locks.enter_context(exclusive(lock, LOCK_TIMEOUT_SECONDS))  # never beside the stage itself
        return tuple(_append(workspace, series, *each) for each in _computed(workspace, series, chosen))


def _chosen(workspace: Workspace, series: Series, families: Sequence[str] | None) -> tuple[str, ...]:
    """The families to append to, each once; every one of them has a table."""
    tables = workspace.lake.tables
    wanted = tuple(dict.fromkeys(families or (name for name in STAGES if tables.exists(table_name(name, series)))))
    if not wanted:
        raise NotFoundError(f"{series} has no stored features to append to; run the feature stages first")
    for family in wanted:
        feature_versions(family)  # an unknown family is refused by its name
        if not tables.exists(table_name(family, series)):
            raise NotFoundError(f"{series} has no {family} features to append to; run the stage {STAGES[family]} first")
    return wanted


def _computed(workspace: Workspace, series: Series, families: Sequence[str]) -> list[_NewRows]:
    """The new rows of each family, all from the same bars and facts."""
    beside = peers_of(workspace, series)
    for _ in range(MAX_ATTEMPTS):
        before = _content(workspace, series, beside)
        found = _new_rows_of(workspace, series, [_table(workspace, series, family) for family in families])
        if _content(workspace, series, beside) == before:
            return found
    raise ConflictError(
        f"bars or facts of {series} or its peers came {MAX_ATTEMPTS} times while its new rows were computed; "
        "wait until the other runs are done and update again"
    )


def _content(workspace: Workspace, series: Series, peers: Sequence[Series]) -> tuple[Any, ...]:
    stored = [workspace.bars.content(each) for each in (series, *peers)]
    return (*stored, workspace.facts.content(series.instrument_id))


def _table(workspace: Workspace, series: Series, family: str) -> _Table:
    """The stored table of a family, or an error where new rows must not follow it."""
    names, stage = tuple(feature_versions(family)), STAGES[family]
    whose = f"the {family} features of {series}"
    told = lineage(workspace.lake, series, family)
    if told.last_event_time is None:
        raise NotFoundError(f"{whose} have no row yet; run the stage {stage} first")
    if told.identities != identities(names):
        raise FeatureError(
            f"{whose} were computed by other code than is installed; compute the features again (stage {stage})"
        )
    newest, needs = as_time(told.last_event_time), needs_of(names)
    peers = read_peers(workspace, series, needs)
    read = _told_peers(told.facts)
    if set(read) != {peer.key for peer in peers}:
        raise FeatureError(
            f"{whose} were computed beside other peers than the strategy files name; compute the features again (stage {stage})"
        )
    bars = [(series, told.bars, 0), *((peer, read[peer.key], BARS_AHEAD) for peer in peers)]
    for each, fingerprint, ahead in bars:
        if not is_unchanged(workspace.bars, each, fingerprint, newest, ahead):
            raise FeatureError(
                f"bars of {each} up to {iso(newest)}, the newest row of {whose}, were restated or came late since these were computed; "
                f"compute the features again (stage {stage})"
            )
    if _facts_came_late(workspace, series, needs, told):
        raise FeatureError(
            f"facts about {series.instrument_id} that were known by {iso(newest)}, the newest row of {whose}, came since "
            f"these were computed; compute the features again (stage {stage})"
        )
    return _Table(family, names, newest, frozenset(needs), peers)


def _facts_came_late(workspace: Workspace, series: Series, needs: set[str], told: Lineage) -> bool:
    """Whether facts that stored rows should have seen came, or went, after these were computed.

    What became known only after the bar of the newest row had closed changes none of them.
    """
    now = surroundings_fingerprint(workspace, series, needs)
    changed = [kind for kind in ("figures", "texts") if now.get(kind) != told.facts.get(kind)]
    if not changed or told.last_event_time is None or told.made_at is None:
        return bool(changed)
    known_by = as_time(told.last_event_time) + series.timeframe.duration_us
    for kind in changed:
        read = workspace.facts.figures if kind == "figures" else workspace.facts.texts
        facts: Figures | Texts = read(series.instrument_id)
        came = facts.received_time >= as_time(told.made_at)
        if not came.any() or (facts.known_time[came] <= known_by).any():
            return True
    return False


def _told_peers(facts: Mapping[str, str]) -> dict[str, str]:
    """Fingerprints of the bars of peers, by series key, from the lineage of a table."""
    return {kind.removeprefix("peer "): stored for kind, stored in facts.items() if kind.startswith("peer ")}


def is_unchanged(store: BarStore, series: Series, fingerprint: str | None, newest: np.datetime64, ahead: int) -> bool:
    """Whether all that came since bars had a fingerprint is later than a bar: nothing restated, late or told late.

    Parameters
    ----------
    fingerprint: that of the store (`BarStore.fingerprint`) at the time; None says nothing, so nothing is sure.
    newest: open of that bar.
    ahead: how many bars later than it the store may have had at the time already.
    """
    versions = store.versions(series)
    later = np.unique(versions.event_time[versions.event_time > newest])[:ahead]
    actions = _fingerprints_of_actions(store, series.instrument_id, newest)
    for end in (newest, *later):
        stood = versions.take(versions.event_time <= end)
        bars = fingerprint_arrays({name: array for name, array in stood.arrays() if name != "received_time"})
        stored = [bars if told is None else fingerprint_json({"bars": bars, "actions": told}) for told in actions]
        if fingerprint in stored:
            return True
    return False


def _fingerprints_of_actions(store: BarStore, instrument_id: str, newest: np.datetime64) -> list[str | None]:
    """Of the actions as they stood whenever they were told, where those told since apply only to later bars."""
    told = store.actions.history(instrument_id)
    moments = np.concatenate([[np.datetime64("0001-01-01", "us")], np.unique(told.received_time)])
    found: list[str | None] = []
    for moment in moments:
        then = told.take(told.received_time <= moment)
        if (told.ex_time[told.received_time > moment] > newest).all():
            content = {name: array for name, array in then.arrays() if name != "received_time"}
            found.append(fingerprint_arrays(content) if len(then) else None)
    return found


def _new_rows_of(workspace: Workspace, series: Series, tables: Sequence[_Table]) -> list[_NewRows]:
    """The new rows of each table; tables that reach as far and read the same peers share one computation."""
    together: dict[tuple[np.datetime64, tuple[Series, ...]], list[_Table]] = {}
    for table in tables:
        together.setdefault((table.newest, table.peers), []).append(table)
    found: dict[str, _NewRows] = {}
    for (newest, peers), group in together.items():
        block = _new_rows(workspace, series, newest, group, peers)
        for table in group:
            origin = made_from(workspace, series, set(table.needs)) if len(block) else MadeFrom()
            found[table.family] = (table, _columns(block, table.names), origin)
    return [found[table.family] for table in tables]


def _new_rows(
    workspace: Workspace, series: Series, newest: np.datetime64, tables: Sequence[_Table], peers: tuple[Series, ...]
) -> FeatureBlock:
    """All features of some tables for the bars after `newest`, each row from what was known at its decision."""
    names = tuple(name for table in tables for name in table.names)
    beside = around(workspace, series, {need for table in tables for need in table.needs}, peers)
    times = np.empty(0, newest.dtype)
    parts = [FeatureBlock(series, times, times, names, np.empty((0, len(names))))]
    for end, bars in _epochs_since(workspace.bars, series, newest, peers):
        done = np.concatenate([part.event_time for part in parts])
        fresh = (bars.event_time > newest) & ~np.isin(bars.event_time, done)
        if fresh.any():
            n_rows = len(bars) - int(np.argmax(fresh))
            block = update(bars, names, n_rows, beside(end), complete_history=True)
            parts.append(_rows(block, np.flatnonzero(fresh[-n_rows:])))
    joined = FeatureBlock(
        series,
        np.concatenate([part.event_time for part in parts]),
        np.concatenate([part.known_time for part in parts]),
        names,
        np.concatenate([part.values for part in parts]),
    )
    return _rows(joined, np.argsort(joined.event_time, kind="stable"))


def _epochs_since(
    store: BarStore, series: Series, newest: np.datetime64, peers: Sequence[Series]
) -> Iterator[tuple[datetime | None, Bars]]:
    """As `bars.views.epochs`, without those in which no bar later than `newest` was known."""
    versions = store.versions(series)
    known = versions.known_time[versions.event_time > newest]
    if not len(known):
        return
    revisions = np.unique(np.concatenate([store.revision_times(each) for each in (series, *peers)]))
    for moment in revisions[revisions > known.min()]:
        end = as_datetime(moment) - TICK
        yield end, store.as_known_at(series, end)
    yield None, store.current(series)


def _rows(block: FeatureBlock, chosen: np.ndarray) -> FeatureBlock:
    event, known = block.event_time[chosen], block.known_time[chosen]
    return FeatureBlock(block.series, event, known, block.names, np.asfortranarray(block.values[chosen]))


def _columns(block: FeatureBlock, names: tuple[str, ...]) -> FeatureBlock:
    first = block.names.index(names[0])  # a table's features stand together
    values = block.values[:, first : first + len(names)]
    return FeatureBlock(block.series, block.event_time, block.known_time, names, values)


def _append(
    workspace: Workspace, series: Series, table: _Table, block: FeatureBlock, origin: MadeFrom
) -> FeatureUpdate:
    if not len(block):
        return FeatureUpdate(series, table.family, 0, as_datetime(table.newest))
    append_rows(workspace.lake, series, table.family, block, made_from=origin, follows=table.newest)
    return FeatureUpdate(series, table.family, len(block), as_datetime(block.event_time[-1]))
