"""Stage nine: everything known about the candidate as one HTML file that a person reads in two minutes.

What was measured of another recipe is no evidence about this one: the page says so in its place.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from trimtab.config.strategy import Strategy
from trimtab.datasets.snapshot import read_recipe
from trimtab.errors import ArtifactError, DatasetError, NotFoundError
from trimtab.metrics.plain import plain
from trimtab.models.artifacts import read_manifest
from trimtab.pipeline.backtest import BACKTEST
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.evidence_chain import evidence_chain
from trimtab.pipeline.leak_certificate import LEAKS
from trimtab.pipeline.models import CANDIDATE, candidate_version
from trimtab.pipeline.monitoring import STAGE as DRIFT
from trimtab.pipeline.running import Produced, read_document, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.decisions import Decision
from trimtab.registry.models import ModelVersion
from trimtab.reports.evidence import INSUFFICIENT, ModelEvidence, at, drifted_share, interval_of
from trimtab.reports.page import model_page
from trimtab.reports.verdict import verdict_of
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

MODEL_REPORT = "model_report"
LONGEST_CHANGE = 200  # characters; `trimtab models show` has the whole sentence
# The stage that writes each document about a recipe, by the name the page knows it by.
DOCUMENTS = {
    "walk_forward": WALK_FORWARD,
    "backtest": BACKTEST,
    "honesty": "honesty_report",
    "robustness": "robustness_report",
    "model_leaks": "model_certificate",
}


def report_model(workspace: Workspace, strategy_name: str) -> StageResult:
    """Write the page of the latest candidate: under its version, and as the latest."""
    strategy = workspace.strategy(strategy_name)
    candidate = candidate_version(workspace, strategy_name)
    if candidate is None:
        raise NotFoundError(
            f"strategy '{strategy_name}' has no candidate to report about; run the stage {CANDIDATE} first"
        )

    def inputs() -> dict[str, Any]:
        model = workspace.registry.get_model(candidate.id)
        stages = (*DOCUMENTS.values(), LEAKS, DRIFT, CANDIDATE, "training_dataset")
        return {
            "model": [model.id, model.version, model.state, model.manifest_digest],
            "documents": {s: (stage_values(workspace, s, strategy_name) or {}).get("data_version") for s in stages},
            "missing": _documents(workspace, strategy_name, model)[1],
            "decision": _decision(workspace.registry.latest_decision(model_id=model.id)),
            "description": strategy.description,
            "seed": workspace.settings.seed,
            "benchmark": _benchmark(workspace, strategy),
        }

    def compute() -> Produced:
        evidence = gather(workspace, strategy, workspace.registry.get_model(candidate.id))
        return _describe(workspace, evidence, model_page(evidence))

    return run_stage(workspace, MODEL_REPORT, strategy_name, inputs, compute)


def gather(workspace: Workspace, strategy: Strategy, model: ModelVersion) -> ModelEvidence:
    """Everything the stages and the registry know about one model version."""
    documents, why_missing = _documents(workspace, strategy.name, model)
    shown = _manifest(workspace, CANDIDATE, strategy.name)
    return ModelEvidence(
        strategy=strategy.name,
        version=model.version,
        description=strategy.description,
        state=model.state,
        algorithm=model.algorithm,
        created=plain_time(model.created),
        decision=_decision(workspace.registry.latest_decision(model_id=model.id)),
        documents=documents,
        why_missing=why_missing,
        importance=_importance(workspace, model, at(shown, "tables", "importance") or []),
        identity=_identity(workspace, strategy, model),
        parameters=model.hyper_parameters,
        commands=_commands(strategy.name, model),
    )


def plain_time(time: Any) -> str:
    """A time of the registry as ISO 8601 text."""
    return str(time.isoformat())


def _documents(workspace: Workspace, name: str, model: ModelVersion) -> tuple[dict[str, Any], dict[str, str]]:
    """The documents about this very model, and for the others why there is none."""
    recipe = (stage_values(workspace, CANDIDATE, name) or {}).get("recipe")
    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    chain = evidence_chain(workspace, name, recipe).missing
    for key, stage in DOCUMENTS.items():
        values = stage_values(workspace, stage, name)
        if stage in chain:
            missing[key] = chain[stage]
        elif values is None:
            missing[key] = f"the stage {stage} has not run"
        elif recipe is None or values.get("recipe") != recipe:
            missing[key] = f"the latest {stage} is about another recipe; run it again"
        else:
            try:
                document = read_document(workspace, stage, name)
            except NotFoundError as error:
                missing[key] = str(error)
                continue
            if document.get("withheld"):
                missing[key] = str(document["withheld"])
            else:
                found[key] = document
    _add_leaks(workspace, name, model, found, missing)
    _add_drift(workspace, name, model, found, missing)
    return found, missing


def _add_leaks(
    workspace: Workspace, name: str, model: ModelVersion, found: dict[str, Any], missing: dict[str, str]
) -> None:
    values, shown = stage_values(workspace, LEAKS, name), _manifest(workspace, LEAKS, name)
    if values is None:
        missing["dataset_leaks"] = f"the stage {LEAKS} has not run"
    elif values.get("dataset") != model.dataset_fingerprint:
        missing["dataset_leaks"] = "the latest certificate is about another dataset; run it again"
    else:
        tables = {"items": at(shown, "tables", "certificate"), "planted": at(shown, "tables", "planted leaks")}
        found["dataset_leaks"] = {key: values.get(key) for key in ("n_leaks", "reason", "certificate")} | tables


def _add_drift(
    workspace: Workspace, name: str, model: ModelVersion, found: dict[str, Any], missing: dict[str, str]
) -> None:
    drifted = at(stage_values(workspace, DRIFT, name), "by_model", str(model.id))
    if drifted:
        found["drift"] = {**drifted, "judged_share": judged_share(workspace, name, model.id)}
    else:
        missing["drift"] = f"the stage {DRIFT} has not compared this version"


def judged_share(workspace: Workspace, name: str, model_id: int | None) -> float | None:
    """Of how many features the latest comparison could say anything; None where it is about another version."""
    record = workspace.registry.latest_drift_snapshot(name)
    if record is None or record.model_id != model_id or not record.features:
        return None
    judged = [feature for feature in record.features.values() if feature.get("status") != INSUFFICIENT]
    return len(judged) / len(record.features)


def _manifest(workspace: Workspace, stage: str, name: str) -> Mapping[str, Any]:
    manifest = workspace.manifests.latest(stage, name)
    return manifest.summary if manifest else {}


def _importance(workspace: Workspace, model: ModelVersion, permuted: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Importance as the registry has it, with what shuffling found beside it."""
    native, shuffled = (
        workspace.registry.features(model.id),
        {row["feature"]: row.get("permutation") for row in permuted},
    )
    names = sorted({*native, *shuffled})
    return [{"feature": name, "native": native.get(name), "permutation": shuffled.get(name)} for name in names]


