"""The certificate of a strategy: what it covers, and what it is worth to a decision."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import texts_between

from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.features.catalogue import catalogue
from trimtab.features.context import Context
from trimtab.features.leaks import canaries as planted_leaks
from trimtab.features.leaks.canaries import CANARIES, Canary
from trimtab.features.surroundings import NOTHING
from trimtab.monitoring.certificates import load_certificate
from trimtab.pipeline import datasets, features
from trimtab.pipeline.leak_certificate import certified_leaks, certify_leaks
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace

LATER = datetime(2023, 1, 2, tzinfo=UTC)
BARS_ONLY = ("return_1", "rsi_14")


def write(
    folder: Path,
    names: tuple[str, ...] = BARS_ONLY,
    instruments: tuple[str, ...] = ("AAA", "BBB"),
    test: float = 0.1,
    horizon: int = 1,
) -> None:
    (folder / "mine.toml").write_text(f"""
name = "mine"
[universe]
instruments = {json.dumps(instruments)}
[features]
names = {json.dumps(names)}
sets = []
[label]
kind = "direction"
horizons = [{horizon}]
[model]
algorithm = "linear"
[tuning]
n_trials = 0
[validation]
n_seeds = 1
test = {test}
[drift]
current = 100
[gates]
min_accuracy = 0.0
min_precision = 0.0
min_recall = 0.0
min_consistency = 0.0
max_drawdown = 1.0
max_baseline_p_value = 1.0
max_overfitting_gap = 1.0
max_drift_share = 1.0
""")


def opened(folder: Path) -> Workspace:
    settings = Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1)
    return Workspace.open(settings, SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC)))


def build(folder: Path, n_bars: int = 500) -> Workspace:
    """Bars, features and dataset; only the families that the strategy reads."""
    workspace = opened(folder)
    for seed, series in enumerate(workspace.series.values()):
        if series not in workspace.bars.series():
            workspace.bars.append(random_walk(n_bars, seed=seed, instrument=series.instrument_id), LATER)
    names = workspace.strategy("mine").features.names
    for family in {catalogue()[name].family for name in names}:
        for key in workspace.series:
            features.compute_family(workspace, family, key)
    datasets.build_training_dataset(workspace, "mine")
    return workspace


def fingerprint(workspace: Workspace) -> str:
    return str((stage_values(workspace, datasets.STAGE, "mine") or {})["data_version"])


def worth(workspace: Workspace) -> tuple[int | None, str]:
    verdict = certified_leaks(workspace, "mine", fingerprint(workspace))
    return verdict.n_leaks, verdict.reason


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with two instruments and their dataset, made once."""
    folder = tmp_path_factory.mktemp("built")
    write(folder)
    build(folder)
    return folder


@pytest.fixture
def workspace(built: Path, tmp_path: Path) -> Workspace:
    """A copy of that lake for one test."""
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return opened(tmp_path)


def test_a_clean_dataset_is_certified_whole(workspace: Workspace) -> None:
    result = certify_leaks(workspace, "mine")
    assert all(check.passed for check in result.checks)
    assert (result.metrics["leaks"], result.metrics["unchecked"]) == (0, 0)
    assert result.metrics["planted_leaks_caught"] == result.metrics["planted_leaks"] == 2 * 6
    certified = {(row["what"], row["where"]): row["checked"] for row in result.tables["certificate"]}
    n_folds = certified.pop(("fold", "mine"))
    assert isinstance(n_folds, int) and n_folds > 1
    assert certified == {
        ("feature", "AAA__1d"): 2, ("label", "AAA__1d"): 1, ("samples", "AAA__1d"): 1,
        ("feature", "BBB__1d"): 2, ("label", "BBB__1d"): 1, ("samples", "BBB__1d"): 1,
        ("order", "mine"): 1,
    }  # fmt: skip
    assert worth(workspace)[0] == 0


