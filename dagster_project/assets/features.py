"""Features: one asset per family, computed for every bar of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.stage_asset import Check, Stage, StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _family(family: str) -> Stage:
    def compute(workspace: Workspace, series_key: str) -> StageResult:
        from trimtab.pipeline.features import compute_family

        return compute_family(workspace, family, series_key)

    return compute


def _features(name: str, family: str, what: str) -> StageSpec:
    return StageSpec(
        name=name,
        group="features",
        grain="series",
        description=f"One row per bar: {what}, each value made of this bar and earlier ones only.",
        kinds=frozenset({"parquet", "numpy"}),
        stage=_family(family),
        reads=("bars",),
        checks=(
            Check("no_leaks", "Changing or cutting the future leaves every past value bit-identical."),
            Check("complete", "After a feature's look-back its values exist.", blocking=False),
            Check("within_bounds", "Every value keeps the bounds its feature declares."),
        ),
    )


STAGES = (
    _features("technical_features", "technical", "trend, momentum, volatility and volume indicators"),
    _features("candlestick_features", "candlesticks", "candlestick patterns and the shape of the bar"),
    _features("market_state_features", "market_state", "volatility regime, liquidity, pressure and drawdown"),
)