def _decision(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    gates = [
        {name: getattr(g, name) for name in ("name", "value", "limit", "passed", "reason")} for g in decision.gates
    ]
    return {"outcome": decision.outcome, "decided": plain_time(decision.decided), "gates": plain(gates)}


def _identity(workspace: Workspace, strategy: Strategy, model: ModelVersion) -> list[tuple[str, str]]:
    counted = at(_manifest(workspace, "training_dataset", strategy.name), "metrics") or {}
    about = counted if model.dataset_fingerprint.startswith(str(counted.get("fingerprint") or "?")) else {}
    try:
        recipe = read_recipe(workspace.lake, model.dataset_fingerprint)
    except (ArtifactError, DatasetError, NotFoundError):
        recipe = {}
    label = recipe.get("label") or {}
    span = [str(about[end])[:10] for end in ("first_decision", "last_decision") if about.get(end)]
    return [
        ("Decisions", " to ".join(span)),
        ("Samples", f"{about['samples']:,}" if about.get("samples") else ""),
        ("Instruments", ", ".join(recipe.get("instruments") or [])),
        ("Timeframe", str(recipe.get("timeframe") or "")),
        ("Label", _label(label)),
        ("Features", str(len(recipe["features"])) if recipe.get("features") else ""),
        ("Bars known at", str(recipe.get("as_of") or "")[:19].replace("T", " ")),
        ("Dataset", model.dataset_fingerprint),
        ("Model files", model.manifest_digest),
        ("Size", f"{model.size_bytes:,} bytes"),
        ("Change", textwrap.shorten(model.changelog, LONGEST_CHANGE, placeholder=" …")),
        ("Seed", str(workspace.settings.seed)),
        ("trimtab", model.code_version),
        ("Libraries that trained it", _libraries(workspace, model)),
        ("Code of this report", code_fingerprint()),
        *[(f"Bars of {key}", digest) for key, digest in sorted((recipe.get("bars") or {}).items())],
        *_benchmark(workspace, strategy),
    ]


def _benchmark(workspace: Workspace, strategy: Strategy) -> list[tuple[str, str]]:
    """The benchmark's bars as they are stored now: regimes and the market's line are read from them."""
    name = strategy.universe.benchmark
    if name is None or name in strategy.universe.instruments:
        return []
    stored = workspace.manifests.latest("bars", f"{name}__{strategy.universe.timeframe}")
    return (
        [(f"Bars of {name}__{strategy.universe.timeframe}, the benchmark", stored.output_fingerprint)] if stored else []
    )


def _libraries(workspace: Workspace, model: ModelVersion) -> str:
    """Names and versions from the model's own files; empty where those cannot be read."""
    try:
        found = read_manifest(workspace.lake.artifacts, model.manifest_digest).get("libraries") or {}
    except ArtifactError:
        return ""
    return ", ".join(f"{name} {version}" for name, version in sorted(found.items()))


def _label(label: Mapping[str, Any]) -> str:
    horizons = ", ".join(str(each) for each in label.get("horizons") or [])
    return f"{str(label['kind']).replace('_', ' ')}, {horizons} bars ahead" if label.get("kind") else ""


def _commands(name: str, model: ModelVersion) -> list[tuple[str, str]]:
    return [
        (
            f"trimtab datasets rebuild {model.dataset_fingerprint[:12]}",
            "Build the dataset again and compare its fingerprint:",
        ),
        (
            f"TRIMTAB_DATA_DIR=./again trimtab run --strategy {name}",
            "Train, judge and report all of it again, in a folder of its own (in this one, what is unchanged is skipped):",
        ),
        (f"trimtab models show {name} {model.version}", "Read the registry's record of this version:"),
    ]


def _describe(workspace: Workspace, evidence: ModelEvidence, page: str) -> Produced:
    folder = workspace.report_folder(MODEL_REPORT, evidence.strategy)
    for name in (f"{evidence.version}.html", "report.html"):
        write_text(folder / name, page)
    verdict, headline = verdict_of(evidence), _headline(evidence)
    return Produced(
        data_version=fingerprint_json(page),
        metrics={
            "version": evidence.version,
            "verdict": verdict.word,
            "why": verdict.lead,
            **{str(row["measure"]): row["value"] for row in headline},
            "not_measured": ", ".join(sorted(evidence.why_missing)) or "nothing",
            "bytes": len(page.encode()),
        },
        tables={"headline": headline, "why": [{"reason": reason} for reason in verdict.reasons]},
        links={"report": folder / "report.html", "this version": folder / f"{evidence.version}.html"},
        summary={"version": evidence.version, "verdict": verdict.word, "bytes": len(page.encode())},
    )


def _headline(evidence: ModelEvidence) -> Table:
    """The numbers to remember, with their intervals where somebody measured them."""
    judged, traded = evidence.document("walk_forward"), evidence.document("backtest")
    honest = evidence.document("honesty")
    gate = at(honest, "conventions", "gate") or "classic"
    named: tuple[tuple[str, Any, Mapping[str, Any]], ...] = (
        ("accuracy", at(judged, "pooled", "accuracy"), interval_of(judged, "accuracy")),
        ("baseline_p_value", at(judged, "baselines", "strongest", "p_value"), {}),
        ("sharpe_ratio", at(traded, "metrics", "sharpe_ratio"), interval_of(traded, "sharpe_ratio")),
        ("max_drawdown", at(traded, "metrics", "max_drawdown"), {}),
        ("deflated_sharpe_ratio", at(honest, "deflated_sharpe_ratio", gate), {}),
        ("drifted_share", drifted_share(evidence.document("drift")), {}),
    )
    return [
        {"measure": n, "value": v, "low": between.get("low"), "high": between.get("high")} for n, v, between in named
    ]
