"""Corporate actions that a person tells: who, what and why go into the audit ledger, then into the lake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.actions import Actions
from trimtab.bars.actions.schema import NOTHING, ActionKind
from trimtab.bars.actions.store import in_order
from trimtab.bars.checks import judge_actions
from trimtab.bars.store import BarStore
from trimtab.bars.versions import AppendReport
from trimtab.errors import ConfigurationError, SchemaError
from trimtab.market import Series, Timeframe
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.ledger import changing

EVENT = "actions_imported"


@dataclass(frozen=True)
class ImportedActions:
    """What was done with the actions of one instrument.

    Attributes
    ----------
    instrument_id: whose.
    report: what the store did, in actions.
    warnings: what a person should look at; nothing was refused for it.
    """

    instrument_id: str
    report: AppendReport
    warnings: tuple[str, ...]


def import_actions(
    workspace: Workspace,
    told: Sequence[Actions],
    *,
    actor: str,
    reason: str,
    announced: bool = False,
    on_top: bool = False,
) -> list[ImportedActions]:
    """Store actions that a person tells, all of them or none.

    They are judged against the stored bars first. The entry in the audit ledger is written before
    the actions, so that none is ever stored without one; killed in between, the same import again
    completes it and is a second entry.

    Parameters
    ----------
    announced: the actions were public at their ex-dates, so what is told for the first time is known from
        then on, although bars on both sides were stored before. Without it such an action counts from now.
    on_top: they count beside the adjustment that the stored bars carry from their source. Without it
        they are refused there, because the source has most likely accounted for them; withdrawing is not.

    Raises `SchemaError` for an impossible action, and `ConfigurationError` without actor or reason or
    where actions would count twice.
    """
    if not actor.strip() or not reason.strip():
        raise ConfigurationError("an import of actions needs who makes it and why; give --actor and --reason")
    store = workspace.bars
    if not on_top:
        _refuse_to_count_twice(store, told)
    warnings = [_judged(store, in_order(actions)) for actions in told]
    done = []
    for actions, warned in zip(told, warnings, strict=True):
        with changing(workspace.registry.database, workspace.lake.clock, actor.strip()) as change:
            change.record(
                EVENT,
                instrument_id=actions.instrument_id,
                reason=reason.strip(),
                announced=announced,
                actions=_rows(actions),
            )
        oldest, newest = (None, None) if announced else store.seen(actions.instrument_id)
        report = store.actions.append(actions, workspace.lake.clock.now(), last_seen=newest, first_seen=oldest)
        done.append(ImportedActions(actions.instrument_id, report, warned))
    return done


def _refuse_to_count_twice(store: BarStore, told: Sequence[Actions]) -> None:
    """Raise `ConfigurationError` for actions on bars that their source has adjusted already."""
    happened = {
        actions.instrument_id for actions in told if any(value != NOTHING[kind] for kind, value in _each(actions))
    }
    for series in store.series():
        if series.instrument_id in happened and (store.stored(series).factor != 1.0).any():
            raise ConfigurationError(
                f"bars of {series} are adjusted by their source already, and these actions would count twice; "
                "leave them out, or give --on-top if that adjustment lacks them"
            )


def _each(actions: Actions) -> list[tuple[ActionKind, float]]:
    return [
        (ActionKind(kind), value) for kind, value in zip(actions.kind.tolist(), actions.value.tolist(), strict=True)
    ]


def _judged(store: BarStore, actions: Actions) -> tuple[str, ...]:
    """What is odd about the actions; raises `SchemaError` for what is impossible."""
    bars = _bars_of(store, actions.instrument_id)
    verdict = judge_actions(bars, actions)
    refused = [finding.detail for finding in verdict.findings if finding.severity == "quarantine"]
    if refused:
        raise SchemaError(f"actions of {actions.instrument_id}: {refused[0]}; correct the file and import it again")
    warnings = [f"{str(found.event_time)[:10]}: {found.detail}" for found in verdict.findings]
    if (bars.factor != 1.0).any():
        warnings.append(
            f"bars of {bars.series} come with an adjustment of their source, on which these actions now count too"
        )
    return tuple(warnings)


def _bars_of(store: BarStore, instrument_id: str) -> Bars:
    """Stored bars of an instrument, the daily ones where there are any; none where nothing is stored."""
    daily = Series(instrument_id, Timeframe.DAY)
    stored = [series for series in store.series() if series.instrument_id == instrument_id]
    return store.stored(daily if daily in stored or not stored else stored[0])


def _rows(actions: Actions) -> list[dict[str, object]]:
    dates = np.datetime_as_string(actions.ex_time, unit="D").tolist()
    values = zip(dates, actions.kind.tolist(), actions.value.tolist(), strict=True)
    return [{"ex_date": date, "kind": kind, "value": value} for date, kind, value in values]
