"""The graph is what its text says, and every asset carries what a person needs to understand it.

After a deliberate change of the graph write the text anew, and let the difference be reviewed:

    TRIMTAB_WRITE_ASSET_GRAPH=1 python -m pytest tests/dagster_project/test_graph.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from fakes.graph_text import graph_text
from fakes.stages import FakeStages

from dagster_project.assets import STAGES
from dagster_project.definitions import Overrides, build_definitions
from dagster_project.resources import WorkspaceResource
from dagster_project.stage_asset import Running
from trimtab.config import Settings

EXPECTED = Path(__file__).with_name("asset_graph.txt")
ROOT = Path(__file__).resolve().parents[2]
NAMES = [spec.name for spec in STAGES]
HEAVY = ("pandas", "pyarrow", "sklearn", "lightgbm", "xgboost", "optuna", "matplotlib", "sqlalchemy", "scipy", "numba")


def test_the_graph_is_the_one_that_was_reviewed(definitions: dg.Definitions) -> None:
    text = graph_text(definitions)
    if os.environ.get("TRIMTAB_WRITE_ASSET_GRAPH"):
        EXPECTED.write_text(text, encoding="utf-8")
    assert text == EXPECTED.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_asset_says_who_owns_it_what_a_row_is_and_of_which_version(
    definitions: dg.Definitions, name: str
) -> None:
    asset = definitions.get_repository_def().asset_graph.get(dg.AssetKey(name))
    assert asset.description and asset.description.startswith("One ")
    assert asset.owners == ["team:research"]
    assert asset.group_name != "default"
    assert 1 <= len(asset.kinds) <= 3
    assert asset.code_version
    assert asset.partitions_def is not None


class RefusingIOManager(dg.IOManager):
    """Stands where Dagster's pickling one would be, and takes nothing."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        raise AssertionError(f"{context.asset_key} handed a {type(obj).__name__} to the IO manager")

    def load_input(self, context: dg.InputContext) -> None:
        raise AssertionError(f"{context.asset_key} asked the IO manager for an input")


def test_no_asset_hands_anything_to_an_io_manager(settings: Settings, fake: FakeStages) -> None:
    # Dagster pickles what an asset returns unless it returns a MaterializeResult.
    definitions = build_definitions(Overrides(settings=settings, running=Running(fake.stages())))
    resources = {"workspace": WorkspaceResource(settings), "io_manager": RefusingIOManager()}
    for grain, key in (("series", "AAPL__1d"), ("strategy", "us-equity-direction")):
        names = [spec.name for spec in STAGES if spec.grain == grain]
        result = dg.materialize(list(definitions.assets or ()), selection=names, partition_key=key, resources=resources)
        assert result.success
    assert {asset for asset, _ in fake.calls} == set(NAMES)


def test_importing_the_definitions_loads_no_heavy_library(settings: Settings) -> None:
    program = f"import sys, dagster_project.definitions; print([m for m in {HEAVY} if m in sys.modules])"
    environment = os.environ | {"TRIMTAB_STRATEGIES_DIR": str(settings.strategies_dir)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert "Warning" not in done.stderr
