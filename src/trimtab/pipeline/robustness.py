"""Robustness: where a strategy's forecasts hold, where they break, and how much they hang on their inputs.

What the walk-forward has forecast is looked at by regime, in named crises, by instrument and by side, without
training anything. Learning curve and sensitivity train the recipe on the last `FOLDS` folds of the walk-forward
only, which is their cost: once per fold and share.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from trimtab.backtest.simulation import Simulation
from trimtab.bars import Bars
from trimtab.config.as_read import validation_as_read
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.errors import NotFoundError
from trimtab.features.catalogue import catalogue
from trimtab.metrics.plain import plain
from trimtab.models.configured import forecaster_of
from trimtab.models.protocol import FittedForecaster
from trimtab.pipeline.backtest import BACKTEST
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.robustness_inputs import (
    equity_of,
    horizon_returns,
    regime_codes,
    regimes_of,
)
from trimtab.pipeline.running import Produced, read_document, run_stage, stage_values
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.tuning import TUNING, fit_context, tuned_parameters
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.walk_forward_forecasts import read_forecasts
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json
from trimtab.validation.bias import performance_by_instrument, performance_by_side
from trimtab.validation.folds import Fold
from trimtab.validation.learning_curve import TrainedFold, learning_curve, validation_curves
from trimtab.validation.regimes import (
    Kind,
    RegimePerformance,
    mean_return_by_regime,
    performance_by_regime,
    why_none_is_worst,
    worst_regime,
)
from trimtab.validation.robustness_plots import plot_learning_curve, plot_noise, plot_regimes
from trimtab.validation.sensitivity import (
    correlated_groups,
    most_used,
    noise_sensitivity,
    removal_sensitivity,
)
from trimtab.validation.splitters import walk_forward_from
from trimtab.validation.stress import stress_results
from trimtab.validation.walk_forward import OutOfSample

ROBUSTNESS = "robustness_report"
FOLDS = 2  # the last ones; trained once per share of the learning curve
REMOVED = 8  # groups of correlated features that are taken away, the most used first
KINDS: tuple[Kind, ...] = ("volatility", "trend")


def report_robustness(workspace: Workspace, strategy_name: str) -> StageResult:
    """Judge the walk-forward's forecasts by regime, crisis, instrument and side, and the recipe's sensitivity."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    judged = stage_values(workspace, WALK_FORWARD, strategy_name) or {}
    traded = stage_values(workspace, BACKTEST, strategy_name) or {}
    if judged.get("dataset") != fingerprint or traded.get("recipe") != judged["recipe"]:
        raise NotFoundError(
            f"walk-forward and backtest of '{strategy_name}' are not both about its latest dataset {fingerprint[:12]}; "
            f"run the stages {WALK_FORWARD} and {BACKTEST} first"
        )
    study = stage_values(workspace, TUNING, strategy_name) or {}

    def inputs() -> dict[str, Any]:
        return {
            "recipe": judged["recipe"],
            "walk_forward": judged["data_version"],
            "backtest": traded["data_version"],
            "study": study.get("data_version"),
            "validation": validation_as_read(strategy.validation),
            "benchmark": strategy.universe.benchmark,
            "bars": {series.key: workspace.bars.fingerprint(series) for series in strategy.universe.all_series},
        }

    def compute() -> Produced:
        trials = workspace.registry.trials(study["study"]) if study.get("study") else []
        scores = [(trial.parameters, trial.value) for trial in trials if trial.value is not None]
        found = _of_forecasts(workspace, strategy, dataset) | _of_recipe(workspace, strategy, dataset)
        written = _of_walk_forward(workspace, strategy_name) | {"validation_curves": validation_curves(scores)}
        about = {"recipe": judged["recipe"], "forecasts": judged["forecasts"], "traded": traded["data_version"]}
        return _describe(workspace, strategy, about, found | written)

    return run_stage(workspace, ROBUSTNESS, strategy_name, inputs, compute)


def _of_forecasts(workspace: Workspace, strategy: Strategy, dataset: Dataset) -> dict[str, Any]:
    """What the stored forecasts say; nothing is trained."""
    samples, seed = read_forecasts(workspace, strategy.name), workspace.settings.seed
    bars = {each.instrument_id: workspace.bars.current(each).adjusted() for each in strategy.universe.all_series}
    time = dataset.decision_time[samples.row]
    backtest = read_document(workspace, BACKTEST, strategy.name)
    equity_time, equity = equity_of(backtest)
    returns = horizon_returns(dataset, samples.row, bars)
    return {
        "regimes": _by_regime(strategy, dataset, samples, bars, (equity_time, equity), seed),
        "stress": stress_results(dataset.task, samples, time, equity_time, equity, seed=seed, start=Simulation.cash),
        "by_instrument": performance_by_instrument(dataset, samples, seed=seed),
        "by_side": performance_by_side(dataset, samples, seed=seed, returns=returns),
        "notes": _notes(strategy, bars, backtest.get("withheld")),
    }


