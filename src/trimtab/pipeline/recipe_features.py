"""The features and labels a recipe asks for, computed again from the bar store as of its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.datasets.point_in_time import samples_point_in_time
from trimtab.datasets.recipe import as_of, label_of, rules_of
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.features.point_in_time import compute_point_in_time
from trimtab.market import Series
from trimtab.pipeline.surroundings import around, needs_of
from trimtab.pipeline.workspace import Workspace


def samples_of_recipe(workspace: Workspace, series: Series, recipe: Mapping[str, Any]) -> SeriesSamples:
    """What one series brings to a dataset, over every horizon of the recipe."""
    features = features_of_recipe(workspace, series, recipe)
    return samples_point_in_time(workspace.bars, features, label_of(recipe), rules_of(recipe), as_of(recipe))


def features_of_recipe(workspace: Workspace, series: Series, recipe: Mapping[str, Any]) -> FeatureBlock:
    """The columns of a dataset for one series, family by family as their stages compute them.

    The revisions that add a pass are those of what a family reads, and the peers are those of the
    recipe: another strategy file may name others now.
    """
    names = tuple(recipe["features"])
    blocks = [_family(workspace, series, recipe, group) for group in by_family(names).values()]
    columns = {name: block.column(name) for block in blocks for name in block.names}
    values = np.asfortranarray(np.column_stack([columns[name] for name in names]))
    return FeatureBlock(series, blocks[0].event_time, blocks[0].known_time, names, values)


def by_family(names: Sequence[str]) -> dict[str, list[str]]:
    """Feature names by their family, in their order."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(catalogue()[name].family, []).append(name)
    return groups


def _family(workspace: Workspace, series: Series, recipe: Mapping[str, Any], names: Sequence[str]) -> FeatureBlock:
    family = catalogue()[names[0]].family
    needs = needs_of(name for name, each in catalogue().items() if each.family == family)
    told = recipe.get("surroundings", {}).get(series.key, {}).get("peers", {})
    peers = [Series.parse(key) for key in told] if "peers" in needs else []
    beside = around(workspace, series, needs, peers)
    return compute_point_in_time(workspace.bars, series, names, as_of(recipe), beside, peers)
