"""What every trial would have earned: its kept forecasts, traded by the strategy's rule after the strategy's costs.

Trials of studies were judged out of fold on the time before the first walk-forward test; recipes that a walk-forward
judged, on the time after. The two are kept apart, because nothing can be correlated across them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from trimtab.backtest.costs import costs_from
from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.forecasts import backtest_forecasts
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.datasets.snapshot import load_snapshot
from trimtab.errors import DatasetError, NotEnoughDataError, NotFoundError
from trimtab.pipeline.walk_forward_forecasts import as_forecasts, recipe_table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial
from trimtab.signals.positions import default_rule
from trimtab.tuning.trial_forecasts import are_kept, read_forecasts, read_rows, study_folder
from trimtab.validation.walk_forward import OutOfSample

PERIODS = ("tuning", "walk_forward")
_WALK_FORWARD = "walk_forward:"
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


def manual_study(strategy_name: str, recipe: str) -> str:
    """The name under which the trial ledger counts a recipe that was judged by a walk-forward."""
    return f"{_WALK_FORWARD}{strategy_name}:{recipe[:16]}"


def uncounted_recipes(workspace: Workspace, strategy_name: str, trials: Sequence[Trial]) -> list[str]:
    """Beginnings of recipes whose walk-forward was kept but never counted in the ledger."""
    counted = {trial.study for trial in trials}
    recipes = [name.rpartition("/")[2] for name in _recipe_tables(workspace, strategy_name)]
    return [recipe for recipe in recipes if manual_study(strategy_name, recipe) not in counted]


def has_forecasts(workspace: Workspace, trial: Trial) -> bool:
    """Whether what a trial said is still there."""
    if trial.kind == "manual":
        return _kept_recipe(workspace, trial) is not None
    return are_kept(study_folder(workspace.lake.root, trial.study), trial.number)


def trade_trials(workspace: Workspace, strategy: Strategy, trials: Sequence[Trial]) -> tuple[TrialReturns, ...]:
    """Trade the trials whose forecasts were kept, one table per stretch of time; the others are left out.

    All of them by the rule, the costs and the bars of today, so that they differ by what they said only. Two
    trials whose accounts ran over different bars, as those of an older and a newer dataset, share the bars that
    both know.
    """
    traded = list(_traded(workspace, strategy, trials))
    by_period = {period: [each for each in traded if _period(each[0]) == period] for period in PERIODS}
    return tuple(_table(period, some, strategy.backtest.max_exposure) for period, some in by_period.items() if some)


def _traded(workspace: Workspace, strategy: Strategy, trials: Sequence[Trial]) -> Iterator[_Traded]:
    bars = {series.instrument_id: workspace.bars.current(series) for series in strategy.universe.series}
    config = strategy.backtest

    @cache
    def dataset_of(fingerprint: str) -> Dataset:
        return load_snapshot(workspace.lake, fingerprint)[0]

    for trial in trials:
        try:
            said = _forecasts(workspace, trial, dataset_of)
            if said is None:
                continue
            yield (
                trial,
                backtest_forecasts(
                    dataset_of(trial.dataset_fingerprint),
                    said,
                    bars,
                    rule=config.rule or default_rule(strategy.label.kind),
                    threshold=config.threshold,
                    max_exposure=config.max_exposure,
                    costs=costs_from(config),
                    fill=config.fill,
                    delay_bars=config.delay_bars,
                    max_leverage=config.max_leverage,
                ),
            )
        except (DatasetError, NotEnoughDataError, NotFoundError):
            continue  # its dataset has gone, or its instruments are not traded any more: its returns are unknown


def _forecasts(workspace: Workspace, trial: Trial, dataset_of: Callable[[str], Dataset]) -> OutOfSample | None:
    if trial.kind == "manual":
        table = _kept_recipe(workspace, trial)
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


def _kept_recipe(workspace: Workspace, trial: Trial) -> str | None:
    begin = recipe_table(trial.strategy, trial.study.rpartition(":")[2])
    return next((name for name in _recipe_tables(workspace, trial.strategy) if name.startswith(begin)), None)


def _recipe_tables(workspace: Workspace, strategy_name: str) -> list[str]:
    return sorted(workspace.lake.tables.names(recipe_table(strategy_name, "")))


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
