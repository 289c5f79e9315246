"""Which feature assets the jobs make, and that Dagster and the library mean the same by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.assets.features import ASSET_OF_SET, feature_assets
from trimtab.config import load_strategies
from trimtab.features.catalogue import FAMILY_MODULES
from trimtab.pipeline.features import STAGES

STRATEGY = """
name = "{name}"
[universe]
instruments = ["AAPL"]
[features]
{features}
[label]
kind = "direction"
"""


def assets(folder: Path, **features: str) -> list[str]:
    for name, text in features.items():
        (folder / f"{name}.toml").write_text(STRATEGY.format(name=name, features=text))
    return feature_assets(load_strategies(folder).values())


def test_every_family_has_its_asset_under_the_name_of_its_stage() -> None:
    assert ASSET_OF_SET == STAGES
    assert tuple(ASSET_OF_SET) == tuple(FAMILY_MODULES)


def test_the_families_of_all_strategies_are_made_and_no_others(tmp_path: Path) -> None:
    assert assets(tmp_path, one='sets = ["peers"]', two='sets = ["candlesticks", "peers"]') == [
        "candlestick_features",
        "peer_features",
    ]


def test_a_feature_named_by_itself_brings_its_family(tmp_path: Path) -> None:
    assert assets(tmp_path, one='sets = ["candlesticks"]\nnames = ["earnings_yield"]') == [
        "candlestick_features",
        "fundamental_features",
    ]


@pytest.mark.parametrize("text", ['sets = ["all"]'])
def test_the_set_of_everything_is_every_family(tmp_path: Path, text: str) -> None:
    assert assets(tmp_path, one=text) == list(STAGES.values())
