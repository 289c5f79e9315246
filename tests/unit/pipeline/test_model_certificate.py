"""The certificate of a strategy's model: what it covers, stores, and is worth to a decision."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.linear_world import NAME, build_linear, open_linear, write_linear

from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.datasets.windows import reach_of
from trimtab.monitoring import model_canaries
from trimtab.monitoring.model_certificates import load_model_certificate
from trimtab.pipeline.model_certificate import MODEL_LEAKS, bars_seen, certified_model_leaks, certify_model
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build_linear(write_linear(folder))
    return folder


@pytest.fixture
def workspace(built: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return open_linear(tmp_path)


def values(workspace: Workspace) -> dict[str, Any]:
    return stage_values(workspace, MODEL_LEAKS, NAME) or {}


def test_an_honest_recipe_is_certified_and_the_certificate_counts_for_it_alone(workspace: Workspace) -> None:
    result = certify_model(workspace, NAME)
    (check,) = result.checks
    assert (check.name, check.passed, check.blocking) == ("model_is_clean", True, False)
    found = values(workspace)
    assert found["n_failed"] == 0
    stored = load_model_certificate(workspace.lake, found["certificate"])
    assert [each["name"] for each in stored["canaries"]] == [
        "label permutation", "planted future", "time shift", "interval audit",
    ]  # fmt: skip
    report = json.loads(result.links["report"].read_text())
    assert report["canaries"] == stored["canaries"] and report["n_failed"] == 0
    assert certified_model_leaks(workspace, NAME, found["recipe"]).n_leaks == 0
    other = certified_model_leaks(workspace, NAME, "f" * 64)
    assert other.n_leaks is None and "run the stage model_certificate again" in other.reason


def test_a_second_run_is_skipped_and_a_lost_certificate_is_made_again(workspace: Workspace) -> None:
    first = certify_model(workspace, NAME)
    assert certify_model(workspace, NAME).skipped
    workspace.lake.artifacts.path(values(workspace)["certificate"]).unlink()
    assert certified_model_leaks(workspace, NAME, values(workspace)["recipe"]).n_leaks is None
    again = certify_model(workspace, NAME)
    assert not again.skipped and again.data_version == first.data_version
    assert certified_model_leaks(workspace, NAME, values(workspace)["recipe"]).n_leaks == 0


def test_without_a_certificate_the_number_is_unknown(workspace: Workspace) -> None:
    verdict = certified_model_leaks(workspace, NAME, "f" * 64)
    assert (verdict.n_leaks, verdict.reason) == (
        None,
        "there is no certificate of the model; run the stage model_certificate",
    )


def test_threads_change_nothing(workspace: Workspace) -> None:
    once = certify_model(workspace, NAME).data_version
    two = open_linear(workspace.settings.strategies_dir, n_threads=2)
    shutil.rmtree(two.lake.root / "manifests" / MODEL_LEAKS, ignore_errors=True)
    again = certify_model(two, NAME)
    assert not again.skipped and again.data_version == once


def test_a_recipe_that_peeks_is_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are taken with features that were scaled by the label of all rows, the test among them."""
    honest_take = Dataset.take

    def leaking_take(whole: Dataset, rows: np.ndarray) -> Dataset:
        told = np.nan_to_num(whole.features) + (whole.target[:, None] - 0.5) * np.nanstd(whole.features, axis=0)
        return honest_take(replace(whole, features=np.asfortranarray(told)), rows)

    monkeypatch.setattr(Dataset, "take", leaking_take)
    result = certify_model(workspace, NAME)
    assert values(workspace)["n_failed"] == 2
    assert values(workspace)["reason"].startswith("label permutation: skill is ")
    assert not result.checks[0].passed
    verdict = certified_model_leaks(workspace, NAME, values(workspace)["recipe"])
    assert verdict.n_leaks == 2 and "time shift" in verdict.reason


@pytest.mark.parametrize(
    ("features", "label", "window", "bars"),
    [
        (["return_5"], Label(kind="direction", horizons=(1, 5)), 1, 10),
        (["return_5"], Label(kind="direction", horizons=(1, 5)), 20, 29),
        (["return_5"], Label(kind="volatility_regime", horizons=(5,), memory=500), 1, 509),
        (["return_5"], Label(kind="triple_barrier", horizons=(10,), volatility_window=300), 1, 310),
    ],
)
def test_labels_move_further_than_a_sample_looks(features: list[str], label: Label, window: int, bars: int) -> None:
    assert bars_seen(features, label, window) == bars


def test_a_feature_that_never_quite_forgets_counts_until_little_is_left() -> None:
    reach = reach_of(["rsi_7"], Label(kind="direction", horizons=(1,)))
    bars = bars_seen(["rsi_7"], Label(kind="direction", horizons=(1,)))
    assert reach.lookback < bars < reach.memory / 2
    assert (1.0 - 1.0 / 7.0) ** (bars - reach.lookback) <= 0.01  # Wilder's average of seven bars


def test_a_young_universe_is_certified_by_the_other_canaries(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_canaries, "LEAST_HISTORY", 100_000)  # as if every instrument were young
    result = certify_model(workspace, NAME)
    assert values(workspace)["n_failed"] == 0
    assert "time shift: not applicable: no instrument" in values(workspace)["reason"]
    assert values(workspace)["reason"].startswith("3 canaries found no way")
    assert result.metrics["not_applicable"] == 1 and result.metrics["passed"] == 3
