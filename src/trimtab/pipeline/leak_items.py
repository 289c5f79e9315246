"""What a leak certificate says about one series: its features, its label, its samples, and the planted leaks.

An item is one thing that was certified, as JSON values: what it is ("feature", "label", "samples", "fold",
"order"), its name, where, its outcome ("passed", "leaks", "unchecked", "absent") and the reason for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.datasets.recipe import label_of, rules_of
from trimtab.datasets.windows import reach_of
from trimtab.features.catalogue import catalogue, versions
from trimtab.features.leaks import certify_whole
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series
from trimtab.monitoring.leaks import audit_label, is_same_alone
from trimtab.pipeline.recipe_features import samples_of_recipe
from trimtab.pipeline.surroundings import needs_of, surroundings_fingerprint, surroundings_of
from trimtab.pipeline.workspace import Workspace

CERTIFICATE_BARS = 1000  # besides those that the look-back needs
CUTS = 3
CHANGED = "the lake has other {} than the dataset was made from; build the dataset again"
DESCRIBED = ("n_bars", "cuts", "removed_at", "not_seen", "futures", "seed", "content")  # of every comparison
Item = dict[str, Any]


@dataclass(frozen=True)
class SeriesItems:
    """What was found on one series, as JSON values.

    Attributes
    ----------
    items: everything that was certified.
    canaries: every leak that was planted: name, what it reads, where, whether it was caught.
    checks: on what: bars, cuts, futures, seed and content of every comparison, and what it could not see.
    """

    items: list[Item]
    canaries: list[Item]
    checks: list[dict[str, Any]]


def certify_series(workspace: Workspace, series: Series, recipe: Mapping[str, Any], dataset: Dataset) -> SeriesItems:
    """Certify what a dataset has of one series."""
    names, label, seed = tuple(recipe["features"]), label_of(recipe), workspace.settings.seed
    if not _own(series, dataset).any():  # listed too recently, or refused by the checks
        return SeriesItems(_nothing_learnt(series, names), [], [])
    bars, beside = workspace.bars.current(series), surroundings_of(workspace, series, None, needs_of(names))
    found = SeriesItems([], [], [])
    _certify_features(found, names, bars, beside, seed)
    _check_absent(found.items, series, dataset)
    n = CERTIFICATE_BARS + reach_of((), label).lookback
    _certify_label(found, bars.take(slice(max(len(bars) - n, 0), None)), label, seed)
    found.items.append(_samples_item(workspace, series, recipe, dataset))
    return found


def item(what: str, name: str, where: str, leaks: bool, reason: str = "") -> Item:
    """An item that was checked; the reason is kept only where it leaks."""
    outcome = "leaks" if leaks else "passed"
    return {"what": what, "name": name, "where": where, "outcome": outcome, "reason": reason if leaks else ""}


def _own(series: Series, dataset: Dataset) -> np.ndarray:
    own: np.ndarray = dataset.instrument == dataset.instruments.index(series.instrument_id)
    return own


def _nothing_learnt(series: Series, names: Sequence[str]) -> list[Item]:
    """A series without a sample has nothing to leak."""
    absent = {"where": series.key, "outcome": "absent", "reason": "the dataset has no sample of this series"}
    return [{"what": "feature", "name": name, **absent} for name in names]


def _certify_features(found: SeriesItems, names: Sequence[str], bars: Bars, beside: Surroundings, seed: int) -> None:
    certificate = certify_whole(names, bars, n_bars=CERTIFICATE_BARS, cuts=CUTS, seed=seed, surroundings=beside)
    for each in certificate.certificates:
        found.canaries.extend({**asdict(canary), "where": certificate.series} for canary in each.canaries)
        described = each.document()
        found.checks.append({key: described[key] for key in DESCRIBED})
    made_by = versions(names)
    for finding in certificate.findings:
        where = {"what": "feature", "where": certificate.series, "version": made_by[finding.name]}
        found.items.append({**where, **asdict(finding)})


def _check_absent(items: list[Item], series: Series, dataset: Dataset) -> None:
    """What is absent now must have no value in the dataset either, or it was not absent when that was made.

    The other way round, what could not be checked because its fact was never known to the dataset (a company
    without debt) is absent: nothing was learnt from it.
    """
    own = _own(series, dataset)
    for each in items:
        if each["outcome"] not in {"absent", "unchecked"}:
            continue
        is_empty = np.isnan(dataset.features[own, dataset.feature_names.index(each["name"])]).all()
        if each["outcome"] == "absent" and not is_empty:
            each |= {"outcome": "unchecked", "reason": f"{each['reason']} now, but the dataset has values of it"}
        elif each["outcome"] == "unchecked" and is_empty and catalogue()[each["name"]].unknown_when:
            each |= {"outcome": "absent", "reason": "it has no value in any sample of this series"}


def _certify_label(found: SeriesItems, bars: Bars, label: Label, seed: int) -> None:
    where = bars.series.key
    for horizon in label.horizons:
        audit = audit_label(bars, label, horizon, seed=seed)
        named = {"what": "label", "name": f"{label.kind} over {horizon} bars", "where": where}
        reason = f"it changed when the future was {audit.future}" if audit.future else ""
        if audit.outcome == "unchecked":
            reason = "too few labels had ended before any cut; more bars are needed"
        found.items.append(
            {**named, "outcome": audit.outcome, "reason": reason, "values_compared": audit.values_compared}
        )
        found.canaries.extend({**asdict(each), "where": where} for each in audit.canaries)


def _samples_item(workspace: Workspace, series: Series, recipe: Mapping[str, Any], dataset: Dataset) -> Item:
    """Whether the samples come out the same from this series alone, as of the time of the dataset."""
    found = item("samples", "samples", series.key, False)
    then = recipe.get("surroundings", {}).get(series.key, {})
    if then != surroundings_fingerprint(workspace, series, needs_of(recipe["features"])):
        return {**found, "outcome": "unchecked", "reason": CHANGED.format("facts or peers")}
    alone = samples_of_recipe(workspace, series, recipe)
    if is_same_alone(dataset, series.instrument_id, alone, rules_of(recipe)):
        return found
    if recipe["bars"][series.key] != workspace.bars.fingerprint(series):  # history that was loaded meanwhile
        return {**found, "outcome": "unchecked", "reason": CHANGED.format("bars")}
    return {**found, "outcome": "leaks", "reason": "they are other ones than those made from this series alone"}


def items_of_dataset(dataset: Dataset, strategy: str, folds: Iterator[tuple[str, bool]], early: int) -> list[Item]:
    """The items about the dataset as a whole: each fold with whether it leaks, and the order of the labels."""
    reason = "it trains on a label that had not ended before its first test decision"
    items = [item("fold", name, strategy, leaks, reason) for name, leaks in folds]
    said = f"{early} of {len(dataset)} labels look into their own bar or do not end after their decision"
    return [*items, item("order", "labels follow decisions", strategy, early > 0, said)]
