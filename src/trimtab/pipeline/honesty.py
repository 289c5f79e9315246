"""Stage six, honesty: is the backtest's Sharpe ratio more than the luck of having tried so much?

Counted is every trial for the strategy's label, on any of its datasets: each trial of each study, and each recipe
whose walk-forward was run. A recipe trained again on newer data is counted again; it trades nearly as before, so the
effective number of independent trials hardly grows by it. What is unknown is null, with a sentence in the notes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.config.strategy import Strategy
from trimtab.errors import NotFoundError
from trimtab.pipeline.backtest import BACKTEST
from trimtab.pipeline.honesty_document import CONVENTIONS, GATE, honesty_document
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.trial_evidence import weigh_trials
from trimtab.pipeline.trial_returns import has_forecasts, manual_study, trade_trials, uncounted_recipes
from trimtab.pipeline.tuning import label_name, tuned_parameters
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial, tried
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

HONESTY = "honesty_report"
ACTOR = "pipeline"


def report_honesty(workspace: Workspace, strategy_name: str) -> StageResult:
    """Correct the backtest's Sharpe ratio for its error and for everything that was tried."""
    strategy = workspace.strategy(strategy_name)
    traded = _traded(workspace, strategy_name)
    _count_recipe(workspace, strategy, traded["recipe"])
    trials = _trials(workspace, strategy)

    def inputs() -> dict[str, Any]:
        return {
            "recipe": traded["recipe"],
            "backtest": traded["data_version"],
            "trials": fingerprint_json([[t.study, t.number, has_forecasts(workspace, t)] for t in trials]),
            "uncounted": uncounted_recipes(workspace, strategy_name, trials),
            "bars": {series.key: workspace.bars.fingerprint(series) for series in strategy.universe.series},
            "rule": [strategy.backtest.model_dump(mode="json"), label_name(strategy)],
            "seed": workspace.settings.seed,
        }

    def compute() -> Produced:
        groups = trade_trials(workspace, strategy, trials)
        n_with = sum(len(group.trials) for group in groups)
        uncounted = uncounted_recipes(workspace, strategy_name, trials)
        evidence = weigh_trials(groups, len(trials) - n_with + len(uncounted), workspace.settings.seed)
        backtest = _backtest(workspace, strategy_name)
        document = honesty_document(
            _returns(backtest),
            float(backtest["periods_per_year"]),
            backtest["benchmark"]["sharpe_ratio"],
            evidence,
            _by_source(trials, uncounted),
        )
        path = workspace.report_folder(HONESTY, strategy_name) / "report.json"
        write_text(path, json.dumps(document, indent=1))
        return _describe(document, path, traded["recipe"])

    return run_stage(workspace, HONESTY, strategy_name, inputs, compute)


def _traded(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    """The summary of the backtest, which must be of the recipe that the latest walk-forward judged."""
    judged, traded = (stage_values(workspace, stage, strategy_name) or {} for stage in (WALK_FORWARD, BACKTEST))
    if not traded or traded.get("recipe") != judged.get("recipe"):
        raise NotFoundError(
            f"there is no backtest of the latest walk-forward of '{strategy_name}'; run the stage {BACKTEST} first"
        )
    return traded


def _count_recipe(workspace: Workspace, strategy: Strategy, recipe: str) -> None:
    """Count the judged recipe as a trial of a person; once, however often it is judged."""
    judged = stage_values(workspace, WALK_FORWARD, strategy.name) or {}
    value = judged.get(strategy.tuning.objectives[0])
    trial = Trial(
        study=manual_study(strategy.name, recipe),
        number=0,
        strategy=strategy.name,
        dataset_fingerprint=judged["dataset"],
        label=label_name(strategy),
        family=strategy.model.algorithm,
        parameters=tuned_parameters(workspace, strategy.name),
        value=value,
        kind="manual",
    )
    workspace.registry.record_trials([trial], ACTOR)


def _trials(workspace: Workspace, strategy: Strategy) -> list[Trial]:
    _ = workspace.registry  # brings the schema up to date
    with workspace.lake.database.read() as connection:
        return tried(connection, strategy.name, label_name(strategy))


def _backtest(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (workspace.report_folder(BACKTEST, strategy_name) / "report.json").read_text()
    )
    return document


def _by_source(trials: Sequence[Trial], uncounted: Sequence[str]) -> list[dict[str, Any]]:
    counted = Counter((trial.study, trial.kind, trial.dataset_fingerprint) for trial in trials)
    known = [{"study": s, "kind": kind, "dataset": data, "n": n} for (s, kind, data), n in sorted(counted.items())]
    lost = [{"study": recipe, "kind": "manual", "dataset": None, "n": 1} for recipe in uncounted]
    return known + lost


def _returns(backtest: Mapping[str, Any]) -> np.ndarray:
    """Returns per bar of the account that was reported; what it began with follows from its total return."""
    equity = np.array([np.nan if each["value"] is None else each["value"] for each in backtest["equity"]])
    total = backtest["metrics"]["total_return"]
    start = equity[-1] / (1.0 + total) if total is not None and total > -1.0 else np.nan
    before = np.concatenate([[start], equity[:-1]])
    return np.divide(equity - before, before, out=np.full(len(equity), np.nan), where=before > 0.0)


def _describe(document: Mapping[str, Any], path: Path, recipe: str) -> Produced:
    from trimtab.validation.trial_plots import plot_trial_sharpe_ratios

    sharpe, trials, deflated = document["sharpe"], document["trials"], document["deflated_sharpe_ratio"]
    overfitting, superior = document["backtest_overfitting"] or {}, document["superior_ability"] or {}
    summary = {
        "deflated_sharpe_ratio": deflated[GATE],
        "probabilistic_sharpe_ratio": document["probabilistic_sharpe_ratio"][GATE],
        "n_trials": trials["n_trials"],
        "n_effective_trials": trials["n_effective"],
        "pbo": overfitting.get("pbo"),
        "minimum_track_record_length": document["minimum_track_record_length"][GATE],
        "spa_p_value": superior.get("spa_p_value"),
    }
    picture = plot_trial_sharpe_ratios(
        [_number(value) for value in trials["sharpe_ratios"]],
        _number(sharpe["annual"]),
        _number(deflated["expected_max_sharpe_annual"]),
    )
    return Produced(
        data_version=fingerprint_json(document),
        metrics={"sharpe_ratio": sharpe["annual"], "expected_max_sharpe": deflated["expected_max_sharpe_annual"]}
        | summary
        | {"pbo_low": overfitting.get("low"), "pbo_high": overfitting.get("high"), "n_periods": sharpe["n_periods"]},
        tables={
            "conventions": _conventions(document),
            "trials by source": trials["by_source"],
            "notes": [{"note": note} for note in document["notes"]],
        },
        plots={"Sharpe ratios of the trials": picture},
        links={"report": path},
        summary=summary | {"recipe": recipe},
    )


def _conventions(document: Mapping[str, Any]) -> Table:
    measures = ("probabilistic_sharpe_ratio", "deflated_sharpe_ratio", "minimum_track_record_length")
    return [{"measure": name} | {c: document[name][c] for c in CONVENTIONS} for name in measures]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
