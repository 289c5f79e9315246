"""A strategy's recipe judged by any splitter: exploration, which decides nothing and stores only that it was tried.

The evidence that gates read is the walk-forward report (`pipeline.walk_forward`). This answers other questions about
the same recipe: how much a result hangs on where the cuts lie, or on what the model was trained on. It trains
the tuned parameters on the strategy's latest dataset. No version is registered. The look itself counts: it is a
manual trial in the ledger, the same one that the walk-forward and the backtest of the same strategy file are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any

import numpy as np

from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.metrics.plain import plain
from trimtab.models.configured import forecaster_of
from trimtab.models.protocol import FittedForecaster
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.manual_trials import count_look, look_of
from trimtab.pipeline.models import recipe_fingerprint
from trimtab.pipeline.stage import Scalar, Table
from trimtab.pipeline.tuning import fit_context, tuned_parameters, tuning_folds
from trimtab.pipeline.workspace import Workspace
from trimtab.validation.folds import Fold, Splitter
from trimtab.validation.judged_folds import JudgedFold, judge_folds
from trimtab.validation.paths import assemble_paths
from trimtab.validation.scoring import score
from trimtab.validation.splitters import SPLITTERS, CombinatorialPurged, make_splitter, walk_forward_from
from trimtab.validation.splitters.sizes import typed
from trimtab.validation.verdict import consistency

MEASURES = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "information_coefficient")
_BESIDE = ("baseline_accuracy", "majority_accuracy")


@dataclass(frozen=True)
class ModelValidation:
    """What a splitter found about a recipe.

    Attributes
    ----------
    strategy, dataset, recipe: the name, and the fingerprints of the samples and of what was trained.
    splitter, options: which cuts; durations in the options are timedeltas.
    folds: a row per fold: sizes, spans, `tuned_on` (the share of its test rows the tuning study had seen) and
        the measures on its test part. For a combinatorial split `groups` names the groups of time it judges.
    mean, std, min, max: of each measure over the folds that define it; std with ddof = 0.
    consistency: see `validation.verdict.consistency`.
    paths: for a combinatorial split a row per path over all of the time: the folds it is made of and its
        measures; otherwise empty.
    path_accuracy: how accuracy is distributed over the paths; empty without paths.
    notes: what to mind when reading it.
    """

    strategy: str
    dataset: str
    recipe: str
    splitter: str
    options: dict[str, Any]
    folds: Table
    mean: dict[str, float]
    std: dict[str, float]
    min: dict[str, float]
    max: dict[str, float]
    consistency: float
    paths: list[dict[str, Any]]
    path_accuracy: dict[str, float]
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it; unknown is None, a duration is as it is typed: "5d"."""
        options = {
            name: typed(value) if isinstance(value, timedelta) else value for name, value in self.options.items()
        }
        return plain(asdict(replace(self, options=options)))


def splitter_for(strategy: Strategy, name: str, options: Mapping[str, Any], seed: int = 0) -> Splitter:
    """The splitter of a name with options; what is not given is as in the strategy file, where it says so.

    From the file come the embargo, and the sizes where it asks for this very splitter. Raises
    `UnknownNameError` and `ConfigurationError` as `make_splitter` does.
    """
    own = walk_forward_from(strategy.validation)
    defaults: dict[str, Any] = {"embargo": strategy.validation.embargo}
    if name in SPLITTERS and isinstance(own, SPLITTERS[name]):
        defaults = _options(own)
    if name == "monte_carlo":
        defaults["seed"] = seed
    return make_splitter(name, **defaults | dict(options))


