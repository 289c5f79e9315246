"""Performance history: what a model version really achieved, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from trimtab.registry import models
from trimtab.registry.ledger import Change
from trimtab.registry.plain import number
from trimtab.registry.schema import model_performance_history
from trimtab.registry.schema import models as models_table


@dataclass(frozen=True)
class Performance:
    """One metric of one version over one window of matured outcomes.

    Attributes
    ----------
    model_id: the version.
    metric: its name, as in `trimtab.metrics`.
    value: realised in the window; None when it is undefined there.
    expected: what validation promised; None when nothing was promised.
    n_samples: outcomes in the window.
    window_start, window_end: decision times of the first and the last sample.
    """

    model_id: int
    metric: str
    value: float | None
    expected: float | None
    n_samples: int
    window_start: datetime
    window_end: datetime


_FIELDS = tuple(Performance.__dataclass_fields__)


def record(change: Change, performance: Performance) -> None:
    """Store a window; a window that is known already changes nothing."""
    models.get(change.connection, performance.model_id)
    table = model_performance_history
    same = [
        table.c[name] == getattr(performance, name) for name in ("model_id", "metric", "window_start", "window_end")
    ]
    if change.connection.execute(select(table.c.id).where(*same)).first():
        return
    values: dict[str, Any] = {**vars(performance), "value": number(performance.value)}
    values["expected"] = number(performance.expected)
    change.connection.execute(insert(table).values(**values, recorded=change.time))
    change.record("performance_recorded", **values)


def history(
    connection: Connection, *, model_id: int | None = None, strategy: str | None = None, metric: str | None = None
) -> list[Performance]:
    """Windows of a version or a strategy, oldest first."""
    table = model_performance_history
    query = select(*(table.c[name] for name in _FIELDS)).join(models_table, models_table.c.id == table.c.model_id)
    if model_id is not None:
        query = query.where(table.c.model_id == model_id)
    if strategy is not None:
        query = query.where(models_table.c.strategy == strategy)
    if metric is not None:
        query = query.where(table.c.metric == metric)
    return [Performance(**row._mapping) for row in connection.execute(query.order_by(table.c.window_end, table.c.id))]
