"""Stage five: the candidate, trained on every sample with the parameters that the study found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from trimtab import __version__
from trimtab.config.as_read import confidence_as_read, model_as_read
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.features.catalogue import catalogue
from trimtab.models.artifacts import StoredModel, load_model, store_model
from trimtab.models.configured import forecaster_of
from trimtab.models.forecasting import forecast
from trimtab.models.golden import golden_inputs
from trimtab.models.importance import permutation_importance, share_by_feature
from trimtab.models.plots import plot_importance
from trimtab.models.protocol import FittedForecaster
from trimtab.pipeline.checkpoints import kept_checkpoints
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import CheckOutcome, StageResult, Table
from trimtab.pipeline.tracking import tell_candidate, tracked
from trimtab.pipeline.tuning import TUNING, fit_context, tuned_parameters
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.artifact_checks import check_artifacts
from trimtab.registry.models import ArtifactFile, Candidate, ModelVersion
from trimtab.storage.hashing import fingerprint_json
from trimtab.tracking.resources import Resources, measured
from trimtab.tracking.watching import watch_of
from trimtab.validation.scoring import score

CANDIDATE = "candidate_model"
ACTOR = "pipeline"


def train_candidate(workspace: Workspace, strategy_name: str) -> StageResult:
    """Train on every sample with the parameters found, store the model and register its version."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    parameters = tuned_parameters(workspace, strategy_name)
    inputs = {
        "recipe": recipe_fingerprint(workspace, strategy, fingerprint, parameters),
        # Of the rest of the file the candidate uses only these: another gate or schedule trains nothing again.
        "limits": [strategy.gates.max_artifact_mb, strategy.gates.max_load_seconds],
    }

    def compute() -> Produced:
        forecaster, recipe = forecaster_of(strategy, parameters), str(inputs["recipe"])
        tags = {"recipe": recipe, "study": (stage_values(workspace, TUNING, strategy_name) or {}).get("study")}
        with (
            tracked(workspace, CANDIDATE, strategy_name, fingerprint, forecaster.parameters, tags) as run,
            kept_checkpoints(workspace, CANDIDATE, strategy_name) as folder,
        ):
            context = replace(fit_context(workspace), watch=watch_of(run), checkpoints=folder)
            with measured(workspace.settings.n_threads) as used:
                fitted = forecaster.fit(dataset, None, context)
            golden = golden_inputs(fitted, dataset)
            stored = store_model(workspace.lake.artifacts, fitted, golden, in_fresh_process=True)
            version = _register(workspace, strategy, dataset, fingerprint, parameters, fitted, stored)
            described = _describe_candidate(workspace, strategy, dataset, fitted, stored, version)
            described = replace(described, metrics={**described.metrics, **_cost(used)})
            tell_candidate(workspace, run, stored, version, described)
        return replace(described, summary={**described.summary, "recipe": recipe})

    return run_stage(
        workspace,
        CANDIDATE,
        strategy_name,
        lambda: inputs,
        compute,
        lambda manifest: _is_registered(workspace, strategy_name, manifest.summary["values"]),
    )


def _cost(used: Resources) -> dict[str, float]:
    """What the training itself took, as the stage shows it."""
    return {"training_seconds": used.wall_seconds, "cpu_seconds": used.cpu_seconds, "peak_rss_mb": used.peak_rss_mb}


def recipe_fingerprint(
    workspace: Workspace, strategy: Strategy, dataset_fingerprint: str, parameters: dict[str, Any]
) -> str:
    """SHA-256 of what a model is trained from and how: evidence counts only for the same recipe."""
    model, confidence = model_as_read(strategy.model), confidence_as_read(strategy.confidence)
    return fingerprint_json([dataset_fingerprint, model, confidence, parameters, workspace.settings.seed])


def candidate_version(workspace: Workspace, strategy_name: str) -> ModelVersion | None:
    """The model version the latest candidate stage of a strategy registered."""
    values = stage_values(workspace, CANDIDATE, strategy_name)
    return None if values is None else workspace.registry.get_model(values["model_id"])


def _is_registered(workspace: Workspace, strategy_name: str, values: dict[str, Any]) -> bool:
    known = {model.id: model.manifest_digest for model in workspace.registry.list_models(strategy_name)}
    return known.get(values["model_id"]) == values["manifest_digest"] and all(
        workspace.lake.artifacts.is_intact(digest)  # a damaged file is written again by the same training
        for digest in (
            values["manifest_digest"],
            *(f.sha256 for f in workspace.registry.artifacts(values["model_id"])),
        )
    )