def _by_regime(
    strategy: Strategy,
    dataset: Dataset,
    samples: OutOfSample,
    bars: Mapping[str, Bars],
    account: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> tuple[RegimePerformance, ...]:
    regimes = regimes_of(bars, strategy.universe.benchmark)
    time, found = dataset.decision_time[samples.row], list[RegimePerformance]()
    for kind in KINDS:
        codes = regime_codes(regimes, kind, dataset, samples.row)
        earned = {}
        if len(regimes) == 1 and len(account[1]):  # one market for all; an account has no regime of several
            market, (equity_time, equity) = next(iter(regimes.values())), account
            earned = mean_return_by_regime(kind, market.at(kind, equity_time[1:]), equity[1:] / equity[:-1] - 1.0)
        found += performance_by_regime(dataset.task, samples, time, kind, codes, seed=seed, mean_returns=earned)
    return tuple(found)


def _of_recipe(workspace: Workspace, strategy: Strategy, dataset: Dataset) -> dict[str, Any]:
    """What the recipe says when it is trained on less, or given worse inputs."""
    parameters, seed = tuned_parameters(workspace, strategy.name), workspace.settings.seed
    context = replace(fit_context(workspace), n_threads=1)  # trainings are side by side
    folds = walk_forward_from(strategy.validation).split(dataset)[-FOLDS:]

    def fit(train: Dataset, fold: Fold) -> FittedForecaster:
        return forecaster_of(strategy, parameters).fit(train, None, context)

    curve, trained = learning_curve(dataset, folds, fit, seed=seed, n_threads=workspace.settings.n_threads)
    return {
        "learning_curve": curve,
        "noise": noise_sensitivity(trained, seed=seed),
        "removal": removal_sensitivity(trained, groups_of(trained[-1]), seed=seed),
    }


def groups_of(fold: TrainedFold) -> dict[str, Sequence[str]]:
    """Features by family, where there are several, and the most used groups of correlated features."""
    families: dict[str, list[str]] = {}
    for name in fold.train.feature_names:
        family = catalogue()[name].family if name in catalogue() else "other"
        families.setdefault(f"all {family}", []).append(name)
    alike = most_used(correlated_groups(fold.train), fold.model.importance(), REMOVED)
    named = {
        group if len(names) == 1 else f"{group} and {len(names) - 1} alike": names for group, names in alike.items()
    }
    return {**(families if len(families) > 1 else {}), **named}


def _of_walk_forward(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    """Overfitting gap and spread over seeds, as the walk-forward measured them."""
    report = read_document(workspace, WALK_FORWARD, strategy_name)
    mean = report["mean"]
    return {
        "overfitting": {
            "train_accuracy": mean["train_accuracy"],
            "test_accuracy": mean["accuracy"],
            "gap": report["overfitting_gap"],
        },
        "seeds": report["seed_spread"],
    }


def _describe(workspace: Workspace, strategy: Strategy, about: Mapping[str, Any], found: Mapping[str, Any]) -> Produced:
    worst, why_none = worst_regime(found["regimes"]), why_none_is_worst(found["regimes"])
    shown = {name: _plain(value) for name, value in found.items()}
    of_worst = {n: getattr(worst, n) for n in ("kind", "regime", "n", "accuracy")} if worst else None
    curve = [_renamed(point) for point in shown["learning_curve"]]
    document = shown | {"learning_curve": curve, "worst_regime": of_worst, "worst_regime_reason": why_none}
    path = workspace.report_folder(ROBUSTNESS, strategy.name) / "report.json"
    write_text(path, json.dumps(document, indent=1))
    name = f"{worst.kind}: {worst.regime}" if worst else None
    below = [each.instrument_id for each in found["by_instrument"] if each.is_below_rest]
    tables = ("learning_curve", "noise", "removal", "regimes", "stress", "by_instrument", "by_side")
    return Produced(
        data_version=fingerprint_json(document),
        metrics={
            "worst_regime": name,
            "worst_regime_accuracy": worst.accuracy if worst else None,
            "worst_regime_forecasts": worst.n if worst else None,
            "turned_by_noise_of_a_tenth": next(p.changed_share for p in found["noise"] if p.noise_sd == 0.1),
            "instruments_below_the_rest": ", ".join(below) or "none",
        },
        tables={title.replace("_", " "): document[title] for title in tables},
        plots={
            "Learning curve": plot_learning_curve(found["learning_curve"]),
            "Regimes": plot_regimes(found["regimes"]),
            "Noise": plot_noise(found["noise"]),
        },
        links={"report": path},
        summary={
            "worst_regime": name,
            "worst_regime_accuracy": worst.accuracy if worst else None,
            "n_worst_regime": worst.n if worst else None,
            "worst_regime_reason": why_none,
            **about,
        },
    )


def _plain(value: Any) -> Any:
    """Dataclasses and tuples of them as JSON values."""
    if isinstance(value, tuple):
        return [plain(asdict(each)) for each in value]
    return plain(value)


def _renamed(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: point[name] for name in ("share", "n_train", "train_accuracy", "test_accuracy", "low", "high")}


def _notes(strategy: Strategy, bars: Mapping[str, Bars], withheld: str | None) -> list[str]:
    benchmark = strategy.universe.benchmark
    is_bare = benchmark is not None and not len(bars[benchmark])
    market = "each instrument itself" if benchmark is None or is_bare else benchmark
    return [
        f"Regimes are those of {market}, from bars known at the decision; closes are as they stand today.",
        *([f"The benchmark {benchmark} has no bars, so it has no regimes."] if is_bare else []),
        *([f"There is no account, so no return in a regime or a crisis: {withheld}."] if withheld else []),
        f"Learning curve, noise and removal use the last {FOLDS} walk-forward folds.",
        "Noise and removal change inputs at prediction; nothing is trained again without them.",
    ]
