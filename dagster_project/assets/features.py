"""Features: one asset per family, computed for every bar of a series."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dagster_project.stage_asset import Check, Stage, StageSpec

if TYPE_CHECKING:
    from trimtab.config import Strategy
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _family(family: str) -> Stage:
    def compute(workspace: Workspace, series_key: str) -> StageResult:
        from trimtab.pipeline.features import compute_family

        return compute_family(workspace, family, series_key)

    return compute


def _features(
    name: str, family: str, what: str, reads: tuple[str, ...] = ("bars",), of_all: tuple[str, ...] = ()
) -> StageSpec:
    return StageSpec(
        name=name,
        group="features",
        grain="series",
        description=f"One row per bar: {what}, each value made of what was known at this bar.",
        kinds=frozenset({"parquet", "numpy"}),
        stage=_family(family),
        reads=reads,
        reads_of_all=of_all,
        checks=(
            Check("no_leaks", "Changing or cutting the future leaves every past value bit-identical."),
            Check(
                "complete",
                "After a feature's look-back its values exist, but where its facts are absent.",
                blocking=False,
            ),
            Check(
                "fresh",
                "The newest row belongs to the newest bar that is over, by the market's own calendar.",
                blocking=False,
            ),
            Check("within_bounds", "Every value keeps the bounds its feature declares."),
        ),
    )


# Which asset makes a feature set; "all" is all of them.
ASSET_OF_SET = {
    "technical": "technical_features",
    "candlesticks": "candlestick_features",
    "market_state": "market_state_features",
    "peers": "peer_features",
    "alpha158": "alpha158_features",
    "fundamental": "fundamental_features",
    "sentiment": "sentiment_features",
}


def feature_assets(strategies: Iterable[Strategy]) -> list[str]:
    """The assets of the feature sets and single features that some strategies use, in the order of the graph."""
    used: set[str] = set()
    for strategy in strategies:
        used.update(strategy.features.sets)
        if strategy.features.names:
            from trimtab.features.catalogue import catalogue  # imports every kernel: only where it is needed

            used.update(feature.family for name in strategy.features.names if (feature := catalogue().get(name)))
    return [asset for family, asset in ASSET_OF_SET.items() if used & {family, "all"}]


STAGES = (
    _features("technical_features", "technical", "trend, momentum, volatility and volume indicators"),
    _features("candlestick_features", "candlesticks", "candlestick patterns and the shape of the bar"),
    _features("market_state_features", "market_state", "volatility regime, liquidity, pressure and drawdown"),
    _features(
        "peer_features",
        "peers",
        "turbulence, correlation and strength against the instruments beside it",
        (),
        ("bars",),
    ),
    _features("alpha158_features", "alpha158", "Qlib's set of 158 price and volume expressions"),
    _features("fundamental_features", "fundamental", "what filed accounts say of the price", ("bars", "facts")),
    _features("sentiment_features", "sentiment", "the mood of posts, headlines and options", ("bars", "facts")),
)