def _configuration(strategy: Strategy) -> dict[str, Any]:
    return strategy.model_dump(mode="json", exclude={"universe": {"path"}})


def _register(
    workspace: Workspace,
    strategy: Strategy,
    dataset: Dataset,
    fingerprint: str,
    parameters: dict[str, Any],
    fitted: FittedForecaster,
    stored: StoredModel,
) -> ModelVersion:
    reported = fitted.importance()
    candidate = Candidate(
        strategy=strategy.name,
        algorithm=strategy.model.algorithm,
        configuration=_configuration(strategy),
        hyper_parameters=dict(forecaster_of(strategy, parameters).parameters),
        dataset_fingerprint=fingerprint,
        manifest_digest=stored.manifest_digest,
        size_bytes=stored.size_bytes,
        code_version=__version__,
        metrics={"n_samples": len(dataset)},
        artifacts=tuple(ArtifactFile(f.name, f.sha256, f.size_bytes) for f in stored.files),
        features={name: reported.get(name) for name in dataset.feature_names},
    )
    return workspace.registry.register_model(candidate, ACTOR)


def _describe_candidate(
    workspace: Workspace,
    strategy: Strategy,
    dataset: Dataset,
    fitted: FittedForecaster,
    stored: StoredModel,
    version: ModelVersion,
) -> Produced:
    checks = check_artifacts(
        workspace.lake.artifacts,
        workspace.registry.artifacts(version.id),
        fitted.feature_names,
        catalogue(),
        lambda: load_model(workspace.lake.artifacts, stored.manifest_digest),
        max_megabytes=strategy.gates.max_artifact_mb,
        max_load_seconds=strategy.gates.max_load_seconds,
    )
    native = fitted.importance()
    permuted = _permutation_shares(workspace, dataset, fitted)
    top = sorted(native or permuted, key=lambda name: -(native or permuted)[name])[:20]
    importance: Table = [{"feature": n, "native": native.get(n), "permutation": permuted.get(n)} for n in top]
    in_sample = score(dataset.task, dataset.target, forecast(fitted, dataset).value)
    by_name = {check.name: check for check in checks}
    return Produced(
        data_version=stored.manifest_digest,
        metrics={
            "version": version.version,
            "training_accuracy": in_sample["accuracy"],
            "size_bytes": stored.size_bytes,
            "load_seconds": by_name["load_time"].value,
            "samples": len(dataset),
            "artifact": stored.manifest_digest[:12],
        },
        tables={
            "importance": importance,
            "files": [{"file": f.name, "bytes": f.size_bytes, "sha256": f.sha256[:16]} for f in stored.files],
            "artifact checks": [
                {"check": c.name, "passed": c.passed, "value": c.value, "detail": c.detail} for c in checks
            ],
        },
        plots={"Importance": plot_importance(native, permuted, top)} if top else {},
        links={"manifest": workspace.lake.artifacts.path(stored.manifest_digest)},
        checks=(
            CheckOutcome(
                "artifact_trusted",
                all(check.passed for check in checks),
                False,
                "; ".join(check.detail for check in checks if not check.passed)
                or "size, integrity, load time and features are in order",
                {check.name: check.value for check in checks},
            ),
        ),
        summary={
            "model_id": version.id,
            "version": version.version,
            "manifest_digest": stored.manifest_digest,
            "artifact_size_mb": stored.size_bytes / 1e6,
            "load_seconds": by_name["load_time"].value,
            "n_damaged_files": int(by_name["artifact_integrity"].value or 0),
            "n_samples": len(dataset),
        },
    )


def _permutation_shares(workspace: Workspace, dataset: Dataset, fitted: FittedForecaster) -> dict[str, float]:
    """Shares by permutation on the newest rows: enough to rank, few enough to stay quick."""
    rows = dataset.take(np.arange(max(len(dataset) - 1500, 0), len(dataset)))
    groups = permutation_importance(
        fitted,
        rows,
        lambda target, value: score(rows.task, target, value)["information_coefficient"],
        seed=workspace.settings.seed,
        n_repeats=1,
    )
    return share_by_feature(groups)
