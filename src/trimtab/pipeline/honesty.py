"""Stage six, honesty: is the backtest's Sharpe ratio more than the luck of having tried so much?

Counted is every trial for the strategy's label, on any of its datasets: each trial of each study, and each look of a
person (`pipeline.manual_trials`). A recipe trained again on newer data is counted again; it trades nearly as before, so
the effective number of independent trials hardly grows by it. What is unknown is null, with a sentence in the notes.
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
from trimtab.pipeline.backtest import BACKTEST, section_of
from trimtab.pipeline.honesty_document import CONVENTIONS, GATE, honesty_document
from trimtab.pipeline.manual_trials import Look, count_look, uncounted_tables
from trimtab.pipeline.running import Produced, read_document, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.study_trials import count_forgotten
from trimtab.pipeline.trial_evidence import weigh_trials
from trimtab.pipeline.trial_returns import forecasts_digest, trade_trials
from trimtab.pipeline.tuning import label_name
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial, tried
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

HONESTY = "honesty_report"


def report_honesty(workspace: Workspace, strategy_name: str) -> StageResult:
    """Correct the backtest's Sharpe ratio for its error and for everything that was tried."""
    strategy = workspace.strategy(strategy_name)
    judged, traded = _evidence(workspace, strategy)
    _count(workspace, strategy, judged)
    _check_label(strategy, judged)
    everything = _tried(workspace, strategy_name)
    trials = [trial for trial in everything if trial.label == label_name(strategy)]
    about = {"recipe": judged["recipe"], "forecasts": judged["forecasts"], "traded": traded["data_version"]}

    def inputs() -> dict[str, Any]:
        return {
            **about,
            "trials": fingerprint_json([[t.study, t.number, forecasts_digest(workspace, t)] for t in trials]),
            "uncounted": uncounted_tables(workspace, strategy_name, everything),
            "bars": {series.key: workspace.bars.fingerprint(series) for series in strategy.universe.series},
            "rule": [strategy.backtest.model_dump(mode="json"), label_name(strategy)],
            "seed": workspace.settings.seed,
        }

    def compute() -> Produced:
        backtest = read_document(workspace, BACKTEST, strategy_name)
        withheld = backtest.get("withheld") or ""
        groups = () if withheld else trade_trials(workspace, strategy, trials)
        n_with = sum(len(group.trials) for group in groups)
        uncounted = uncounted_tables(workspace, strategy_name, everything)
        evidence = weigh_trials(groups, len(trials) - n_with + len(uncounted), workspace.settings.seed)
        document = honesty_document(
            _returns(backtest),
            _number(backtest["periods_per_year"]),
            (backtest["benchmark"] or {}).get("sharpe_ratio"),
            evidence,
            _by_source(trials, uncounted),
            withheld,
        )
        path = workspace.report_folder(HONESTY, strategy_name) / "report.json"
        write_text(path, json.dumps(document, indent=1))
        return _describe(document, path, about)

    return run_stage(workspace, HONESTY, strategy_name, inputs, compute)


def _evidence(workspace: Workspace, strategy: Strategy) -> tuple[dict[str, Any], dict[str, Any]]:
    """The summaries of the walk-forward and of the backtest, which must be of its forecasts and of today's section."""
    judged, traded = (stage_values(workspace, stage, strategy.name) or {} for stage in (WALK_FORWARD, BACKTEST))
    is_of_these = [traded.get(key) == judged.get(key) for key in ("recipe", "forecasts")]
    if not (traded and all(is_of_these) and traded.get("section") == section_of(strategy)):
        raise NotFoundError(
            f"there is no backtest of the latest walk-forward of '{strategy.name}' by its section [backtest] as it is "
            f"now; run the stage {BACKTEST} first"
        )
    return judged, traded


def _check_label(strategy: Strategy, judged: Mapping[str, Any]) -> None:
    if judged["label"] != label_name(strategy):
        raise NotFoundError(
            f"the latest walk-forward of '{strategy.name}' judged the label {judged['label']} and its strategy file "
            f"says {label_name(strategy)}; run the stage {WALK_FORWARD} first"
        )


def _count(workspace: Workspace, strategy: Strategy, judged: Mapping[str, Any]) -> None:
    """Count what a person looks at here as it was judged, whatever the strategy file says by now."""
    names = ("recipe", "dataset", "cuts", "label", "family", "parameters")
    section = strategy.backtest.model_dump(mode="json")
    look = Look(strategy=strategy.name, backtest=section, **{name: judged[name] for name in names})
    count_look(workspace, look, judged.get(strategy.tuning.objectives[0]))
    count_forgotten(workspace, strategy.name)


def _tried(workspace: Workspace, strategy_name: str) -> list[Trial]:
    """Every trial of the strategy, for whatever label."""
    with workspace.lake.database.read() as connection:
        return tried(connection, strategy_name)


def _by_source(trials: Sequence[Trial], uncounted: Sequence[str]) -> list[dict[str, Any]]:
    counted = Counter((trial.study, trial.kind, trial.dataset_fingerprint) for trial in trials)
    known = [{"study": s, "kind": kind, "dataset": data, "n": n} for (s, kind, data), n in sorted(counted.items())]
    lost = [{"study": table, "kind": "manual", "dataset": None, "n": 1} for table in uncounted]
    return known + lost


def _returns(backtest: Mapping[str, Any]) -> np.ndarray:
    """Returns per bar of the account that was reported; what it began with follows from its total return.

    An account that was withheld has none.
    """
    equity = np.array([np.nan if each["value"] is None else each["value"] for each in backtest["equity"]])
    if not len(equity):
        return equity
    total = backtest["metrics"]["total_return"]
    start = equity[-1] / (1.0 + total) if total is not None and total > -1.0 else np.nan
    before = np.concatenate([[start], equity[:-1]])
    return np.divide(equity - before, before, out=np.full(len(equity), np.nan), where=before > 0.0)


def _describe(document: Mapping[str, Any], path: Path, about: Mapping[str, Any]) -> Produced:
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
        "spa_p_consistent": superior.get("spa_p_consistent"),
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
        summary={**summary, **about},
    )


def _conventions(document: Mapping[str, Any]) -> Table:
    measures = ("probabilistic_sharpe_ratio", "deflated_sharpe_ratio", "minimum_track_record_length")
    return [{"measure": name} | {c: document[name][c] for c in CONVENTIONS} for name in measures]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