def test_the_document_says_what_was_checked_on_what_and_when(workspace: Workspace) -> None:
    certify_leaks(workspace, "mine")
    digest = (stage_values(workspace, "leak_certificate", "mine") or {})["certificate"]
    document = load_certificate(workspace.lake, digest)
    assert document["made"] == "2024-01-02T00:00:00+00:00"
    assert document["dataset"] == fingerprint(workspace)
    assert document["versions"] == {name: catalogue()[name].version for name in BARS_ONLY}
    assert document["made_by"]["trimtab"] and len(document["made_by"]["code"]) == 64
    assert document["content"]["AAA__1d"]["bars"] == workspace.bars.fingerprint(workspace.series["AAA__1d"])
    (check,) = document["series"]["AAA__1d"]
    assert check["n_bars"] == 500 and len(check["cuts"]) >= 3 and len(check["futures"]) == 3
    feature = next(item for item in document["items"] if item["name"] == "rsi_14")
    assert feature["outcome"] == "passed" and feature["values_compared"] > 1000 and feature["canary_caught"]


def _quick(n: int) -> list[str]:
    """Features of bars with a short look-back."""
    return [name for name, each in catalogue().items() if each.family == "technical" and each.lookback < 20][:n]


def test_facts_and_peers_are_part_of_the_world_that_is_certified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, (*_quick(20), "peer_return_1", "mood_news_5"))  # one in twenty may be unknown in a sample
    workspace = opened(tmp_path)
    bars = random_walk(500)
    posts = replace(texts_between(bars.event_time[0], bars.event_time[-1]), instrument_id="AAA")
    workspace.facts.append_texts(posts, LATER)
    workspace = build(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("trimtab.pipeline.leak_items.surroundings_of", lambda *_: NOTHING)
        blind = certify_leaks(workspace, "mine")
    assert "but the dataset has values of it" in str(blind.tables["certificate"])
    assert worth(workspace)[0] is None
    blind.links["certificate"].unlink()
    result = certify_leaks(workspace, "mine")
    assert worth(workspace)[0] == 0, worth(workspace)
    assert {row["leak"] for row in result.tables["planted leaks"]} >= {
        "a text used from its publication",
        "the next bar of a peer",
    }
    absent = {row["where"]: row["absent"] for row in result.tables["certificate"] if row["what"] == "feature"}
    assert absent == {"AAA__1d": 0, "BBB__1d": 1}  # nobody posted about BBB
    workspace.facts.append_texts(replace(posts, instrument_id="BBB"), LATER)
    again = certify_leaks(workspace, "mine")
    assert not again.skipped
    n_leaks, reason = worth(workspace)
    assert n_leaks is None and "unchecked" in reason  # the dataset was made without these posts


def test_the_same_dataset_is_certified_once_and_a_lost_certificate_is_made_again(workspace: Workspace) -> None:
    first = certify_leaks(workspace, "mine")
    assert certify_leaks(workspace, "mine").skipped
    first.links["certificate"].unlink()
    assert worth(workspace)[0] is None and "is not in" in worth(workspace)[1]
    again = certify_leaks(workspace, "mine")
    assert not again.skipped and again.data_version == first.data_version
    first.links["certificate"].write_bytes(b"{}")
    assert worth(workspace)[0] is None and "damaged" in worth(workspace)[1]
    assert not certify_leaks(workspace, "mine").skipped
    assert worth(workspace)[0] == 0


def test_bars_restated_before_and_bars_come_after_the_dataset_do_not_make_its_samples_others(
    workspace: Workspace, tmp_path: Path
) -> None:
    series = workspace.series["AAA__1d"]
    restated = workspace.bars.current(series).take(slice(200, 203))
    restated = replace(restated, close=restated.close * 1.0005)
    workspace.bars.append(restated, LATER + timedelta(days=1))
    rebuilt = build(tmp_path)
    fresh = random_walk(20, seed=9, instrument="AAA", start="2023-02-01")  # a refresh before the certificate
    workspace.bars.append(replace(fresh, factor=np.full(20, 0.5)), LATER + timedelta(days=60))
    certify_leaks(rebuilt, "mine")
    assert worth(rebuilt)[0] == 0, worth(rebuilt)
    before = random_walk(20, seed=9, instrument="AAA", start="2019-12-01")  # and older history, loaded late
    workspace.bars.append(before, LATER + timedelta(days=61))
    certify_leaks(rebuilt, "mine")
    n_leaks, reason = worth(rebuilt)
    assert n_leaks is None and "unchecked: samples (AAA__1d)" in reason


def test_without_a_certificate_the_number_of_leaks_is_unknown(workspace: Workspace) -> None:
    n_leaks, reason = worth(workspace)
    assert n_leaks is None and "there is no leak certificate" in reason


def test_a_certificate_of_another_dataset_never_counts(workspace: Workspace, tmp_path: Path) -> None:
    certify_leaks(workspace, "mine")
    before = fingerprint(workspace)
    write(tmp_path, horizon=2)
    changed = build(tmp_path)
    assert fingerprint(changed) != before
    n_leaks, reason = worth(changed)
    assert n_leaks is None and "is about dataset" in reason
    certify_leaks(changed, "mine")
    assert worth(changed)[0] == 0
    assert certified_leaks(changed, "mine", before).n_leaks is None


def test_a_certificate_with_other_folds_never_counts(workspace: Workspace, tmp_path: Path) -> None:
    certify_leaks(workspace, "mine")
    write(tmp_path, test=0.05)
    changed = opened(tmp_path)
    n_leaks, reason = worth(changed)
    assert n_leaks is None and "validation settings" in reason


def test_a_feature_that_could_not_be_checked_leaves_the_number_of_leaks_unknown(tmp_path: Path) -> None:
    write(tmp_path, (*_quick(25), "sma_distance_200"))
    workspace = build(tmp_path, n_bars=190)
    result = certify_leaks(workspace, "mine")
    assert not result.checks[0].passed
    n_leaks, reason = worth(workspace)
    assert n_leaks is None and "leaves 2 unchecked: sma_distance_200" in reason


def test_a_series_without_samples_has_nothing_to_leak(tmp_path: Path) -> None:
    write(tmp_path)
    opened(tmp_path).bars.append(random_walk(10, instrument="BBB"), LATER)  # too few for a sample
    workspace = build(tmp_path)
    result = certify_leaks(workspace, "mine")
    rows = {(row["what"], row["where"]): row for row in result.tables["certificate"]}
    assert rows["feature", "BBB__1d"]["absent"] == 2 and ("label", "BBB__1d") not in rows
    assert worth(workspace)[0] == 0


def test_a_planted_leak_that_goes_unnoticed_leaves_the_number_of_leaks_unknown(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    unseen = Canary("a leak nobody sees", "bars", lambda world: np.zeros(len(world.bars)))
    monkeypatch.setattr(planted_leaks, "CANARIES", (*CANARIES, unseen))
    result = certify_leaks(workspace, "mine")
    assert not result.checks[0].passed
    n_leaks, reason = worth(workspace)
    assert n_leaks is None and "a leak nobody sees" in reason


def test_samples_that_are_not_what_the_bars_give_are_a_leak(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dataset was made by something else than the features certified now."""
    _patch(monkeypatch, "return_1", lambda c: c.close)
    certify_leaks(workspace, "mine")
    n_leaks, reason = worth(workspace)
    assert n_leaks == 2 and "samples (AAA__1d), samples (BBB__1d)" in reason


def _patch(monkeypatch: pytest.MonkeyPatch, name: str, computation: Callable[[Context], np.ndarray]) -> None:
    """A feature of the catalogue computed in another way, for one test."""
    changed = dict(catalogue())
    changed[name] = replace(changed[name], computation=lambda context, **_: computation(context))
    monkeypatch.setattr("trimtab.features.catalogue._all_features", lambda: changed)
