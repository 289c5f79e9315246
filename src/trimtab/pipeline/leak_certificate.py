"""Stage six, the leak certificate: nothing a model learns from knows the future, or another instrument.

What is certified is a dataset: its features and label on each of its series, its samples computed again
from one instrument at a time, and its folds. The certificate is stored under its SHA-256; a decision
reads it through `certified_leaks`, for which only a whole certificate about that very dataset counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab import __version__
from trimtab.config.as_read import folds_as_read
from trimtab.datasets.recipe import series_of
from trimtab.datasets.snapshot import read_recipe
from trimtab.errors import ArtifactError, DatasetError, NotFoundError
from trimtab.features.catalogue import versions
from trimtab.market import Series
from trimtab.monitoring.certificates import (
    CertificateVerdict,
    judge_certificate,
    load_certificate,
    store_certificate,
)
from trimtab.monitoring.leaks import audit_folds, audit_order
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.leak_items import certify_series, items_of_dataset
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.surroundings import needs_of, surroundings_fingerprint
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_json
from trimtab.storage.manifests import Manifest
from trimtab.validation.splitters import walk_forward_from

LEAKS = "leak_certificate"
SHOWN = 5  # names in a row of the table


def certify_leaks(workspace: Workspace, strategy_name: str) -> StageResult:
    """Certify the latest dataset of a strategy: every feature and label, the samples, and the folds."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    recipe = read_recipe(workspace.lake, fingerprint)
    names = tuple(recipe["features"])

    def inputs() -> dict[str, Any]:
        return {
            "dataset": fingerprint,
            "content": {series.key: _content(workspace, series, names) for series in series_of(recipe)},
            "versions": versions(names),
            "label": recipe["label"],
            "validation": folds_as_read(strategy.validation),
            "seed": workspace.settings.seed,
        }

    def compute() -> Produced:
        folds = walk_forward_from(strategy.validation).split(dataset)
        leaking = audit_folds(dataset, folds)
        judged = iter([(fold.name, fold.name in leaking) for fold in folds])
        parts = {series.key: certify_series(workspace, series, recipe, dataset) for series in series_of(recipe)}
        document = {
            "strategy": strategy_name,
            **inputs(),
            "series": {key: part.checks for key, part in parts.items()},
            "items": [each for part in parts.values() for each in part.items]
            + items_of_dataset(dataset, strategy_name, judged, audit_order(dataset)),
            "canaries": [each for part in parts.values() for each in part.canaries],
            "made_by": {"trimtab": __version__, "code": code_fingerprint()},
        }
        return _store(workspace, document)

    def still_there(manifest: Manifest) -> bool:
        return workspace.lake.artifacts.is_intact(manifest.summary["values"]["certificate"])

    return run_stage(workspace, LEAKS, strategy_name, inputs, compute, still_there)


def certified_leaks(workspace: Workspace, strategy_name: str, dataset: str) -> CertificateVerdict:
    """What the latest certificate of a strategy says about a dataset, given by its fingerprint.

    The number of leaks is unknown, with the reason, where there is no certificate, where its bytes have
    changed, where it is about another dataset, other versions of the features, another label or other
    folds than those of the strategy file now, and where it left something unchecked.
    """
    digest = (stage_values(workspace, LEAKS, strategy_name) or {}).get("certificate")
    if not digest:
        return judge_certificate(None, {})
    try:
        document, recipe = load_certificate(workspace.lake, digest), read_recipe(workspace.lake, dataset)
    except (ArtifactError, DatasetError, NotFoundError) as error:
        return CertificateVerdict(None, str(error))
    validation = folds_as_read(workspace.strategy(strategy_name).validation)
    about = {"dataset": dataset, "versions": recipe["feature_versions"], "label": recipe["label"]}
    return judge_certificate(document, {**about, "validation": validation})


def _content(workspace: Workspace, series: Series, names: Sequence[str]) -> dict[str, Any]:
    beside = surroundings_fingerprint(workspace, series, needs_of(names))
    return {"bars": workspace.bars.fingerprint(series), "surroundings": beside}


def _store(workspace: Workspace, document: Mapping[str, Any]) -> Produced:
    """Store the certificate; when it was made is part of it, but not of the version of what it says."""
    made = workspace.lake.clock.now().isoformat()
    digest = store_certificate(workspace.lake, {**document, "made": made})
    verdict = judge_certificate(load_certificate(workspace.lake, digest), {})
    rows, planted = _rows(document["items"]), _planted_rows(document["canaries"])
    counts = {name: sum(int(row[name] or 0) for row in rows) for name in ("checked", "unchecked", "absent", "leaks")}
    metrics: dict[str, Scalar] = {
        **counts,
        "values_compared": sum(each.get("values_compared", 0) for each in document["items"]),
        "planted_leaks": len(document["canaries"]),
        "planted_leaks_caught": sum(each["caught"] for each in document["canaries"]),
        "certificate": digest[:12],
    }
    return Produced(
        data_version=fingerprint_json(document),
        metrics=metrics,
        tables={"certificate": rows, "planted leaks": planted},
        links={"certificate": workspace.lake.artifacts.path(digest)},
        checks=(
            # Not blocking: the features themselves block; here the decision refuses in writing.
            CheckOutcome("no_leaks", verdict.n_leaks == 0, False, verdict.reason, metrics),
        ),
        summary={
            "n_leaks": verdict.n_leaks,
            "reason": verdict.reason,
            "dataset": document["dataset"],
            "certificate": digest,
        },
    )


def _rows(items: Sequence[Mapping[str, Any]]) -> Table:
    """One row per kind and place: how many were checked and what is wrong with which."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in items:
        groups.setdefault((each["what"], each["where"]), []).append(each)
    return [_row(what, where, group) for (what, where), group in groups.items()]


def _row(what: str, where: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Scalar]:
    by = {o: [each for each in items if each["outcome"] == o] for o in ("passed", "leaks", "unchecked", "absent")}
    wrong = [*by["leaks"][:SHOWN], *by["unchecked"][:SHOWN]]
    named = ", ".join(each["name"] + (" (unchecked)" if each["outcome"] == "unchecked" else "") for each in wrong)
    return {
        "what": what,
        "where": where,
        "checked": len(by["passed"]) + len(by["leaks"]),
        "unchecked": len(by["unchecked"]),
        "absent": len(by["absent"]),
        "leaks": len(by["leaks"]),
        "which": named,
        "why": wrong[0]["reason"] if wrong else "",
    }


def _planted_rows(canaries: Sequence[Mapping[str, Any]]) -> Table:
    groups: dict[tuple[str, str], list[bool]] = {}
    for each in canaries:
        groups.setdefault((each["name"], each["reads"]), []).append(bool(each["caught"]))
    return [
        {"leak": name, "reads": reads, "planted": len(caught), "caught": sum(caught)}
        for (name, reads), caught in groups.items()
    ]