def validate_model(
    workspace: Workspace, strategy_name: str, splitter: str, options: Mapping[str, Any] | None = None
) -> ModelValidation:
    """Train a strategy's tuned recipe on every fold of a splitter and judge it; stored is only that it was tried.

    Raises `NotFoundError` before the strategy has a dataset, `UnknownNameError` for an unknown splitter, and
    `NotEnoughDataError` where the dataset cannot be cut.
    """
    strategy = workspace.strategy(strategy_name)
    cutter = splitter_for(strategy, splitter, options or {}, workspace.settings.seed)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    parameters = tuned_parameters(workspace, strategy_name)
    context = replace(fit_context(workspace), n_threads=1)  # folds are trained side by side

    def fit(train: Dataset, _: Fold) -> FittedForecaster:
        return forecaster_of(strategy, parameters).fit(train, None, context)

    recipe = recipe_fingerprint(workspace, strategy, fingerprint, parameters)
    judged = judge_folds(dataset, fit, cutter.split(dataset), n_threads=workspace.settings.n_threads)
    count_look(workspace, look_of(workspace, strategy, recipe, fingerprint))
    tuned_on = _tuned_on(dataset, strategy)
    rows = [_fold_row(each, tuned_on) for each in judged]
    paths = _paths(cutter, dataset, judged)
    if isinstance(cutter, CombinatorialPurged):
        rows = [{**row, "groups": _listed(chosen)} for row, chosen in zip(rows, cutter.test_groups, strict=True)]
    accuracies = np.array([each.metrics["accuracy"] for each in judged])
    return ModelValidation(
        strategy=strategy_name,
        dataset=fingerprint,
        recipe=recipe,
        splitter=splitter,
        options=_options(cutter),
        folds=rows,
        **{name: _over_folds(judged, reduce) for name, reduce in _AGGREGATES.items()},
        consistency=consistency(accuracies),
        paths=paths,
        path_accuracy=_distribution([path["accuracy"] for path in paths]),
        notes=_notes(judged, tuned_on, bool(paths)),
    )


_AGGREGATES = {"mean": np.mean, "std": np.std, "min": np.min, "max": np.max}


def _options(splitter: Splitter) -> dict[str, Any]:
    return {each.name: getattr(splitter, each.name) for each in fields(splitter)}  # type: ignore[arg-type]


def _tuned_on(dataset: Dataset, strategy: Strategy) -> np.ndarray:
    """Mask of the samples whose decision time the tuning study had seen; nothing where nothing is searched."""
    if not strategy.tuning.n_trials:
        return np.zeros(len(dataset), bool)
    known, _ = tuning_folds(dataset, strategy)
    return np.isin(dataset.decision_time, known.decision_time)


def _fold_row(judged: JudgedFold, tuned_on: np.ndarray) -> dict[str, Scalar]:
    fold = judged.fold
    return {
        "fold": fold.name,
        "test_start": str(fold.test_start)[:10],
        "test_end": str(fold.test_end)[:10],
        "train": len(fold.train),
        "test": len(fold.test),
        "purged": fold.n_purged,
        "embargoed": fold.n_embargoed,
        "tuned_on": float(tuned_on[fold.test].mean()),
        **{name: judged.metrics[name] for name in (*MEASURES, *_BESIDE)},
    }


def _over_folds(judged: Sequence[JudgedFold], reduce: Any) -> dict[str, float]:
    found = {}
    for name in judged[0].metrics:
        values = np.array([each.metrics[name] for each in judged])
        known = values[~np.isnan(values)]
        found[name] = float(reduce(known)) if len(known) else float("nan")
    return found


def _paths(splitter: Splitter, dataset: Dataset, judged: Sequence[JudgedFold]) -> list[dict[str, Any]]:
    if not isinstance(splitter, CombinatorialPurged):
        return []
    rows = []
    for number, path in enumerate(assemble_paths(splitter, dataset, [each.value for each in judged]), 1):
        measures = score(dataset.task, dataset.target[path.row], path.value)
        made_of = [judged[fold].fold.name for fold in path.folds]
        rows.append({"path": f"path_{number}", "folds": made_of, **{name: measures[name] for name in MEASURES}})
    return rows


def _distribution(accuracies: Sequence[float]) -> dict[str, float]:
    """Smallest, quartiles (linear), largest, mean and standard deviation (ddof 0); empty for none."""
    if not accuracies:
        return {}
    names = ("min", "lower_quartile", "median", "upper_quartile", "max")
    quantiles = dict(zip(names, map(float, np.quantile(accuracies, [0.0, 0.25, 0.5, 0.75, 1.0])), strict=True))
    return {
        "n_paths": len(accuracies),
        **quantiles,
        "mean": float(np.mean(accuracies)),
        "std": float(np.std(accuracies)),
    }


def _notes(judged: Sequence[JudgedFold], tuned_on: np.ndarray, has_paths: bool) -> list[str]:
    notes = ["This is exploration: no gate reads it. Nothing was stored but that it was looked at, which counts once."]
    if any(tuned_on[each.fold.test].any() for each in judged):
        notes.append(
            "The parameters were tuned on part of what is judged here (column tuned on): there the measures may flatter."
        )
    if any(each.fold.train_end > each.fold.test_start for each in judged):
        notes.append("Some models learnt from what came after they were judged, which no live model can.")
    if has_paths:
        notes.append("All paths judge the same outcomes: their spread is no standard error.")
    return notes


def _listed(groups: Sequence[int]) -> str:
    return " ".join(str(group + 1) for group in groups)
