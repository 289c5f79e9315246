"""`trimtab datasets` on a small lake with two datasets of one strategy: what a person reads, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.command_line import trimtab

from trimtab.config import Settings
from trimtab.market import Series
from trimtab.pipeline.datasets import build_training_dataset
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA"]
[features]
sets = ["candlesticks"]
[label]
kind = "triple_barrier"
horizons = [5, 1]
[dataset]
max_staleness = "3d"
[model]
algorithm = "linear"
"""
SERIES = Series.parse("AAA__1d")
RECEIVED = datetime(2023, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Lake:
    """Where it is, and the fingerprints of the datasets before and after a bar was restated."""

    folder: Path
    before: str
    after: str


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("datasets")
    (folder / "mine.toml").write_text(STRATEGY)
    workspace = Workspace.open(Settings(data_dir=folder / "lake", strategies_dir=folder))
    workspace.bars.append(random_walk(300, seed=1), RECEIVED)
    made = []
    for year in (2024, 2025):
        compute_family(workspace, "candlesticks", SERIES.key)
        made.append(build_training_dataset(workspace, "mine").data_version)
        bars = workspace.bars.current(SERIES)
        close = bars.close.copy()
        close[250] *= 1.001
        workspace.bars.append(
            replace(bars, close=close, high=np.maximum(bars.high, close)), RECEIVED.replace(year=year)
        )
    return Lake(folder, *made)


@pytest.fixture(autouse=True)
def here(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(lake.folder / "lake"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(lake.folder))
    return


def test_a_dataset_is_shown_with_its_horizons_its_rules_and_the_bars_left_out(lake: Lake) -> None:
    shown = trimtab("datasets", "show", lake.before[:12])
    assert shown.code == 0
    for text in ("triple_barrier over 5, 1 bars", "Labels by horizon", "Bars that are no samples", "max_staleness"):
        assert text in shown.out
    document = trimtab("datasets", "show", lake.before, "--json").document
    assert [each["horizon"] for each in document["labels"]] == [5, 1]
    assert [(each["instrument"], each["samples"]) for each in document["by_instrument"]] == [
        ("AAA", document["samples"])
    ]
    assert "Samples by instrument" in shown.out
    times = [document["first_decision"], document["last_decision"], document["recipe"]["as_of"]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each) for each in times)
    assert document["samples"] + sum(document["left_out"].values()) == 300


def test_the_list_has_the_samples_of_each(lake: Lake) -> None:
    listed = trimtab("datasets", "list", "--json").document["datasets"]
    assert {each["fingerprint"] for each in listed} == {lake.before, lake.after}
    for each in listed:
        document = trimtab("datasets", "show", each["fingerprint"], "--json").document
        assert (each["samples"], each["as_of"]) == (document["samples"], document["recipe"]["as_of"])


def test_a_dataset_beside_itself_is_identical(lake: Lake) -> None:
    assert trimtab("datasets", "compare", lake.before, lake.before).out.startswith("Identical: ")
    assert trimtab("datasets", "compare", lake.before, lake.before, "--json").document["identical"] is True


def test_a_comparison_says_what_changed(lake: Lake) -> None:
    compared = trimtab("datasets", "compare", lake.before, lake.after, "--json").document
    assert compared["identical"] is False
    (bars,) = compared["bars"]
    assert (bars["series"], bars["n_restated"], bars["n_new"]) == ("AAA__1d", 2, 0)
    assert {change["key"] for change in compared["recipe"]} == {"as_of", "bars.AAA__1d"}
    assert trimtab("datasets", "compare", lake.before, lake.after).out.startswith(compared["summary"][:60])


def test_an_old_dataset_is_rebuilt_though_its_bars_were_restated_twice(lake: Lake) -> None:
    for fingerprint in (lake.before, lake.after):
        assert trimtab("datasets", "rebuild", fingerprint, "--json").document["identical"] is True


def test_a_split_prints_three_parts_in_order_of_time(lake: Lake) -> None:
    parts = trimtab("datasets", "split", lake.before, "--shares", "70/15/15", "--embargo", "2d", "--json").document
    rows = parts["parts"]
    assert [row["part"] for row in rows] == ["train", "validation", "test"]
    assert rows[0]["last_decision"] < rows[1]["first_decision"] < rows[1]["last_decision"] < rows[2]["first_decision"]
    assert rows[0]["purged"] >= 2
    assert "validation" in trimtab("datasets", "split", lake.before).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "ffff"], "no dataset begins with 'ffff'"),
        (["compare", "BEFORE", "ffff"], "no dataset begins with 'ffff'"),
        (["split", "BEFORE", "--shares", "50/50"], "shares are '50/50'; they must be three numbers above 0"),
        (["split", "BEFORE", "--embargo", "soon"], "embargo is 'soon'; a duration is a whole number and a unit"),
        (["split", "BEFORE", "--embargo", "900d"], "part is empty after purging"),
    ],
)
def test_bad_input_is_one_sentence(lake: Lake, arguments: list[str], said: str) -> None:
    answer = trimtab("datasets", *(lake.before if each == "BEFORE" else each for each in arguments))
    assert answer.code != 0
    assert said in answer.err and "Traceback" not in answer.err and answer.err.strip().count("\n") == 0
