"""Stage three: the point-in-time training dataset of a strategy, under its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.config.as_read import label_as_read
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.point_in_time import samples_point_in_time
from trimtab.datasets.quality import bars_left_out
from trimtab.datasets.recipe import has_history, rules_of, series_of, written_rules
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.datasets.snapshot import fingerprint as snapshot_fingerprint
from trimtab.datasets.snapshot import load_snapshot, read_recipe, save_snapshot
from trimtab.errors import DatasetError, NotFoundError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock
from trimtab.features.store import read_features
from trimtab.labels.compute import CODE_VERSION as LABEL_VERSION
from trimtab.market import Series
from trimtab.models.configured import forecaster_of
from trimtab.pipeline.dataset_report import describe_dataset
from trimtab.pipeline.features import STAGES as FEATURE_STAGES
from trimtab.pipeline.recipe_features import samples_of_recipe
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.surroundings import needs_of, surroundings_fingerprint
from trimtab.pipeline.workspace import Workspace

STAGE = "training_dataset"
CODE_VERSION = "5"  # part of every recipe: raise it when the same bars would give other samples


def build_training_dataset(workspace: Workspace, strategy_name: str) -> StageResult:
    """Build the dataset of a strategy from the stored features and labels of its instruments.

    Raises `NotFoundError` where a family of features that the strategy uses has not been computed,
    and `DatasetError` where its table was computed from other bars than the store has now.
    """
    strategy = workspace.strategy(strategy_name)

    def inputs() -> dict[str, Any]:
        recipe = recipe_of(workspace, strategy)
        return {**recipe, "feature_tables": _feature_tables(workspace, strategy, recipe["bars"])}

    def compute() -> Produced:
        recipe = recipe_of(workspace, strategy)
        parts = [samples_of(workspace, strategy, series) for series in strategy.universe.series]
        dataset = build_dataset(parts, strategy.dataset, with_history=has_history(recipe))
        left_out = bars_left_out(parts, strategy.dataset)
        fingerprint = save_snapshot(workspace.lake, dataset, recipe, left_out)
        return describe_dataset(dataset, left_out, fingerprint, workspace.lake.root / "datasets" / fingerprint)

    folder = workspace.lake.root / "datasets"
    return run_stage(
        workspace,
        STAGE,
        strategy_name,
        inputs,
        compute,
        lambda manifest: (folder / manifest.output_fingerprint / "recipe.json").is_file(),
    )


def recipe_of(workspace: Workspace, strategy: Strategy) -> dict[str, Any]:
    """Everything the dataset depends on: with the bar store it can be built again, bit for bit."""
    names = resolve(strategy.features.sets, strategy.features.names)
    bars = {series.key: workspace.bars.fingerprint(series) for series in strategy.universe.series}
    as_of = _newest_known(workspace, strategy)
    needs = needs_of(names)
    surroundings = {s.key: surroundings_fingerprint(workspace, s, needs) for s in strategy.universe.series if needs}
    return {
        "code": CODE_VERSION,
        "as_of": str(as_of),
        "bars": bars,
        **({"surroundings": surroundings} if surroundings else {}),
        "instruments": list(strategy.universe.instruments),
        "timeframe": strategy.universe.timeframe.value,
        "features": list(names),  # in the order of the columns
        "feature_versions": {name: catalogue()[name].version for name in names},
        "label": label_as_read(strategy.label) | {"code": LABEL_VERSION},
        "rules": written_rules(strategy.dataset),
        "window": forecaster_of(strategy).window,  # above 1 the rows of every bar are kept too
    }


def _newest_known(workspace: Workspace, strategy: Strategy) -> np.datetime64:
    """When the newest of what the bar store says was known: a bar, or a revision such as an action told late."""
    series = strategy.universe.series
    known = [workspace.bars.current(each).known_time for each in series]
    if not any(map(len, known)):
        raise NotFoundError(f"no bars are stored for strategy '{strategy.name}'; run the bars stage first")
    newest: np.datetime64 = np.concatenate([*known, *map(workspace.bars.revision_times, series)]).max()
    return newest


def _feature_tables(workspace: Workspace, strategy: Strategy, bars: Mapping[str, str]) -> dict[str, str]:
    """The data version of every feature table a dataset is made from; each must belong to `bars`."""
    names = resolve(strategy.features.sets, strategy.features.names)
    families = sorted({catalogue()[name].family for name in names})
    found: dict[str, str] = {}
    for series in strategy.universe.series:
        for family in families:
            stage = FEATURE_STAGES[family]
            values = stage_values(workspace, stage, series.key)
            if values is None:
                raise NotFoundError(f"{series} has no {family} features yet; run the stage {stage} first")
            if values.get("bars") != bars[series.key]:
                raise DatasetError(
                    f"the {family} features of {series} were computed from other bars than are stored now; "
                    f"compute the features again (stage {stage})"
                )
            needs = needs_of(name for name, each in catalogue().items() if each.family == family)
            if values.get("surroundings", {}) != surroundings_fingerprint(workspace, series, needs):
                raise DatasetError(
                    f"the {family} features of {series} were computed from other facts or peers than are stored now; "
                    f"compute the features again (stage {stage})"
                )
            found[f"{family}/{series.key}"] = values["data_version"]
    return found


def feature_block(workspace: Workspace, strategy: Strategy, series: Series) -> FeatureBlock:
    """The stored features of one series that a strategy uses."""
    return read_features(workspace.lake, series, resolve(strategy.features.sets, strategy.features.names))


def samples_of(workspace: Workspace, strategy: Strategy, series: Series) -> SeriesSamples:
    """Features and labels of one series, over every horizon."""
    features = feature_block(workspace, strategy, series)
    return samples_point_in_time(workspace.bars, features, strategy.label, strategy.dataset)


def load_training_dataset(workspace: Workspace, strategy_name: str) -> tuple[str, Dataset]:
    """The latest dataset of a strategy with its fingerprint."""
    values = stage_values(workspace, STAGE, strategy_name)
    if values is None:
        raise NotFoundError(f"strategy '{strategy_name}' has no dataset yet; run the stage {STAGE} first")
    dataset, _ = load_snapshot(workspace.lake, values["data_version"])
    return values["data_version"], dataset


def rebuild_dataset(workspace: Workspace, fingerprint: str) -> tuple[str, Dataset]:
    """Build a stored dataset again from the bar store, as of the time in its recipe.

    Nothing of the stored samples is used: bars are taken as they were known then, features and
    labels computed from them. Returns the fingerprint of what came out, equal to the one given
    unless code, a source or the store has changed. Raises `DatasetError` when the recipe asks for
    features or labels by a version of the code that is no longer there.
    """
    recipe = read_recipe(workspace.lake, fingerprint)
    names = tuple(recipe["features"])
    versions = {name: catalogue()[name].version for name in names if name in catalogue()}
    now = (versions, CODE_VERSION, LABEL_VERSION)
    if now != (recipe["feature_versions"], recipe["code"], recipe["label"]["code"]):
        raise DatasetError(
            f"dataset {fingerprint[:12]} was made by other versions of features or labels than this trimtab has; "
            "install the version that made it to build it again"
        )
    parts = [samples_of_recipe(workspace, series, recipe) for series in series_of(recipe)]
    dataset = build_dataset(parts, rules_of(recipe), with_history=has_history(recipe))
    return snapshot_fingerprint(dataset, recipe), dataset
