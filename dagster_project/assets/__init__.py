"""The assets, one module per layer of the pipeline, from bars to decision.

A module declares its assets as `StageSpec`s: which library function, at which grain, reading what,
checked how. Add a stage here when the library has got a new one; how stages run is in
`dagster_project.stage_asset`, what they compute is in `trimtab.pipeline`. The files of the inbox are an
asset of another kind (`inbox.py`): they come when somebody delivers them.
"""

from __future__ import annotations

import dagster as dg

from dagster_project.assets import datasets, evidence, features, governance, market_data, models, monitoring
from dagster_project.assets.inbox import build_inbox_asset
from dagster_project.partitions import Partitions
from dagster_project.stage_asset import Running, StageSpec, build_asset
from trimtab import __version__

STAGES: tuple[StageSpec, ...] = (
    *market_data.STAGES,
    *features.STAGES,
    *datasets.STAGES,
    *models.STAGES,
    *evidence.STAGES,
    *monitoring.STAGES,
    *governance.STAGES,
)


def build_assets(partitions: Partitions, running: Running) -> list[dg.AssetsDefinition]:
    """Every asset of the graph."""
    grains = {spec.name: spec.grain for spec in STAGES}
    stages = [build_asset(spec, grains, partitions, running, __version__) for spec in STAGES]
    return [*stages, build_inbox_asset(__version__)]
