"""What every trial would have earned: its kept forecasts, traded by a rule, after costs.

Trials of studies were judged out of fold on the time before the first walk-forward test; they are traded as the
strategy file says today. Looks of a person, at what a walk-forward said on the time after, are traded each as it was
looked at. The two are kept apart, because nothing can be correlated across them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trimtab.backtest.costs import costs_from
from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.forecasts import backtest_forecasts
from trimtab.bars import Bars
from trimtab.config.strategy import Backtest, Strategy
from trimtab.datasets import Dataset
from trimtab.datasets.snapshot import load_snapshot, read_recipe
from trimtab.errors import DatasetError, NotEnoughDataError, NotFoundError, StorageError
from trimtab.pipeline.manual_trials import table_of, traded_as
from trimtab.pipeline.walk_forward_forecasts import as_forecasts
from trimtab.pipeline.withheld_backtest import why_untraded
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial
from trimtab.signals.positions import default_rule
from trimtab.storage.hashing import sha256_bytes
from trimtab.tuning.trial_forecasts import kept_digest, read_forecasts, read_rows, study_folder
from trimtab.validation.walk_forward import OutOfSample

PERIODS = ("tuning", "walk_forward")
_Traded = tuple[Trial, BacktestReport]


@dataclass(frozen=True)
class TrialReturns:
    """The returns of the trials that were judged on one stretch of time.

    Attributes
    ----------
    period: "tuning", before the first walk-forward test, or "walk_forward", after it.
    trials: k trials whose forecasts were kept.
    event_time: opens of t bars, those in which any of their accounts ran.
    returns: shape (t, k), per bar and after costs; NaN where an account did not run.
    buy_and_hold: shape (t,), of the instruments, at the exposure the strategy may have at most.
    """

    period: str
    trials: tuple[Trial, ...]
    event_time: np.ndarray
    returns: np.ndarray
    buy_and_hold: np.ndarray


def forecasts_digest(workspace: Workspace, trial: Trial) -> str | None:
    """SHA-256 of what a trial said; None when it was not kept, or is not as it was written."""
    if trial.kind != "manual":
        return kept_digest(study_folder(workspace.lake.root, trial.study), trial.number)
    table, tables = table_of(trial), workspace.lake.tables
    return sha256_bytes(tables.path(table).read_bytes()) if table is not None and tables.exists(table) else None


def trade_trials(workspace: Workspace, strategy: Strategy, trials: Sequence[Trial]) -> tuple[TrialReturns, ...]:
    """Trade the trials whose forecasts were kept, one table per stretch of time; the others are left out.

    All of them on the bars of today: those of studies by the rule and the costs of today, so that they differ by what
    they said only, and those of a person each by its own. Two trials whose accounts ran over different bars, as those
    of an older and a newer dataset, share the bars that both know.
    """
    traded = list(_traded(workspace, strategy, trials))
    by_period = {period: [each for each in traded if _period(each[0]) == period] for period in PERIODS}
    return tuple(_table(period, some, strategy.backtest.max_exposure) for period, some in by_period.items() if some)


def _traded(workspace: Workspace, strategy: Strategy, trials: Sequence[Trial]) -> list[_Traded]:
    """In the order given. Dataset by dataset they are traded, so that only one is held at a time."""
    bars = {series.instrument_id: workspace.bars.current(series) for series in strategy.universe.series}

    @lru_cache(maxsize=1)
    def dataset_of(fingerprint: str) -> Dataset:
        return load_snapshot(workspace.lake, fingerprint)[0]

    found: dict[int, _Traded] = {}
    for at in sorted(range(len(trials)), key=lambda at: trials[at].dataset_fingerprint):
        try:
            report = _account(workspace, strategy, trials[at], dataset_of, bars)
        except (DatasetError, NotEnoughDataError, NotFoundError, StorageError):
            continue  # its dataset has gone, or its instruments are not traded any more: its returns are unknown
        if report is not None:
            found[at] = trials[at], report
    return [found[at] for at in sorted(found)]


def _account(
    workspace: Workspace,
    strategy: Strategy,
    trial: Trial,
    dataset_of: Callable[[str], Dataset],
    bars: Mapping[str, Bars],
) -> BacktestReport | None:
    if why_untraded(read_recipe(workspace.lake, trial.dataset_fingerprint)["label"]):
        return None  # its samples were chosen by their future
    section = traded_as(trial) if trial.kind == "manual" else strategy.backtest
    said = _forecasts(workspace, trial, dataset_of)
    if said is None or section is None:
        return None
    dataset = dataset_of(trial.dataset_fingerprint)
    return backtest_forecasts(dataset, said, bars, **_how(section, strategy.label.kind))


def _how(section: Backtest, label_kind: str) -> dict[str, Any]:
    return {
        "rule": section.rule or default_rule(label_kind),
        "threshold": section.threshold,
        "max_exposure": section.max_exposure,
        "costs": costs_from(section),
        "fill": section.fill,
        "delay_bars": section.delay_bars,
        "max_leverage": section.max_leverage,
    }


def _forecasts(workspace: Workspace, trial: Trial, dataset_of: Callable[[str], Dataset]) -> OutOfSample | None:
    if trial.kind == "manual":
        table = table_of(trial)
        return None if table is None else as_forecasts(workspace.lake.tables.read(table))
    folder = study_folder(workspace.lake.root, trial.study)
    rows, value = read_rows(folder), read_forecasts(folder, trial.number)
    if rows is None or value is None or len(rows) != len(value):
        return None
    judged = ~np.isnan(value)
    return _out_of_sample(dataset_of(trial.dataset_fingerprint), rows[judged], value[judged])


def _out_of_sample(dataset: Dataset, row: np.ndarray, value: np.ndarray) -> OutOfSample | None:
    """Forecasts as a walk-forward has them; there is no majority to compare them with, and nobody asks."""
    if not len(row):
        return None
    order = np.argsort(row, kind="stable")
    row, unknown = row[order], np.full(len(row), np.nan)
    fold = np.zeros(len(row), dtype=np.int32)
    return OutOfSample(row, fold, value[order], dataset.target[row], dataset.baseline[row], unknown)


def _period(trial: Trial) -> str:
    return "walk_forward" if trial.kind == "manual" else "tuning"


def _table(period: str, traded: Sequence[_Traded], max_exposure: float) -> TrialReturns:
    times = np.unique(np.concatenate([report.event_time for _, report in traded]))
    returns, held = np.full((len(times), len(traded)), np.nan), np.full(len(times), np.nan)
    for column, (_, report) in enumerate(traded):
        at = np.searchsorted(times, report.event_time)
        returns[at, column] = report.returns
        # A buy-and-hold that begins later is the same from then on but for its first bar: keep the one that ran.
        held[at] = np.where(np.isnan(held[at]), _buy_and_hold(report) * max_exposure, held[at])
    return TrialReturns(period, tuple(trial for trial, _ in traded), times, returns, held)


def _buy_and_hold(report: BacktestReport) -> np.ndarray:
    """Returns per bar; what the first bar brought after the purchase in it is not told, so it is unknown."""
    money = report.benchmark
    return np.concatenate([[np.nan], money[1:] / money[:-1] - 1.0])
