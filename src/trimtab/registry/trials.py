"""The trial ledger: every configuration that was ever tried on a dataset, so that none is forgotten.

A result chosen among many trials looks better than it is; the corrections for that (deflated
Sharpe ratio, probability of backtest overfitting) need the honest number of trials.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, func, insert, select

from trimtab.registry import strategies
from trimtab.registry.ledger import Change
from trimtab.registry.plain import number, plain
from trimtab.registry.schema import trial_ledger


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried.

    Attributes
    ----------
    study, number: name of the study and the trial's number in it; together unique.
    strategy: whose model was searched.
    dataset_fingerprint, label: what it was tried on.
    family, parameters: what was tried.
    value: its score, in the first objective where it has several; None when it is no finite number.
    kind: "tuning" by a study; "manual" by a person, who had this configuration judged outside of one.
    objectives: its score in every objective, by name; None where it has none, or was recorded before they were kept.
    pruned: whether the study stopped it before its last fold; None where that was not kept.
    """

    study: str
    number: int
    strategy: str
    dataset_fingerprint: str
    label: str
    family: str
    parameters: Mapping[str, Any]
    value: float | None
    kind: Literal["tuning", "manual"] = "tuning"
    objectives: Mapping[str, float | None] | None = None
    pruned: bool | None = None


@dataclass(frozen=True)
class Study:
    """Trials of one search.

    Attributes
    ----------
    study, strategy, dataset_fingerprint: its name, whose model was searched, and on what.
    n_trials: how many configurations it tried.
    """

    study: str
    strategy: str
    dataset_fingerprint: str
    n_trials: int


@dataclass(frozen=True)
class Total:
    """Trials of one kind for one strategy, dataset and label.

    Attributes
    ----------
    strategy, dataset_fingerprint, label, kind: as in `Trial`.
    n_trials, n_studies: how many configurations were tried, in how many studies.
    """

    strategy: str
    dataset_fingerprint: str
    label: str
    kind: str
    n_trials: int
    n_studies: int


def record(change: Change, trials: Sequence[Trial]) -> int:
    """Store the trials that are not known yet; return how many those were."""
    studies = {trial.study for trial in trials}
    query = select(trial_ledger.c.study, trial_ledger.c.number).where(trial_ledger.c.study.in_(studies))
    known = {(row.study, row.number) for row in change.connection.execute(query)}
    new = {(trial.study, trial.number): trial for trial in trials if (trial.study, trial.number) not in known}
    if not new:
        return 0
    for strategy in sorted({trial.strategy for trial in new.values()}):
        strategies.touch(change, strategy)
    rows = [_row(trial) | {"recorded": change.time} for trial in new.values()]
    change.connection.execute(insert(trial_ledger), rows)
    change.record("trials_recorded", trials=[_row(trial) for trial in new.values()])
    return len(new)


def count(
    connection: Connection, *, dataset_fingerprint: str | None = None, strategy: str | None = None,
    label: str | None = None,
) -> int:  # fmt: skip
    """How many trials there were, on a dataset, for a strategy or a label (or all of these)."""
    query = select(func.count()).select_from(trial_ledger)
    given = {"dataset_fingerprint": dataset_fingerprint, "strategy": strategy, "label": label}
    for name, value in given.items():
        if value is not None:
            query = query.where(trial_ledger.c[name] == value)
    return connection.execute(query).scalar_one()


def history(connection: Connection, study: str) -> list[Trial]:
    """The trials of a study, by number."""
    return _read(connection, trial_ledger.c.study == study)


def tried(connection: Connection, strategy: str, label: str | None = None) -> list[Trial]:
    """Every trial for a strategy, on any of its datasets, for one label or all; by study and number."""
    of_label = () if label is None else (trial_ledger.c.label == label,)
    return _read(connection, trial_ledger.c.strategy == strategy, *of_label)


def totals(connection: Connection, strategy: str | None = None) -> list[Total]:
    """How many trials there were by strategy, dataset, label and kind, in this order."""
    columns = [trial_ledger.c[name] for name in ("strategy", "dataset_fingerprint", "label", "kind")]
    counted = (func.count().label("n_trials"), func.count(trial_ledger.c.study.distinct()).label("n_studies"))
    query = select(*columns, *counted).group_by(*columns).order_by(*columns)
    if strategy is not None:
        query = query.where(trial_ledger.c.strategy == strategy)
    return [Total(**row._mapping) for row in connection.execute(query)]


def studies(connection: Connection, dataset_fingerprints: Collection[str]) -> list[Study]:
    """The studies that searched on any of some datasets, by name."""
    columns = (trial_ledger.c.study, trial_ledger.c.strategy, trial_ledger.c.dataset_fingerprint)
    query = select(*columns, func.count().label("n_trials")).group_by(*columns).order_by(trial_ledger.c.study)
    wanted = set(dataset_fingerprints)
    found = [Study(**row._mapping) for row in connection.execute(query)]
    return [study for study in found if study.dataset_fingerprint in wanted]


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> list[Trial]:
    query = select(trial_ledger).where(*conditions).order_by(trial_ledger.c.study, trial_ledger.c.number)
    rows = connection.execute(query)
    return [Trial(**{key: value for key, value in row._mapping.items() if key != "recorded"}) for row in rows]


def _row(trial: Trial) -> dict[str, Any]:
    told = {"parameters": plain(trial.parameters), "value": number(trial.value), "objectives": plain(trial.objectives)}
    return vars(trial) | told
