"""The certificate of a candidate's recipe: the whole procedure is run on labels it cannot know.

The certificate of a dataset (`leak_certificate`) says that no feature and no label knows the future; this one, that
nothing between the samples and the forecasts does. Each canary trains the strategy's own forecaster, with the
parameters its study chose, on the last folds of the walk-forward. The study itself is not run again: it
never saw those folds (decision 2), and the labels it did see are not those that are judged here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from trimtab import __version__
from trimtab.config.as_read import folds_as_read
from trimtab.config.strategy import Label, Strategy
from trimtab.datasets import Dataset
from trimtab.datasets.windows import reach_of
from trimtab.errors import ArtifactError, NotFoundError
from trimtab.metrics.plain import plain
from trimtab.models.configured import forecaster_of
from trimtab.models.forecasting import forecast
from trimtab.monitoring.certificates import CertificateVerdict
from trimtab.monitoring.model_canaries import (
    CanaryResult,
    Procedure,
    interval_audit,
    label_permutation,
    planted_future,
    time_shift,
)
from trimtab.monitoring.model_certificates import (
    judge_model_certificate,
    load_model_certificate,
    store_model_certificate,
)
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.models import recipe_fingerprint
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import CheckOutcome, StageResult, Table
from trimtab.pipeline.tuning import fit_context, tuned_parameters
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json
from trimtab.storage.manifests import Manifest
from trimtab.validation.folds import Fold
from trimtab.validation.splitters import walk_forward_from

MODEL_LEAKS = "model_certificate"
FORGOTTEN = 2 / 9  # of the bars until a moving average weighs 1e-9 it weighs 1 %: ln(1e-2) / ln(1e-9)
PERMUTED_FOLDS = 2  # the last ones; every further fold costs as many trainings as there are permutations


def certify_model(workspace: Workspace, strategy_name: str) -> StageResult:
    """Run the canaries of `monitoring.model_canaries` on a strategy's recipe and store what they say."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    parameters = tuned_parameters(workspace, strategy_name)
    recipe = recipe_fingerprint(workspace, strategy, fingerprint, parameters)
    inputs = {"recipe": recipe, "dataset": fingerprint, "validation": folds_as_read(strategy.validation)}

    def compute() -> Produced:
        procedure = _procedure(workspace, strategy, parameters)
        document = {
            "strategy": strategy_name,
            **inputs,
            "canaries": plain([asdict(each) for each in _canaries(workspace, strategy, dataset, procedure)]),
            "made_by": {"trimtab": __version__, "code": code_fingerprint()},
        }
        return _store(workspace, strategy_name, document)

    def still_there(manifest: Manifest) -> bool:
        return workspace.lake.artifacts.is_intact(manifest.summary["values"]["certificate"])

    return run_stage(workspace, MODEL_LEAKS, strategy_name, lambda: inputs, compute, still_there)


def certified_model_leaks(workspace: Workspace, strategy_name: str, recipe: str) -> CertificateVerdict:
    """What the latest certificate of a strategy's model says about a recipe; unknown where there is none."""
    digest = (stage_values(workspace, MODEL_LEAKS, strategy_name) or {}).get("certificate")
    if not digest:
        return judge_model_certificate(None)
    try:
        validation = folds_as_read(workspace.strategy(strategy_name).validation)
        return judge_model_certificate(load_model_certificate(workspace.lake, digest), recipe, validation)
    except (ArtifactError, NotFoundError) as error:
        return CertificateVerdict(None, str(error))


def _canaries(
    workspace: Workspace, strategy: Strategy, dataset: Dataset, procedure: Procedure
) -> tuple[CanaryResult, ...]:
    folds = walk_forward_from(strategy.validation).split(dataset)
    seed, n_threads = workspace.settings.seed, workspace.settings.n_threads
    memory = bars_seen(dataset.feature_names, strategy.label, forecaster_of(strategy).window)
    some, last = folds[-PERMUTED_FOLDS:], folds[-1:]
    return (
        label_permutation(dataset, some, procedure, seed=seed, n_threads=n_threads),
        planted_future(dataset, last, procedure, seed=seed, n_threads=n_threads),
        time_shift(dataset, last, procedure, seed=seed, memory=memory, n_threads=n_threads),
        interval_audit(dataset, folds),
    )


def _procedure(workspace: Workspace, strategy: Strategy, parameters: dict[str, Any]) -> Procedure:
    """The way of the walk-forward from samples to the forecasts of a fold."""
    context = replace(fit_context(workspace), n_threads=1)  # runs are side by side

    def forecasts(dataset: Dataset, fold: Fold) -> np.ndarray:
        model = forecaster_of(strategy, parameters).fit(dataset.take(fold.train), None, context)
        return np.asarray(forecast(model, dataset.take(fold.test)).value, dtype=np.float64)

    return forecasts


def bars_seen(features: Sequence[str], label: Label, window: int = 1) -> int:
    """How many bars a sample looks at, back and ahead: features, threshold or barriers of the label, and horizon.

    A feature that never quite forgets counts until a bar weighs about 1 %.

    >>> bars_seen(["return_5"], Label(kind="direction", horizons=(3,)))
    8
    """
    reach = reach_of(features, label, window)
    return math.ceil(reach.lookback + FORGOTTEN * (reach.memory - reach.lookback)) + reach.horizon


def _store(workspace: Workspace, strategy_name: str, document: dict[str, Any]) -> Produced:
    """Store the certificate; when it was made is part of it, but not of the version of what it says."""
    made = workspace.lake.clock.now().isoformat()
    digest = store_model_certificate(workspace.lake, {**document, "made": made})
    verdict = judge_model_certificate(document)
    path = workspace.report_folder(MODEL_LEAKS, strategy_name) / "report.json"
    canaries: Table = document["canaries"]
    told = {"canaries": canaries, "n_failed": verdict.n_leaks, "reason": verdict.reason}
    write_text(path, json.dumps(told, indent=1))
    metrics = {
        "canaries": len(canaries),
        "passed": sum(each["passed"] is True for each in canaries),
        "failed": verdict.n_leaks,
        "not_applicable": sum(not each["applies"] for each in canaries),
        "certificate": digest[:12],
    }
    shown = ("name", "kind", "n", "skill", "high", "p_value", "passed", "sentence")
    return Produced(
        data_version=fingerprint_json(document),
        metrics=metrics,
        tables={"canaries": [{name: each[name] for name in shown} for each in canaries]},
        links={"report": path, "certificate": workspace.lake.artifacts.path(digest)},
        checks=(
            # Not blocking: the decision refuses in writing.
            CheckOutcome("model_is_clean", verdict.n_leaks == 0, False, verdict.reason, metrics),
        ),
        summary={
            "n_failed": verdict.n_leaks,
            "reason": verdict.reason,
            "recipe": document["recipe"],
            "dataset": document["dataset"],
            "certificate": digest,
        },
    )
